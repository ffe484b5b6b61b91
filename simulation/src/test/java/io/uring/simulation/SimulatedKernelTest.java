package io.uring.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.ControlOps;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.Opcode;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import io.uring.ring.internal.CurrentKernel;
import io.uring.ring.internal.LinuxKernel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A ring's code, unchanged, over the simulated kernel. */
final class SimulatedKernelTest {
    private static Ring open() {
        Ring ring = Ring.open(RingConfig.ofEntries(8, 16));
        ring.enable();
        return ring;
    }

    private static List<Long> drain(Ring ring) {
        List<Long> completed = new ArrayList<>();
        ring.drain((userData, result, flags) -> completed.add(userData));
        return completed;
    }

    @Test
    void nopCompletes() {
        try (SimulatedKernel _ = SimulatedKernel.install(1, FaultPlan.none());
                Ring ring = open()) {
            ControlOps.nop(ring.sqe()).userData(42);
            assertEquals(1, ring.submitAndWait(1, Ring.FOREVER));
            assertEquals(List.of(42L), drain(ring));
        }
    }

    @Test
    void countersOfTheQueuesWrap() {
        try (SimulatedKernel _ = SimulatedKernel.install(1, FaultPlan.none());
                Ring ring = open()) {
            for (long i = 1; i <= 200; i++) {
                ControlOps.nop(ring.sqe()).userData(i);
                ring.submitAndWait(1, Ring.FOREVER);
                assertEquals(List.of(i), drain(ring));
            }
        }
    }

    @Test
    void hoursPassInNoTime() {
        try (SimulatedKernel kernel = SimulatedKernel.install(1, FaultPlan.none());
                Ring ring = open()) {
            long hours = TimeUnit.HOURS.toNanos(5);
            long before = kernel.nanoTime();
            assertEquals(-Errno.ETIME, ring.submitAndWait(1, hours));
            assertTrue(kernel.nanoTime() - before >= hours);
        }
    }

    @Test
    void waitThatNothingWillEndIsAnError() {
        try (SimulatedKernel _ = SimulatedKernel.install(1, FaultPlan.none());
                Ring ring = open()) {
            assertThrows(AssertionError.class, () -> ring.submitAndWait(1, Ring.FOREVER));
        }
    }

    @Test
    void fullCompletionQueueOverflowsAndLosesNothing() {
        FaultPlan small = FaultPlan.none().withMaxEntries(8);
        try (SimulatedKernel _ = SimulatedKernel.install(1, small);
                Ring ring = open()) {
            assertEquals(8, ring.cqEntries());
            for (long i = 1; i <= 20; i++) {
                ControlOps.nop(ring.sqe()).userData(i);
                ring.submit();
            }
            List<Long> completed = new ArrayList<>();
            while (completed.size() < 20) {
                ring.submitAndWait(1, Ring.FOREVER);
                completed.addAll(drain(ring));
            }
            assertTrue(ring.overflows() > 0);
        }
    }

    @Test
    void olderReleaseHasLess() {
        try (SimulatedKernel _ = SimulatedKernel.install(1, FaultPlan.none().onRelease(511));
                Ring ring = open()) {
            assertTrue(ring.capabilities().has(Feature.EXT_ARG));
            assertFalse(ring.capabilities().has(Feature.DEFER_TASKRUN));
            assertFalse(ring.capabilities().has(Feature.PBUF_RING));
            assertTrue(ring.capabilities().supports(Opcode.SHUTDOWN));
            assertFalse(ring.capabilities().supports(Opcode.MSG_RING));
        }
    }

    @Test
    void newestReleaseHasWhatTheLayersUse() {
        try (SimulatedKernel _ = SimulatedKernel.install(1, FaultPlan.none());
                Ring ring = open()) {
            for (Feature feature : Feature.values()) {
                assertTrue(
                        ring.capabilities().has(feature) || isAlternative(feature), feature.name());
            }
        }
    }

    /** Not asked for where there is better. */
    private static boolean isAlternative(Feature feature) {
        return feature == Feature.COOP_TASKRUN;
    }

    @Test
    void sameSeedGivesTheSameTraceAndOthersAnother() {
        assertEquals(hash(5), hash(5));
        assertNotEquals(hash(5), hash(6));
    }

    private static long hash(long seed) {
        FaultPlan plan = FaultPlan.none().with(Fault.LATE_COMPLETION, 500);
        try (SimulatedKernel kernel = SimulatedKernel.install(seed, plan);
                Ring ring = open()) {
            for (int i = 0; i < 50; i++) {
                ControlOps.nop(ring.sqe()).userData(i + 1);
                ring.submitAndWait(1, Ring.FOREVER);
                drain(ring);
            }
            return kernel.traceHash();
        }
    }

    @Test
    void linuxIsBackAfterwards() {
        try (SimulatedKernel kernel = SimulatedKernel.install(1, FaultPlan.none())) {
            assertEquals(kernel, CurrentKernel.get());
        }
        assertEquals(LinuxKernel.instance(), CurrentKernel.get());
    }
}
