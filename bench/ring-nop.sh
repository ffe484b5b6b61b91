#!/usr/bin/env bash
# NOPs through a ring, in C and in Java, alternating, per kind of ring and batch.
#
#   bench/ring-nop.sh [ROUNDS]     (default 3; about 3 minutes each)
#
# Prints a table of medians in nanoseconds per NOP, and C's time over Java's: 1.00 is as fast as C.
# Needs cc and a JDK 25. Both run on the same processor, one after the other.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rounds="${1:-3}"
# shellcheck source=../.mvn/jdk.sh
. .mvn/jdk.sh
command -v cc >/dev/null || { echo "ring-nop: there is no C compiler (cc), and so nothing to compare with" >&2; exit 1; }

./mvnw -q -pl bench -am -DskipTests package
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT
cc -O2 -o "$out/nop" bench/c/nop.c
jar=bench/target/uring-bench.jar
cpu=$(($(nproc) - 1))

# The IORING_SETUP flags of each type in RingNopBenchmark; CLAMP is 0x10.
types="BEST=0x132D0 PLAIN=0x10 COOP=0x110 DEFER=0x3050 CQE32=0x10810 SQE128=0x10410"

for round in $(seq "$rounds"); do
  for pair in $types; do
    type="${pair%%=*}"
    for batch in 1 32 128; do
      echo "round $round, $type, batch $batch" >&2
      taskset -c "$cpu" "$out/nop" "${pair#*=}" "$batch" 1000 >>"$out/$type-$batch-c"
      taskset -c "$cpu" "$JAVA_HOME/bin/java" -cp "$jar:bench/target/lib/*" org.openjdk.jmh.Main \
        -p type="$type" -p batch="$batch" -rf csv -rff "$out/result" RingNopBenchmark >/dev/null
      awk -F, -v batch="$batch" 'NR == 2 { printf "%.2f\n", $5 / batch }' "$out/result" >>"$out/$type-$batch-java"
    done
  done
done

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int((NR + 2) / 2)]) / 2 }'; }
echo "Linux $(uname -r), $(nproc) processors, $("$JAVA_HOME/bin/java" -version 2>&1 | sed -n 2p), $rounds rounds"
echo
echo "| ring | batch | C ns | Java ns | C / Java |"
echo "|---|---|---|---|---|"
for pair in $types; do
  type="${pair%%=*}"
  for batch in 1 32 128; do
    c="$(median "$out/$type-$batch-c")" java="$(median "$out/$type-$batch-java")"
    awk -v t="$type" -v b="$batch" -v c="$c" -v j="$java" 'BEGIN { printf "| %s | %s | %.1f | %.1f | %.2f |\n", t, b, c, j, c / j }'
  done
done
