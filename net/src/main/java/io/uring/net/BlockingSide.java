package io.uring.net;

import java.net.SocketTimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a blocking stream: which thread is inside, and its wait. A virtual thread that
 * waits gives its carrier back.
 */
final class BlockingSide {
    private final AtomicReference<@Nullable Thread> inside = new AtomicReference<>();

    /** Returns false when another thread is inside. */
    boolean enter() {
        return inside.compareAndSet(null, Thread.currentThread());
    }

    void exit() {
        inside.set(null);
    }

    /** Lets the thread inside look again; from any thread, after what it waits for was set. */
    void wake() {
        LockSupport.unpark(inside.get());
    }

    /**
     * Waits until {@code condition} holds, or the thread is interrupted.
     *
     * @param timeoutNanos 0 for as long as it takes
     * @throws SocketTimeoutException when it did not hold in time
     */
    void await(BooleanSupplier condition, long timeoutNanos) throws SocketTimeoutException {
        long start = timeoutNanos == 0 ? 0 : System.nanoTime();
        while (!condition.getAsBoolean() && !Thread.currentThread().isInterrupted()) {
            if (timeoutNanos == 0) {
                LockSupport.park(this);
                continue;
            }
            long left = timeoutNanos - (System.nanoTime() - start);
            if (left <= 0) {
                throw new SocketTimeoutException("nothing came within " + timeoutNanos + " ns");
            }
            LockSupport.parkNanos(this, left);
        }
    }
}
