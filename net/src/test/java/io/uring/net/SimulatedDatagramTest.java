package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.uring.simulation.Seeds;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Datagram sockets on a kernel that fails on purpose, for thousands of seeds. */
final class SimulatedDatagramTest {
    private static final Seeds SEEDS = Seeds.of("net", "SimulatedDatagramTest");
    private static final int COUNT = 2_000;

    /** Some seed, run twice. */
    private static final long REPEATED = 78;

    private static final Logger LOG = Logger.getLogger("io.uring");
    private static Level before;

    /** What goes wrong on purpose is no news. */
    @BeforeAll
    static void silence() {
        before = LOG.getLevel();
        LOG.setLevel(Level.OFF);
    }

    @AfterAll
    static void speak() {
        LOG.setLevel(before);
    }

    @Test
    void datagramsComeWholeAndOnceAndEverybodyIsToldWhateverTheKernelDoes() {
        SEEDS.run(COUNT, kernel -> new DatagramScenario(kernel).run());
    }

    @Test
    void sameSeedIsTheSameRun() {
        long first = SEEDS.runOne(REPEATED, kernel -> new DatagramScenario(kernel).run());
        long again = SEEDS.runOne(REPEATED, kernel -> new DatagramScenario(kernel).run());
        assertEquals(first, again);
    }
}
