package io.uring.bench;

import org.HdrHistogram.Histogram;

/**
 * What a load saw in its window.
 *
 * @param latency of each request in nanoseconds, corrected for coordinated omission
 * @param errors connections that ended when they should not
 */
record LoadResult(long requests, long elapsedNanos, Histogram latency, long errors) {
    private static final double NANOS_PER_MICRO = 1e3;

    /**
     * Corrects a closed loop: while the server stalled, no requests were started, and so their
     * waiting is missing. It is added with the mean distance of a connection's requests, as wrk
     * does. An open loop counts from the intended start and misses nothing.
     */
    static Histogram corrected(Histogram raw, LoadSpec spec, long requests, long elapsedNanos) {
        if (spec.isOpenLoop() || spec.kind() != LoadSpec.Kind.REQUESTS || requests == 0) {
            return raw;
        }
        double batches = (double) requests / ((double) spec.connections() * spec.depth());
        return raw.copyCorrectedForCoordinatedOmission(
                Math.max(1, (long) (elapsedNanos / batches)));
    }

    double perSecond() {
        return elapsedNanos == 0 ? 0 : requests * 1e9 / elapsedNanos;
    }

    double latencyMicros(double percentile) {
        return latency.getValueAtPercentile(percentile) / NANOS_PER_MICRO;
    }
}
