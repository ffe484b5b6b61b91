package io.uring.reactor;

import io.uring.ring.Feature;
import io.uring.ring.Ring;
import io.uring.ring.Wait;
import io.uring.ring.internal.Kernel;
import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The part of a turn in which a loop without work waits, as its {@link IdleStrategy} says. */
final class IdleWait {
    /** A minimum wait needs a timeout, or it ends the wait itself. */
    private static final long LONGEST_NANOS = TimeUnit.HOURS.toNanos(1);

    private final Ring ring;
    private final Kernel kernel;
    private final Wakeup wakeup;
    private final LoopCounters counters;
    private final long spinNanos;

    /** The completions and the wait for them, or 1 and null for the first and no limit. */
    private final int completions;

    private final @Nullable Wait wait;

    IdleWait(
            Ring ring, Kernel kernel, Wakeup wakeup, IdleStrategy strategy, LoopCounters counters) {
        this.ring = ring;
        this.kernel = kernel;
        this.wakeup = wakeup;
        this.counters = counters;
        spinNanos = strategy instanceof IdleStrategy.SpinThenSleep spin ? spin.spinNanos() : 0;
        boolean able =
                ring.capabilities().has(Feature.MIN_TIMEOUT)
                        && ring.capabilities().has(Feature.EXT_ARG);
        if (able && strategy instanceof IdleStrategy.MinWait batch) {
            completions = batch.completions();
            wait = new Wait(Arena.ofAuto()).minWaitMicros(batch.minWaitMicros());
        } else {
            completions = 1;
            wait = null;
        }
    }

    /** Submits and waits; returns what {@link Ring#submitAndWait} says. */
    int await(long timeoutNanos) {
        long left = timeoutNanos;
        if (spinNanos > 0) {
            long longest = Math.min(spinNanos, timeoutNanos);
            int taken = ring.pendingSqes() > 0 ? counters.entered(ring.submit()) : 0;
            if (taken < 0 || spin(longest)) {
                return taken;
            }
            left = timeoutNanos == Ring.FOREVER ? timeoutNanos : timeoutNanos - longest;
        }
        if (left == 0 || !wakeup.fallAsleep()) {
            return counters.entered(ring.submitAndWait(0, 0));
        }
        return counters.entered(
                wait == null
                        ? ring.submitAndWait(1, left)
                        : ring.submitAndWait(
                                completions, wait.timeoutNanos(Math.min(left, LONGEST_NANOS))));
    }

    /** Whether something came while it looked. */
    private boolean spin(long nanos) {
        long start = kernel.nanoTime();
        do {
            if (ring.readyCqes() == 0 && ring.needsEnter()) {
                // The kernel has completions that only a call brings.
                counters.entered(ring.submitAndWait(0, 0));
            }
            if (ring.readyCqes() > 0 || wakeup.isNotified()) {
                return true;
            }
            Thread.onSpinWait();
        } while (kernel.nanoTime() - start < nanos);
        return false;
    }
}
