package io.uring.net;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where one thread at a time parks until a condition holds. A virtual thread that parks here leaves
 * its carrier; whoever makes the condition true wakes it, and pays nothing when nobody waits.
 */
final class Waiter {
    /** No deadline. */
    static final long FOREVER = 0;

    private volatile @Nullable Thread thread;

    /** After the condition has become true; from any thread. */
    void wake() {
        Thread waiting =
                thread; // volatile, as is what the condition reads: one of us sees the other
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }

    /**
     * Waits.
     *
     * @param timeoutNanos how long at most, or {@link #FOREVER}
     * @return whether the condition holds
     * @throws InterruptedException when the wait was interrupted, not when it needed none
     */
    boolean await(BooleanSupplier condition, long timeoutNanos) throws InterruptedException {
        if (condition.getAsBoolean()) {
            return true;
        }
        long start = System.nanoTime();
        thread = Thread.currentThread();
        try {
            while (!condition.getAsBoolean()) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                if (timeoutNanos == FOREVER) {
                    LockSupport.park(this);
                    continue;
                }
                long left = timeoutNanos - (System.nanoTime() - start);
                if (left <= 0) {
                    return false;
                }
                LockSupport.parkNanos(this, left);
            }
            return true;
        } finally {
            thread = null;
        }
    }
}
