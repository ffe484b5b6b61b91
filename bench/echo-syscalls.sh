#!/bin/sh
# System calls per echoed message of `uring echo`, counted by strace: one ping-pong connection, and 64
# busy ones. Needs strace. Talks to 127.0.0.1 only and ends by itself.
set -eu
cd "$(dirname "$0")/.."
. .mvn/jdk.sh
port=${PORT:-7999}
out=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$out"' EXIT

./uring echo --port "$port" --loops 1 > "$out/ready" &
server=$!
until grep -q READY "$out/ready"; do sleep 0.2; done
loop=$(grep -l uring-loop /proc/"$server"/task/*/comm | head -n 1 | xargs dirname)

for connections in 1 64; do
    "$JAVA_HOME/bin/java" bench/EchoLoad.java "$port" "$connections" 3 > /dev/null # warm-up
    strace -c -p "$(basename "$loop")" -o "$out/calls" 2> /dev/null &
    tracer=$!
    sleep 1
    "$JAVA_HOME/bin/java" bench/EchoLoad.java "$port" "$connections" 5 > "$out/load"
    kill -INT "$tracer"
    wait "$tracer" || true
    messages=$(cut -d ' ' -f 1 "$out/load")
    echo "$connections connection(s), $messages messages"
    awk -v n="$messages" '$4 ~ /^[0-9]+$/ && $NF != "total" {
        printf "    %-16s %8d  %.4f per message\n", $NF, $4, $4 / n }' "$out/calls"
done
