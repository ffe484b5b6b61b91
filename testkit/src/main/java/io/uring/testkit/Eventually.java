package io.uring.testkit;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Waits, for a bounded time, until something that another thread or process does has happened.
 *
 * <pre>{@code
 * Eventually.isTrue(Duration.ofSeconds(5), "the peer has closed", () -> peer.isClosed());
 * }</pre>
 */
public final class Eventually {
    private static final long SLEEP_MILLIS_MAX = 20;

    private Eventually() {}

    /** Fails, naming {@code expectation}, when the condition is still false after {@code limit}. */
    public static void isTrue(Duration limit, String expectation, BooleanSupplier condition) {
        isTrue(limit, () -> expectation, condition);
    }

    /** As above, for a message that tells the state at the time of the failure. */
    public static void isTrue(
            Duration limit, Supplier<String> expectation, BooleanSupplier condition) {
        long start = System.nanoTime();
        long limitNanos = limit.toNanos();
        long sleepMillis = 1;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start >= limitNanos) {
                throw new AssertionError(
                        "not within " + limit.toMillis() + " ms: " + expectation.get());
            }
            try {
                Thread.sleep(sleepMillis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting for: " + expectation.get(), e);
            }
            sleepMillis = Math.min(sleepMillis * 2, SLEEP_MILLIS_MAX);
        }
    }
}
