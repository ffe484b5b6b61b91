package io.uring.simulation;

import java.util.SplittableRandom;

/** The one source of chance; what it decides is in the trace. */
final class Dice {
    private final SplittableRandom random;
    private final FaultPlan plan;
    private final Trace trace;

    Dice(SplittableRandom random, FaultPlan plan, Trace trace) {
        this.random = random;
        this.plan = plan;
        this.trace = trace;
    }

    boolean strikes(Fault fault) {
        int rate = plan.perMille(fault);
        boolean struck = rate > 0 && random.nextInt(1000) < rate;
        if (struck) {
            trace.add("fault", fault.ordinal(), 0, 0, fault);
        }
        return struck;
    }

    /** From 1 to {@code most}. */
    int upTo(int most) {
        return most <= 1 ? most : random.nextInt(1, most + 1);
    }

    /** From 0 to {@code bound} - 1. */
    int below(int bound) {
        return bound <= 1 ? 0 : random.nextInt(bound);
    }

    long delayNanos() {
        return random.nextLong(1, Math.max(plan.latencyNanos(), 1) + 1);
    }

    boolean flip() {
        return random.nextBoolean();
    }

    byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }
}
