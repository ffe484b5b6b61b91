#!/bin/sh
# Bytes of heap and native memory for each connection of an echo server: connection-memory.sh COUNT....
# Needs ./mvnw -DskipTests package. Talks to 127.0.0.1 only and ends by itself.
set -eu
cd "$(dirname "$0")/.."
. .mvn/jdk.sh
classes=ring/target/classes:reactor/target/classes:net/target/classes
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$JAVA_HOME/bin/javac" -cp "$classes" -d "$out" bench/ConnectionMemory.java
echo "connections  state  heap bytes each  native bytes each"
for count in "$@"; do
    # The heap is resident from the start, so that what is added is native; one thread collects it.
    "$JAVA_HOME/bin/java" -Xms512m -Xmx512m -XX:+AlwaysPreTouch -XX:+UseSerialGC \
        --enable-native-access=ALL-UNNAMED -cp "$out:$classes" ConnectionMemory "$count"
done
