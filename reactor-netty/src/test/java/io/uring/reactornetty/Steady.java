package io.uring.reactornetty;

import java.util.concurrent.atomic.AtomicLong;

/** Whether a number has not changed for a while. */
final class Steady {
    private static final long NANOS = 500_000_000;

    private final AtomicLong number;
    private long last;
    private long since = System.nanoTime();

    Steady(AtomicLong number) {
        this.number = number;
    }

    boolean holds() {
        long now = number.get();
        if (now == 0 || now != last) {
            last = now;
            since = System.nanoTime();
        }
        return System.nanoTime() - since > NANOS;
    }
}
