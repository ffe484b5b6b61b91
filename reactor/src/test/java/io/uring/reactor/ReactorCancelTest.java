package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.Turns.Probe;
import io.uring.ring.Errno;
import io.uring.ring.EventFd;
import io.uring.testkit.Behaviour;
import io.uring.testkit.NothingLeft;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cancelling, and closing with operations under way. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class ReactorCancelTest {
    private static final ReactorConfig SMALL =
            new ReactorConfig(
                    1,
                    16,
                    BufferConfig.fixed(1, 64),
                    BufferConfig.fixed(1, 64),
                    1_000_000_000,
                    IdleStrategy.sleep());
    private static final List<Integer> CANCELED = List.of(-Errno.ECANCELED);

    @Test
    @Behaviour("CAN-01")
    void pendingOperationCompletesOnceWithEcanceled() {
        try (Turns turns = new Turns();
                EventFd event = EventFd.open(turns.reactor.ring())) {
            Probe probe = Turns.read(event);
            turns.reactor.submit(probe);
            turns.reactor.poll(0);
            turns.reactor.cancel(probe);
            turns.reactor.cancel(probe);
            turns.until(probe::isDone);
            turns.during(5_000_000);
            assertEquals(CANCELED, probe.results);
            assertEquals(0, turns.reactor.pendingOperations());
        }
    }

    @Test
    void queuedOperationCompletesOnceHoweverOftenItIsCancelled() {
        try (Turns turns = new Turns("", SMALL);
                EventFd event = EventFd.open(turns.reactor.ring())) {
            List<Probe> probes = new ArrayList<>();
            for (int i = 0; i < 17; i++) {
                Probe probe = Turns.read(event);
                probes.add(probe);
                turns.reactor.submit(probe);
            }
            Probe queued = probes.getLast();
            turns.reactor.cancel(queued);
            assertTrue(queued.isPending(), "until it has completed");
            assertTrue(queued.results.isEmpty(), "not inside the call");
            turns.reactor.cancel(queued);
            turns.until(queued::isDone);
            turns.during(5_000_000);
            assertEquals(CANCELED, queued.results);
        }
    }

    @Test
    void cancellingWhatIsOverDoesNothing() {
        try (Turns turns = new Turns()) {
            Probe probe = Turns.nop();
            turns.reactor.cancel(probe);
            turns.reactor.submit(probe);
            turns.until(probe::isDone);
            turns.reactor.cancel(probe);
            assertEquals(0, turns.reactor.pendingOperations());
            assertEquals(List.of(0), probe.results);
        }
    }

    @Test
    @Behaviour("CAN-09")
    void cancelOfTheLastOperationNeverHitsItsSuccessor() {
        try (Turns turns = new Turns();
                EventFd event = EventFd.open(turns.reactor.ring())) {
            Probe probe = Turns.read(event);
            int[] signalled = new int[1];
            for (int i = 0; i < 1000; i++) {
                int done = probe.results.size();
                turns.reactor.submit(probe);
                turns.reactor.poll(0);
                if (i % 2 == 0) {
                    event.signal();
                    signalled[0]++;
                }
                turns.reactor.cancel(probe);
                turns.until(() -> probe.results.size() > done);
                assertEquals(done + 1, probe.results.size());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "cancel_fd", "send_msg_ring", "cancel_fd,send_msg_ring"})
    void closeCancelsTheOneOperationThatIsPending(String mask) {
        Turns turns = new Turns(mask, ReactorConfig.defaults());
        EventFd event = EventFd.open(turns.reactor.ring());
        Probe probe = Turns.read(event);
        turns.reactor.submit(probe);
        turns.reactor.poll(0);
        long start = System.nanoTime();
        turns.close();
        long millis = (System.nanoTime() - start) / 1_000_000;
        assertTrue(millis < 1000, () -> "closing took " + millis + " ms");
        assertEquals(CANCELED, probe.results);
        event.close();
    }

    @Test
    void closeCancelsWhatStillWaits() {
        Turns turns = new Turns("", SMALL);
        EventFd event = EventFd.open(turns.reactor.ring());
        List<Probe> probes = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            Probe probe = Turns.read(event);
            probes.add(probe);
            turns.reactor.submit(probe);
        }
        turns.close();
        probes.forEach(probe -> assertEquals(CANCELED, probe.results));
        event.close();
    }

    @Test
    void closeShutsResourcesDownOnceAndWaitsForThem() {
        Turns turns = new Turns();
        Reactor reactor = turns.reactor;
        List<String> told = new ArrayList<>();
        Timer late = new Timer(() -> {});
        Resource[] resource = new Resource[1];
        Timer detach =
                new Timer(() -> {
                    told.add("detached");
                    reactor.detach(resource[0]);
                });
        resource[0] =
                () -> {
                    told.add("shut down");
                    reactor.schedule(detach, 50_000_000);
                };
        reactor.attach(resource[0]);
        reactor.schedule(late, Long.MAX_VALUE);
        turns.close();
        assertEquals(List.of("shut down", "detached"), told);
    }

    @Test
    void resourceThatComesWhileClosingIsShutDownToo() {
        Turns turns = new Turns();
        Reactor reactor = turns.reactor;
        List<String> told = new ArrayList<>();
        Resource late =
                new Resource() {
                    @Override
                    public void shutdown() {
                        told.add("late");
                        reactor.detach(this);
                    }
                };
        reactor.attach(
                new Resource() {
                    @Override
                    public void shutdown() {
                        reactor.attach(late);
                        reactor.detach(this);
                    }
                });
        turns.close();
        assertEquals(List.of("late"), told);
    }

    @Test
    void closeDoesNotWaitForeverForAResource() {
        ReactorConfig config = ReactorConfig.defaults().withDrainNanos(100_000_000);
        Turns turns = new Turns("", config);
        turns.reactor.attach(() -> {}); // never detaches
        long start = System.nanoTime();
        turns.close();
        assertTrue(System.nanoTime() - start < 2_000_000_000L);
    }

    @Test
    void closingTwiceAndClosingWithoutAStartIsHarmless() {
        Turns turns = new Turns();
        turns.close();
        turns.close();
        new Reactor(ReactorConfig.defaults()).close();
    }
}
