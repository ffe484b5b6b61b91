package io.uring.bench;

/**
 * One measurement.
 *
 * @param cpuMicros user and system time of the server per request; for idle connections in all
 * @param foreignShare of the processors' time that went to others
 * @param residentBytes what the connections added to the server's memory
 */
record Round(
        double cpuMicros,
        double perSecond,
        double p50Micros,
        double p99Micros,
        double p999Micros,
        double foreignShare,
        double residentBytes,
        long errors) {

    /** Processor time used by others beyond this makes a round unreliable. */
    static final double NOISE_SHARE = 0.05;

    boolean isNoisy() {
        return foreignShare > NOISE_SHARE;
    }
}
