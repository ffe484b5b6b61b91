package io.uring.bench;

/**
 * A load.
 *
 * @param kind what each connection does
 * @param connections how many at a time
 * @param messageBytes the size of an echoed message; HTTP requests have their own
 * @param depth requests in flight per connection
 * @param ratePerSecond for an open loop: requests start by the clock, whether the server keeps up
 *     or not; 0 for a closed loop, where the next requests wait for the answers
 */
record LoadSpec(
        Mode mode, Kind kind, int connections, int messageBytes, int depth, double ratePerSecond) {

    enum Kind {
        /** Sends requests all the time. */
        REQUESTS,
        /** Connects, sends one request, closes when the answer is there, and starts again. */
        CHURN,
        /** Sends one request and then nothing. */
        IDLE
    }

    /** The memory for a batch of requests; also what a mistyped size may take. */
    private static final long BATCH_BYTES_MAX = 64L * 1024 * 1024;

    LoadSpec {
        if (connections < 1 || depth < 1 || messageBytes < 1 || !(ratePerSecond >= 0)) {
            throw new IllegalArgumentException(
                    "connections %d, depth %d, message bytes %d, rate %f"
                            .formatted(connections, depth, messageBytes, ratePerSecond));
        }
        if ((long) depth * messageBytes > BATCH_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "depth %d times %d bytes is more than %d bytes"
                            .formatted(depth, messageBytes, BATCH_BYTES_MAX));
        }
    }

    boolean isOpenLoop() {
        return ratePerSecond > 0;
    }

    /** When the open loop starts request number {@code index} of a connection, in nanoseconds. */
    long intendedNanos(int connection, long index) {
        return (long) ((index * connections + connection) * (1e9 / ratePerSecond));
    }

    /** How many requests of a connection the open loop has started after so long. */
    long dueAt(int connection, long elapsedNanos) {
        double started = elapsedNanos * ratePerSecond / 1e9 - connection;
        return started < 0 ? 0 : (long) (started / connections) + 1;
    }
}
