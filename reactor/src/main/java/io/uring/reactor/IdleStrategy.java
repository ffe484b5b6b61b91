package io.uring.reactor;

import java.util.concurrent.TimeUnit;

/**
 * What a loop does when it has nothing to do. Idle loops end up asleep in the kernel with each of
 * them, and take no CPU.
 *
 * <pre>{@code
 * ReactorConfig config =
 *         ReactorConfig.defaults()
 *                 .withIdle(IdleStrategy.spinThenSleep(MICROSECONDS.toNanos(50)));
 * }</pre>
 */
public sealed interface IdleStrategy {
    /** Sleeps at once: the default. The first completion, task or timer wakes the loop. */
    record Sleep() implements IdleStrategy {}

    /**
     * Looks for completions without a system call, and sleeps when none came.
     *
     * @param spinNanos how long to look; more than a second only burns a core
     */
    record SpinThenSleep(long spinNanos) implements IdleStrategy {
        private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(1);

        public SpinThenSleep {
            if (spinNanos < 1 || spinNanos > LIMIT_NANOS) {
                throw new IllegalArgumentException(
                        "spinNanos " + spinNanos + ", not from 1 to " + LIMIT_NANOS);
            }
        }
    }

    /**
     * Sleeps until so many completions are there, or so long; from then on the first wakes the
     * loop.
     *
     * @param completions from 2
     * @param minWaitMicros from 1 to a second; adds up to so much to every answer
     */
    record MinWait(int completions, int minWaitMicros) implements IdleStrategy {
        private static final int LIMIT_MICROS = 1_000_000;

        public MinWait {
            if (completions < 2 || minWaitMicros < 1 || minWaitMicros > LIMIT_MICROS) {
                throw new IllegalArgumentException(
                        "completions %d (from 2), minWaitMicros %d (from 1 to %d)"
                                .formatted(completions, minWaitMicros, LIMIT_MICROS));
            }
        }
    }

    static IdleStrategy sleep() {
        return new Sleep();
    }

    /** Answers without the scheduler's delay, for a core while the loop is busy. */
    static IdleStrategy spinThenSleep(long spinNanos) {
        return new SpinThenSleep(spinNanos);
    }

    /** Fewer and larger turns, for a delay. Kernel 6.12; before it, the same as {@link #sleep}. */
    static IdleStrategy minWait(int completions, int minWaitMicros) {
        return new MinWait(completions, minWaitMicros);
    }
}
