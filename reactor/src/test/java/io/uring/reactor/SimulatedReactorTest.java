package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.uring.simulation.Seeds;
import org.junit.jupiter.api.Test;

/** A reactor on a kernel that fails on purpose, for thousands of seeds. */
final class SimulatedReactorTest {
    private static final Seeds SEEDS = Seeds.of("reactor", "SimulatedReactorTest");
    private static final int COUNT = 3_000;

    /** Some seed, run twice. */
    private static final long REPEATED = 77;

    @Test
    void everyOperationEndsOnceWhateverTheKernelDoes() {
        SEEDS.run(COUNT, kernel -> new ReactorScenario(kernel).run());
    }

    @Test
    void sameSeedIsTheSameRun() {
        long first = SEEDS.runOne(REPEATED, kernel -> new ReactorScenario(kernel).run());
        long again = SEEDS.runOne(REPEATED, kernel -> new ReactorScenario(kernel).run());
        assertEquals(first, again);
    }
}
