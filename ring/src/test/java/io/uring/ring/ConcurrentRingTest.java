package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One ring and many threads. */
@ExtendWith(DescriptorsReturn.class)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ConcurrentRingTest {
    private static final RingConfig CONFIG = new RingConfig(8, 32, Set.of());
    private static final int THREADS = 4;

    @ParameterizedTest
    @EnumSource(
            value = RingType.class,
            names = {"PLAIN", "COOP_TASKRUN", "BEST", "SQPOLL", "CQE32", "SQE128", "NO_MMAP"})
    @Behaviour("THR-01")
    void everyThreadSubmitsWaitsAndDrainsAndNothingIsLost(RingType type) throws Exception {
        int each = 3000;
        BitSet seen = new BitSet();
        AtomicInteger count = new AtomicInteger();
        try (ConcurrentRing ring = ConcurrentRing.open(type.config(8, 32))) {
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                int first = 1 + t * each;
                all.add(
                        RingThreadsTest.onPlatformThread(() -> {
                            for (int i = first; i < first + each; i++) {
                                int userData = i;
                                submit(ring, sqe -> ControlOps.nop(sqe).userData(userData));
                                drain(ring, seen, count);
                            }
                            while (count.get() < THREADS * each) {
                                ring.await(1, 1_000_000);
                                drain(ring, seen, count);
                            }
                        }));
            }
            for (CompletableFuture<Void> done : all) {
                done.get(60, TimeUnit.SECONDS);
            }
        }
        assertEquals(THREADS * each, count.get());
        assertEquals(THREADS * each, seen.cardinality());
    }

    private static void submit(ConcurrentRing ring, ConcurrentRing.Preparation preparation) {
        assertTrue(ring.submit(preparation) >= 0);
    }

    private static void drain(ConcurrentRing ring, BitSet seen, AtomicInteger count) {
        ring.drain((userData, result, flags) -> {
            assertEquals(0, result);
            seen.set((int) userData); // under the lock of the ring
            count.incrementAndGet();
        });
    }

    @Test
    void completionWakesAThreadThatDidNotSubmit() throws Exception {
        try (ConcurrentRing ring = ConcurrentRing.open(CONFIG);
                Libc.Pair pipe = Libc.pipe()) {
            AtomicBoolean stop = new AtomicBoolean();
            AtomicBoolean submitted = new AtomicBoolean();
            AtomicReference<MemorySegment> buffer = new AtomicReference<>();
            // The kernel finishes the read for the thread that submitted, which is busy.
            CompletableFuture<Void> busy =
                    RingThreadsTest.onPlatformThread(() -> {
                        ring.with(owned -> buffer.set(owned.allocate(8)));
                        ring.submit(sqe ->
                                FileOps.read(sqe, Descriptor.of(pipe.first()), buffer.get(), -1)
                                        .userData(1));
                        submitted.set(true);
                        while (!stop.get()) {
                            Thread.onSpinWait();
                        }
                    });
            while (!submitted.get()) {
                Thread.onSpinWait();
            }
            Libc.write(pipe.second(), "hi");
            assertEquals(0, ring.await(1, TestRing.LIMIT_NANOS));
            assertEquals(1, ring.drain((u, r, f) -> assertEquals(3, u + r)));
            stop.set(true);
            busy.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void chainIsSubmittedTogether() throws Exception {
        List<Long> order = new ArrayList<>();
        try (ConcurrentRing ring = ConcurrentRing.open(CONFIG)) {
            CompletableFuture<Void> other =
                    RingThreadsTest.onPlatformThread(() -> {
                        for (int i = 0; i < 500; i++) {
                            submit(ring, sqe -> ControlOps.nop(sqe).userData(1000));
                            ring.drain((u, r, f) -> order.add(u));
                        }
                    });
            for (int i = 0; i < 500; i++) {
                assertEquals(
                        3,
                        ring.submit(
                                sqe -> ControlOps.nop(sqe).userData(1).link(),
                                sqe -> ControlOps.nop(sqe).userData(2).link(),
                                sqe -> ControlOps.nop(sqe).userData(3)));
                ring.drain((u, r, f) -> order.add(u));
            }
            other.get(30, TimeUnit.SECONDS);
            ring.drain((u, r, f) -> order.add(u));
        }
        assertEquals(2000, order.size());
        for (int i = order.indexOf(1L); i < order.size(); i++) {
            if (order.get(i) == 1) {
                assertEquals(List.of(1L, 2L, 3L), order.subList(i, i + 3));
            }
        }
    }

    @Test
    void moreEntriesThanTheQueueHasAreRefused() {
        try (ConcurrentRing ring = ConcurrentRing.open(CONFIG)) {
            ConcurrentRing.Preparation[] nine = new ConcurrentRing.Preparation[9];
            Arrays.fill(nine, (ConcurrentRing.Preparation) ControlOps::nop);
            assertThrows(IllegalArgumentException.class, () -> ring.submit(nine));
            assertEquals(8, ring.submit(Arrays.copyOf(nine, 8)));
            assertEquals(0, ring.submit());
            assertEquals(8, ring.drain((u, r, f) -> {}));
        }
    }

    @Test
    void waitEndsAtItsTime() {
        try (ConcurrentRing ring = ConcurrentRing.open(CONFIG)) {
            long start = System.nanoTime();
            assertEquals(-Errno.ETIME, ring.await(1, 20_000_000));
            assertTrue(System.nanoTime() - start >= 20_000_000);
            assertEquals(0, ring.await(0, Ring.FOREVER));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = RingType.class,
            names = {"PLAIN", "BEST", "SQPOLL", "NO_MMAP"})
    @Behaviour("THR-02")
    void closeWakesTheThreadsThatWait(RingType type) throws Exception {
        for (int round = 0; round < 20; round++) {
            ConcurrentRing ring = ConcurrentRing.open(type.config(1, 2));
            List<CompletableFuture<Void>> waiters = new ArrayList<>();
            for (int minComplete : new int[] {1, 2, Integer.MAX_VALUE}) {
                waiters.add(
                        RingThreadsTest.onPlatformThread(
                                () -> ring.await(minComplete, Ring.FOREVER)));
            }
            waiters.add(
                    RingThreadsTest.onPlatformThread(() -> ring.await(1, 3600L * 1_000_000_000)));
            if (round % 2 == 0) {
                Thread.sleep(5); // both those that wait already and those that come late
            }
            ring.close();
            for (CompletableFuture<Void> waiter : waiters) {
                ExecutionException e =
                        assertThrows(
                                ExecutionException.class, () -> waiter.get(10, TimeUnit.SECONDS));
                assertEquals(IllegalStateException.class, e.getCause().getClass());
            }
        }
    }

    @TestFactory
    @Behaviour("ERR-09")
    Stream<DynamicTest> useAfterCloseIsAnException() {
        ConcurrentRing ring = ConcurrentRing.open(CONFIG);
        ring.close();
        ring.close();
        return Stream.<Executable>of(
                        () -> ring.submit(ControlOps::nop),
                        ring::submit,
                        () -> ring.await(1, 1),
                        () -> ring.await(1, Ring.FOREVER),
                        () -> ring.drain((u, r, f) -> {}),
                        () -> ring.with(owned -> {}))
                .map(use ->
                        DynamicTest.dynamicTest(
                                "use", () -> assertThrows(IllegalStateException.class, use)));
    }

    @Test
    @Behaviour("ERR-09")
    void closeWhileOthersSubmitIsSafe() throws Exception {
        for (int round = 0; round < 50; round++) {
            ConcurrentRing ring = ConcurrentRing.open(CONFIG);
            AtomicBoolean started = new AtomicBoolean();
            List<CompletableFuture<Void>> users = new ArrayList<>();
            for (int t = 0; t < 2; t++) {
                users.add(
                        RingThreadsTest.onPlatformThread(() -> {
                            while (true) {
                                ring.submit(sqe -> ControlOps.nop(sqe).userData(1));
                                ring.drain((u, r, f) -> {});
                                started.set(true);
                            }
                        }));
            }
            while (!started.get()) {
                Thread.onSpinWait();
            }
            ring.close();
            for (CompletableFuture<Void> user : users) {
                ExecutionException e =
                        assertThrows(
                                ExecutionException.class, () -> user.get(10, TimeUnit.SECONDS));
                assertEquals("the ring is closed", e.getCause().getMessage());
            }
        }
    }

    @Test
    void closeInsideIsRefusedAndTheRingGoesOn() {
        try (ConcurrentRing ring = ConcurrentRing.open(CONFIG)) {
            submit(ring, sqe -> ControlOps.nop(sqe).userData(1));
            int[] refused = {0};
            ring.drain((u, r, f) -> {
                assertThrows(IllegalStateException.class, ring::close);
                refused[0]++;
            });
            ring.with(owned -> {
                assertThrows(IllegalStateException.class, ring::close);
                refused[0]++;
            });
            assertEquals(2, refused[0]);
            submit(ring, sqe -> ControlOps.nop(sqe).userData(2));
            assertEquals(1, ring.drain((u, r, f) -> assertEquals(2, u)));
        }
    }

    @Test
    void handlerMaySubmitAndNestedUseKeepsTheOwner() {
        try (ConcurrentRing ring = ConcurrentRing.open(CONFIG)) {
            submit(ring, sqe -> ControlOps.nop(sqe).userData(1));
            ring.drain((u, r, f) -> submit(ring, sqe -> ControlOps.nop(sqe).userData(2)));
            assertEquals(1, ring.drain((u, r, f) -> assertEquals(2, u)));
            ring.with(owned -> {
                ring.with(inner -> assertEquals(0, inner.pendingSqes()));
                assertEquals(0, owned.pendingSqes());
            });
        }
    }

    @Test
    void plainRingThatWasKeptBelongsToNobody() {
        AtomicReference<Ring> kept = new AtomicReference<>();
        try (ConcurrentRing ring = ConcurrentRing.open(CONFIG)) {
            ring.with(kept::set);
            assertThrows(IllegalStateException.class, () -> kept.get().nextSqe());
            assertThrows(IllegalStateException.class, () -> kept.get().submit());
        }
        assertThrows(IllegalStateException.class, () -> kept.get().nextSqe());
    }

    @Test
    void failedPreparationLeavesTheLockFree() throws Throwable {
        try (ConcurrentRing ring = ConcurrentRing.open(CONFIG)) {
            ConcurrentRing.Preparation fails =
                    sqe -> {
                        throw new IllegalArgumentException("on purpose");
                    };
            assertThrows(IllegalArgumentException.class, () -> ring.submit(fails));
            RingLifecycleTest.onThread(() -> {
                ring.submit(sqe -> ControlOps.nop(sqe).userData(5));
                List<Long> seen = new ArrayList<>();
                ring.drain((u, r, f) -> seen.add(u));
                assertTrue(seen.contains(5L), "completions " + seen);
            });
        }
    }

    @Test
    void operationsInFlightAreCancelledByClose() {
        try (Libc.Pair pipe = Libc.pipe()) {
            long start = System.nanoTime();
            try (ConcurrentRing ring = ConcurrentRing.open(CONFIG)) {
                MemorySegment buffer = Arena.ofAuto().allocate(8);
                ring.submit(sqe ->
                        FileOps.read(sqe, Descriptor.of(pipe.first()), buffer, -1).userData(1));
                assertFalse(ring.capabilities().has(Feature.SINGLE_ISSUER));
            }
            assertTrue(System.nanoTime() - start < 10_000_000_000L);
        }
    }
}
