package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.reactor.Turns.Probe;
import io.uring.ring.Errno;
import io.uring.ring.EventFd;
import io.uring.ring.Feature;
import io.uring.ring.Ring;
import io.uring.testkit.NothingLeft;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ring of a loop, small and large. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class RingSizeTest {
    private static final int MANY = 5_000;

    private static void assumeResizing(Turns turns) {
        assumeTrue(
                turns.reactor.ring().capabilities().has(Feature.RESIZE_RINGS),
                "this kernel cannot resize rings: 6.13");
    }

    @Test
    void loopWithFewOperationsKeepsASmallRing() {
        try (Turns turns = new Turns("", ReactorConfig.defaults().withConnections(50_000))) {
            assumeResizing(turns);
            for (int i = 0; i < 10; i++) {
                List<Probe> probes = submitNops(turns, 100);
                turns.until(() -> probes.stream().allMatch(Probe::isDone));
            }
            assertEquals(128, turns.reactor.ring().sqEntries());
            assertEquals(512, turns.reactor.ring().cqEntries());
        }
    }

    @Test
    void ringGrowsWithOperationsInFlightAndDoesNotOverflow() {
        try (Turns turns = new Turns()) {
            assumeResizing(turns);
            Ring ring = turns.reactor.ring();
            EventFd event = EventFd.open(ring);
            List<Probe> probes = new ArrayList<>();
            for (int i = 0; i < MANY; i++) {
                Probe probe = Turns.read(event);
                probes.add(probe);
                turns.reactor.submit(probe);
                if (i % 100 == 0) {
                    turns.reactor.poll(0);
                }
            }
            turns.reactor.poll(0);
            assertTrue(ring.cqEntries() >= MANY, () -> ring.cqEntries() + " entries");
            probes.forEach(turns.reactor::cancel);
            turns.until(() -> probes.stream().allMatch(Probe::isDone));
            probes.forEach(p -> assertEquals(List.of(-Errno.ECANCELED), p.results));
            assertEquals(0, ring.overflows());
            event.close();
        }
    }

    @Test
    void submissionQueueGrowsWhenATurnPreparesMoreThanItHolds() {
        try (Turns turns = new Turns()) {
            assumeResizing(turns);
            for (int i = 0; i < 10; i++) {
                List<Probe> probes = submitNops(turns, 20_000);
                turns.until(() -> probes.stream().allMatch(Probe::isDone));
            }
            assertEquals(4096, turns.reactor.ring().sqEntries(), "and no more");
        }
    }

    @Test
    void completionQueueGrowsNoLargerThanTheLimitOfOperations() {
        ReactorConfig config =
                new ReactorConfig(
                        1,
                        1000,
                        BufferConfig.fixed(1, 64),
                        BufferConfig.fixed(1, 64),
                        1_000_000_000,
                        IdleStrategy.sleep());
        try (Turns turns = new Turns("", config)) {
            assumeResizing(turns);
            EventFd event = EventFd.open(turns.reactor.ring());
            List<Probe> probes = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
                Probe probe = Turns.read(event);
                probes.add(probe);
                turns.reactor.submit(probe);
            }
            turns.reactor.poll(0);
            turns.reactor.poll(0);
            assertEquals(1024, turns.reactor.ring().cqEntries());
            probes.forEach(turns.reactor::cancel);
            turns.until(() -> probes.stream().allMatch(Probe::isDone));
            event.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"resize_rings", "nodrop", "defer_taskrun", "no_sqarray"})
    void ringThatCannotGrowStartsLarge(String mask) {
        try (Turns turns = new Turns(mask, ReactorConfig.defaults().withConnections(10_000))) {
            assertEquals(4096, turns.reactor.ring().sqEntries());
            assertEquals(16384, turns.reactor.ring().cqEntries());
            List<Probe> probes = submitNops(turns, 10_000);
            turns.until(() -> probes.stream().allMatch(Probe::isDone));
            assertEquals(4096, turns.reactor.ring().sqEntries());
        }
    }

    private static List<Probe> submitNops(Turns turns, int count) {
        List<Probe> probes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Probe probe = Turns.nop();
            probes.add(probe);
            turns.reactor.submit(probe);
        }
        return probes;
    }
}
