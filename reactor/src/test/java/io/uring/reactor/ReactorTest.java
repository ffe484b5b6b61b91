package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.Turns.Probe;
import io.uring.ring.ControlOps;
import io.uring.ring.Errno;
import io.uring.ring.EventFd;
import io.uring.ring.OperationLimitException;
import io.uring.testkit.Behaviour;
import io.uring.testkit.NothingLeft;
import io.uring.testkit.ProcessCpu;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Operations in, callbacks out. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class ReactorTest {
    private static final long FOREVER = io.uring.ring.Ring.FOREVER;

    @Test
    void oneTurnSubmitsWaitsAndCompletes() {
        try (Turns turns = new Turns()) {
            List<Probe> probes = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                Probe probe = Turns.nop();
                probes.add(probe);
                turns.reactor.submit(probe);
            }
            assertEquals(100, turns.reactor.poll(FOREVER));
            probes.forEach(probe -> assertEquals(List.of(0), probe.results));
        }
    }

    @Test
    @Behaviour("SUB-03")
    void moreOperationsThanTheQueueHoldsCompleteInOrder() {
        try (Turns turns = new Turns("", ReactorConfig.defaults().withConnections(1))) {
            int count = turns.reactor.ring().sqEntries() * 20 + 7;
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int number = i;
                Probe probe = Turns.nop();
                probe.then = () -> order.add(number);
                turns.reactor.submit(probe);
            }
            turns.until(() -> order.size() == count);
            for (int i = 0; i < count; i++) {
                assertEquals(i, order.get(i));
            }
        }
    }

    @Test
    void submittingAPendingOperationThrows() {
        try (Turns turns = new Turns()) {
            Probe probe = Turns.nop();
            turns.reactor.submit(probe);
            assertThrows(IllegalStateException.class, () -> turns.reactor.submit(probe));
            turns.until(probe::isDone);
            assertEquals(1, probe.results.size());
        }
    }

    @Test
    void operationMaySubmitItselfWhenItCompletes() {
        try (Turns turns = new Turns()) {
            Probe probe = Turns.nop();
            probe.then =
                    () -> {
                        if (probe.results.size() < 10) {
                            turns.reactor.submit(probe);
                        }
                    };
            turns.reactor.submit(probe);
            turns.until(() -> probe.results.size() == 10);
        }
    }

    @Test
    @Behaviour("ERR-07")
    void completionOfAnOperationThatIsOverIsDroppedAndCounted() {
        try (Turns turns = new Turns()) {
            Probe first = Turns.nop();
            turns.reactor.submit(first);
            long stale = first.userData;
            turns.until(first::isDone);
            Probe next = Turns.nop();
            turns.reactor.submit(next);
            assertEquals((int) stale, (int) next.userData, "the same slot");
            ControlOps.nop(turns.reactor.ring().nextSqe()).userData(stale);
            turns.until(next::isDone);
            turns.reactor.poll(0);
            assertEquals(1, first.results.size());
            assertEquals(1, next.results.size());
            assertEquals(1, turns.reactor.counters().snapshot().staleCompletions());
        }
    }

    @Test
    void callbacksThatThrowDoNotStopTheLoop() {
        try (Turns turns = new Turns()) {
            Probe first = Turns.nop();
            first.then =
                    () -> {
                        throw new IllegalStateException("on purpose");
                    };
            Probe second = Turns.nop();
            turns.reactor.submit(first);
            turns.reactor.submit(second);
            turns.reactor.execute(() -> {
                throw new AssertionError("on purpose");
            });
            turns.reactor.schedule(
                    new Timer(() -> {
                        throw new StackOverflowError("on purpose");
                    }),
                    0);
            turns.reactor.beforeSubmit(() -> {
                throw new IllegalStateException("on purpose");
            });
            turns.until(() -> first.isDone() && second.isDone());
            turns.during(2_000_000);
            assertEquals(1, second.results.size());
        }
    }

    @Test
    void preparationThatThrowsLeavesNothingBehind() {
        try (Turns turns = new Turns()) {
            Probe broken =
                    new Probe(sqe -> {
                        throw new IllegalArgumentException("on purpose");
                    });
            assertThrows(IllegalArgumentException.class, () -> turns.reactor.submit(broken));
            assertFalse(broken.isPending());
            Probe healthy = Turns.nop();
            turns.reactor.submit(healthy);
            turns.until(healthy::isDone);
            assertEquals(0, turns.reactor.pendingOperations());
        }
    }

    @Test
    void methodsOfTheLoopRefuseOtherThreads() {
        try (Turns turns = new Turns()) {
            Reactor reactor = turns.reactor;
            List<Runnable> calls =
                    List.of(
                            () -> reactor.submit(Turns.nop()),
                            () -> reactor.poll(0),
                            () -> reactor.schedule(new Timer(() -> {}), 1),
                            () -> reactor.cancel(new Timer(() -> {})),
                            () -> reactor.cancel(Turns.nop()),
                            () -> reactor.beforeSubmit(() -> {}),
                            () -> reactor.attach(() -> {}),
                            reactor::close);
            for (Runnable call : calls) {
                CompletableFuture<Void> other = CompletableFuture.runAsync(call);
                Throwable e = assertThrows(RuntimeException.class, other::join).getCause();
                assertEquals(IllegalStateException.class, e.getClass());
            }
        }
    }

    @Test
    void taskRunFromATaskRuns() {
        try (Turns turns = new Turns()) {
            List<String> ran = new ArrayList<>();
            turns.reactor.execute(() -> turns.reactor.execute(() -> ran.add("inner")));
            turns.until(() -> !ran.isEmpty());
        }
    }

    @Test
    void floodOfTasksLeavesRoomForCompletions() {
        try (Turns turns = new Turns()) {
            boolean[] stop = new boolean[1];
            Runnable[] again = new Runnable[1];
            again[0] =
                    () -> {
                        if (!stop[0]) {
                            turns.reactor.execute(again[0]);
                        }
                    };
            turns.reactor.execute(again[0]);
            Probe probe = Turns.nop();
            turns.reactor.submit(probe);
            turns.until(probe::isDone);
            stop[0] = true;
        }
    }

    @Test
    void tasksBeforeSubmitRunInTheSameTurn() {
        try (Turns turns = new Turns()) {
            Probe probe = Turns.nop();
            turns.reactor.beforeSubmit(() -> turns.reactor.submit(probe));
            assertEquals(1, turns.reactor.poll(FOREVER));
            assertTrue(probe.isDone());
        }
    }

    @Test
    void executeAfterCloseIsRejected() {
        Turns turns = new Turns();
        turns.close();
        assertThrows(RejectedExecutionException.class, () -> turns.reactor.execute(() -> {}));
        CompletableFuture<Void> other =
                CompletableFuture.runAsync(() -> turns.reactor.execute(() -> {}));
        Throwable e = assertThrows(RuntimeException.class, other::join).getCause();
        assertEquals(RejectedExecutionException.class, e.getClass());
        assertThrows(IllegalStateException.class, () -> turns.reactor.poll(0));
    }

    @Test
    void beyondTheLimitOperationsWaitAndThenThrow() {
        ReactorConfig config =
                new ReactorConfig(
                        1,
                        16,
                        BufferConfig.fixed(1, 64),
                        BufferConfig.fixed(1, 64),
                        1_000_000_000,
                        IdleStrategy.sleep());
        try (Turns turns = new Turns("", config)) {
            EventFd event = EventFd.open(turns.reactor.ring());
            List<Probe> probes = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                Probe probe = Turns.read(event);
                probes.add(probe);
                turns.reactor.submit(probe);
            }
            OperationLimitException e =
                    assertThrows(
                            OperationLimitException.class, () -> turns.reactor.submit(Turns.nop()));
            assertTrue(e.getMessage().contains("maxOperations"), e::getMessage);
            for (Probe probe : probes) {
                turns.reactor.cancel(probe);
            }
            turns.until(() -> probes.stream().allMatch(Probe::isDone));
            probes.forEach(p -> assertEquals(List.of(-Errno.ECANCELED), p.results));
            event.close();
        }
    }

    @Test
    void waitingAtTheLimitCostsNoCpuAndCancellingGoesOn() {
        try (Turns turns = new Turns("nodrop", ReactorConfig.defaults().withConnections(1))) {
            EventFd event = EventFd.open(turns.reactor.ring());
            int limit = turns.reactor.ring().cqEntries();
            List<Probe> probes = new ArrayList<>();
            for (int i = 0; i < limit + 5; i++) {
                Probe probe = Turns.read(event);
                probes.add(probe);
                turns.reactor.submit(probe);
            }
            turns.reactor.poll(0);
            ProcessCpu before = ProcessCpu.ofThisProcess();
            turns.during(500_000_000);
            long cpu = ProcessCpu.ofThisProcess().minus(before).totalNanos();
            assertTrue(cpu < 200_000_000, () -> cpu + " ns of CPU while nothing happens");
            Probe first = probes.getFirst();
            turns.reactor.cancel(first);
            turns.until(first::isDone);
            assertEquals(List.of(-Errno.ECANCELED), first.results);
            probes.forEach(turns.reactor::cancel);
            turns.until(() -> probes.stream().allMatch(Probe::isDone));
            event.close();
        }
    }
}
