package io.uring.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.uring.ring.ControlOps;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A ring's code over the simulated kernel. */
final class SimulatedRingTest {
    @Test
    void nopCompletes() {
        List<Long> completed = new ArrayList<>();
        try (SimulatedKernel _ = SimulatedKernel.install(1, FaultPlan.none());
                Ring ring = Ring.open(RingConfig.ofEntries(8, 16))) {
            ring.enable();
            ControlOps.nop(ring.sqe()).userData(42);
            assertEquals(1, ring.submitAndWait(1, Ring.FOREVER));
            ring.drain((userData, result, flags) -> completed.add(userData));
        }
        assertEquals(List.of(42L), completed);
    }
}
