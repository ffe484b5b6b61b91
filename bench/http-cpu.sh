#!/bin/sh
# CPU time per HTTP request of `uring serve` on io_uring and on Jetty's own NIO connector, with wrk.
# Both servers run all the time; the load alternates between them, so that both see the same machine.
# Server on processor 0, wrk on processor 1. Needs wrk. Talks to 127.0.0.1 only and ends by itself.
#
#   bench/http-cpu.sh [ROUNDS [SECONDS [PATH]]]     CONNECTIONS=64 LOOPS=1 URING_JAVA_OPTS=...
set -eu
cd "$(dirname "$0")/.."
rounds=${1:-5}
seconds=${2:-8}
path=${3:-/plaintext}
connections=${CONNECTIONS:-64}
loops=${LOOPS:-1}
out=$(mktemp -d)
trap 'kill $servers 2>/dev/null || true; rm -rf "$out"' EXIT
servers=

./uring --version > "$out/version" # builds, before anything is measured
for transport in uring nio; do
    taskset -c 0 ./uring serve . --port 0 --transport "$transport" --loops "$loops" > "$out/$transport" &
    servers="$servers $!"
    eval "$transport=$!"
done
for transport in uring nio; do
    until grep -q READY "$out/$transport"; do sleep 0.2; done
done

echo "kernel $(uname -r), $connections connections, $loops loop(s) or selector(s), $path"
round=0
while [ "$round" -le "$rounds" ]; do
    for transport in uring nio; do
        eval "server=\$$transport"
        url=$(sed -n 's|.*\(http://[^ ]*\)/ .*|\1|p' "$out/$transport")$path
        before=$(awk '{ print $14 + $15 }' "/proc/$server/stat")
        taskset -c 1 wrk -t1 "-c$connections" "-d$seconds" "$url" > "$out/load"
        after=$(awk '{ print $14 + $15 }' "/proc/$server/stat")
        awk -v t="$transport" -v r="$round" -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" '
            /requests in/ { n = $1 } /Requests\/sec/ { rate = $2 } /Non-2xx/ { bad = $NF }
            END { printf "%s %s %.3f %.0f %d\n", r, t, ticks * 1e6 / hz / n, rate, bad }' "$out/load" |
            tee -a "$out/rows" |
            awk '{ printf "%s %-6s %7.2f us CPU per request %9d requests/s %d errors\n",
                ($1 == 0 ? "warm-up" : "round " $1), $2, $3, $4, $5 }'
    done
    round=$((round + 1))
done
for transport in uring nio; do
    awk -v t="$transport" '$1 > 0 && $2 == t { print $3 }' "$out/rows" | sort -n |
        awk -v t="$transport" '{ v[NR] = $1 } END { print t, v[int((NR + 1) / 2)] }'
done | awk '{ m[$1] = $2; printf "median %-6s %.2f us\n", $1, $2 } END { printf "ratio uring/nio %.3f\n", m["uring"] / m["nio"] }'
