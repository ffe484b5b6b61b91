package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Timeouts: their clocks, counts, updates, repetitions, and limits of other operations. */
@ExtendWith(DescriptorsReturn.class)
final class TimeoutTest {
    private static final long MILLIS = 1_000_000;
    private static final int ETIME = -62;
    private static final int ECANCELED = -125;

    private static Timespec nanos(long nanos) {
        return new Timespec(Arena.ofAuto()).nanos(nanos);
    }

    private static Timespec never() {
        return nanos(1_000_000_000_000_000_000L);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("TMO-01")
    void relativeTimeoutEndsWithEtimeAndNotEarly(RingType type) {
        try (TestRing test = type.open()) {
            long start = System.nanoTime();
            TimeoutOps.timeout(test.sqe(), nanos(5 * MILLIS), 0).userData(1);
            test.take(1, ETIME);
            assertTrue(System.nanoTime() - start >= 5 * MILLIS);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"TMO-02", "TMO-03"})
    void countOfOthersEndsItAndItsOwnIsNotCounted(RingType type) {
        try (TestRing test = type.open()) {
            TimeoutOps.timeout(test.sqe(), never(), 3).userData(1);
            ControlOps.nop(test.sqe()).userData(2);
            ControlOps.nop(test.sqe()).userData(3);
            test.take(2, 0);
            test.take(3, 0);
            assertEquals(List.of(), test.takeReady());
            ControlOps.nop(test.sqe()).userData(4);
            test.take(1, 0);
            test.take(4, 0);
        }
    }

    @Test
    @Behaviour("TMO-04")
    void absoluteTimesWorkOnEachClock() {
        try (TestRing test = TestRing.open()) {
            long wall = System.currentTimeMillis() * MILLIS;
            TimeoutOps.timeout(
                            test.sqe(),
                            nanos(wall + 20 * MILLIS),
                            0,
                            TimeoutOps.ABS | TimeoutOps.REALTIME)
                    .userData(1);
            test.take(1, ETIME);
            assertTrue(System.currentTimeMillis() * MILLIS >= wall + 20 * MILLIS);

            long monotonic = System.nanoTime();
            TimeoutOps.timeout(test.sqe(), nanos(monotonic + 5 * MILLIS), 0, TimeoutOps.ABS)
                    .userData(2);
            test.take(2, ETIME);
            assertTrue(System.nanoTime() >= monotonic + 5 * MILLIS);

            // The boot clock is never behind the monotonic one.
            TimeoutOps.timeout(
                            test.sqe(),
                            nanos(System.nanoTime()),
                            0,
                            TimeoutOps.ABS | TimeoutOps.BOOTTIME)
                    .userData(3);
            test.take(3, ETIME);
            TimeoutOps.timeout(test.sqe(), never(), 0, TimeoutOps.BOOTTIME | TimeoutOps.REALTIME)
                    .userData(4);
            test.take(4, -22);
        }
    }

    @Test
    @Behaviour("TMO-05")
    void wrongFieldsAreRefused() {
        try (TestRing test = TestRing.open()) {
            TimeoutOps.timeout(test.sqe(), never(), 0).len(2).userData(1);
            TimeoutOps.timeout(test.sqe(), new Timespec(Arena.ofAuto()).set(-1, 0), 0).userData(2);
            TimeoutOps.timeout(test.sqe(), never(), 0).opFlags(1 << 20).userData(3);
            TimeoutOps.timeout(test.sqe(), never(), 0).addr(8).userData(4);
            test.take(1, -22);
            test.take(2, -22);
            test.take(3, -22);
            test.take(4, -14);
        }
    }

    @Test
    @Behaviour("TMO-07")
    void updatesTakeEffectInBothDirections() {
        try (TestRing test = TestRing.open()) {
            TimeoutOps.timeout(test.sqe(), never(), 0).userData(1);
            TimeoutOps.timeout(test.sqe(), nanos(10 * MILLIS), 0).userData(2);
            TimeoutOps.timeoutUpdate(test.sqe(), 1, nanos(5 * MILLIS), 0).userData(3);
            TimeoutOps.timeoutUpdate(test.sqe(), 2, never(), 0).userData(4);
            TimeoutOps.timeoutUpdate(test.sqe(), 99, never(), 0).userData(5);
            test.take(3, 0);
            test.take(4, 0);
            test.take(5, -2);
            test.take(1, ETIME);
            TimeoutOps.timeout(test.sqe(), nanos(15 * MILLIS), 0).userData(6);
            test.take(6, ETIME);
            assertEquals(List.of(), test.takeReady(), "the one that was put off came");
            TimeoutOps.timeoutRemove(test.sqe(), 2).userData(7);
            test.take(7, 0);
            test.take(2, ECANCELED);
        }
    }

    @Test
    @Behaviour("TMO-08")
    void expiryBreaksAChainUnlessItCountsAsSuccess() {
        try (TestRing test = TestRing.open()) {
            TimeoutOps.timeout(test.sqe(), nanos(MILLIS), 0).userData(1).link();
            ControlOps.nop(test.sqe()).userData(2);
            TimeoutOps.timeout(test.sqe(), nanos(MILLIS), 0, TimeoutOps.ETIME_SUCCESS)
                    .userData(3)
                    .link();
            ControlOps.nop(test.sqe()).userData(4);
            test.take(1, ETIME);
            test.take(2, ECANCELED);
            test.take(3, ETIME);
            test.take(4, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("TMO-09")
    void multishotRepeatsAsOftenAsAsked(RingType type) {
        try (TestRing test = type.open()) {
            TimeoutOps.timeoutMultishot(test.sqe(), nanos(2 * MILLIS), 3, 0).userData(1);
            long start = System.nanoTime();
            assertTrue(test.take(1, ETIME).more());
            assertTrue(test.take(1, ETIME).more());
            assertFalse(test.take(1, ETIME).more());
            assertTrue(System.nanoTime() - start >= 4 * MILLIS);
        }
    }

    @Test
    @Behaviour("TMO-09")
    void multishotWithoutAnEndRunsUntilItIsRemoved() {
        try (TestRing test = TestRing.open()) {
            TimeoutOps.timeoutMultishot(test.sqe(), nanos(MILLIS), 0, 0).userData(1);
            for (int i = 0; i < 10; i++) {
                assertTrue(test.take(1, ETIME).more());
            }
            TimeoutOps.timeoutRemove(test.sqe(), 1).userData(2);
            test.take(2, 0);
            TestRing.Event last = test.take(1);
            while (last.more()) {
                last = test.take(1);
            }
            assertEquals(ECANCELED, last.result());
            TimeoutOps.timeoutMultishot(test.sqe(), nanos(MILLIS), 1, 0)
                    .opFlags(0x41) // MULTISHOT and ABS
                    .userData(3);
            test.take(3, -22);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("TMO-10")
    void linkTimeoutCancelsItsOperationOrIsCancelledByIt(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            Descriptor end = Descriptor.of(pipe.first());
            FileOps.read(test.sqe(), end, test.ring().allocate(8), 0).userData(1).link();
            TimeoutOps.linkTimeout(test.sqe(), nanos(5 * MILLIS), 0).userData(2);
            test.take(1, ECANCELED);
            test.take(2, ETIME);
            Libc.write(pipe.second(), "x");
            FileOps.read(test.sqe(), end, test.ring().allocate(8), 0).userData(3).link();
            TimeoutOps.linkTimeout(test.sqe(), never(), 0).userData(4);
            test.take(3, 1);
            test.take(4, ECANCELED);
        }
    }

    @Test
    @Behaviour("TMO-11")
    void linkTimeoutWithoutAnOperationBeforeItIsRefused() {
        try (TestRing test = TestRing.open()) {
            TimeoutOps.linkTimeout(test.sqe(), never(), 0).userData(1);
            test.take(1, -22);
            ControlOps.nop(test.sqe()).userData(2).link();
            TimeoutOps.linkTimeout(test.sqe(), never(), 0).off(1).userData(3);
            test.take(2, ECANCELED);
            test.take(3, -22);
        }
    }

    @Test
    @Behaviour("TMO-12")
    void linkTimeoutIsUpdatedByItsOwnKindOfUpdateOnly() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            Descriptor end = Descriptor.of(pipe.first());
            FileOps.read(test.sqe(), end, test.ring().allocate(8), 0).userData(1).link();
            TimeoutOps.linkTimeout(test.sqe(), nanos(1000_000 * MILLIS), 0).userData(2);
            test.ring().submit();
            TimeoutOps.timeoutUpdate(test.sqe(), 2, nanos(MILLIS), 0).userData(3);
            test.take(3, -2);
            TimeoutOps.linkTimeoutUpdate(test.sqe(), 2, nanos(MILLIS), 0).userData(4);
            test.take(4, 0);
            test.take(1, ECANCELED);
            test.take(2, ETIME);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("TMO-13")
    void linkTimeoutInterruptsWhatWaitsForReadiness(RingType type) {
        try (TestRing test = type.open();
                Loopback tcp = Loopback.listen(test);
                Libc.Pair pipe = Libc.pipe();
                Libc.Pair sockets = Libc.socketPair(Libc.STREAM)) {
            Descriptor socket = Descriptor.of(sockets.first());
            Descriptor end = Descriptor.of(pipe.first());
            SocketOps.recv(test.sqe(), socket, test.ring().allocate(8), 0).userData(1).link();
            limit(test, 11);
            PollOps.poll(test.sqe(), end, PollOps.IN).userData(2).link();
            limit(test, 12);
            SocketOps.accept(test.sqe(), tcp.listener).userData(3).link();
            limit(test, 13);
            FileOps.read(test.sqe(), end, test.ring().allocate(8), 0).userData(4).async().link();
            limit(test, 14);
            for (int i = 1; i <= 4; i++) {
                int result = test.take(i).result();
                assertTrue(CancelOps.isCancelled(result), i + " ended with " + result);
                test.take(10 + i, ETIME);
            }
        }
    }

    private static void limit(TestRing test, long userData) {
        TimeoutOps.linkTimeout(test.sqe(), nanos(5 * MILLIS), 0).userData(userData);
    }

    @Test
    @Behaviour("TMO-14")
    void chainGoesOnBehindALinkTimeoutWhenTheOperationSucceeded() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            Descriptor end = Descriptor.of(pipe.first());
            ControlOps.nop(test.sqe()).userData(1).link();
            TimeoutOps.linkTimeout(test.sqe(), never(), 0).userData(2).link();
            ControlOps.nop(test.sqe()).userData(3);
            test.take(1, 0);
            test.take(2, ECANCELED);
            test.take(3, 0);
            FileOps.read(test.sqe(), end, test.ring().allocate(8), 0).userData(4).link();
            TimeoutOps.linkTimeout(test.sqe(), nanos(MILLIS), 0).userData(5).link();
            ControlOps.nop(test.sqe()).userData(6);
            test.take(4, ECANCELED);
            test.take(5, ETIME);
            test.take(6, ECANCELED);
        }
    }

    /** The way around a link timeout that does not reach a worker: a timeout and a cancellation. */
    @Test
    @Behaviour({"TMO-18", "CAN-14"})
    void spliceThatBlocksInAWorkerIsEndedByCancellationNotByItsLinkTimeout() {
        try (TestRing test = TestRing.open();
                Libc.Pair from = Libc.pipe();
                Libc.Pair to = Libc.pipe()) {
            Descriptor in = Descriptor.of(from.first());
            Descriptor out = Descriptor.of(to.second());
            PipeOps.splice(test.sqe(), in, -1, out, -1, 100, 0).userData(1).link();
            TimeoutOps.linkTimeout(test.sqe(), nanos(5 * MILLIS), 0).userData(2);
            TimeoutOps.timeout(test.sqe(), nanos(50 * MILLIS), 0).userData(3);
            test.take(3, ETIME);
            assertEquals(List.of(), test.takeReady(), "the link timeout reached the worker");
            CancelOps.cancel(test.sqe(), 1).userData(4);
            test.take(4, -114); // EALREADY: it runs
            int result = test.take(1).result();
            assertTrue(CancelOps.isCancelled(result), "ended with " + result);
            test.take(2, ECANCELED);
        }
    }

    @Test
    @Behaviour("TMO-15")
    void manyTimeoutsFireInTheOrderOfTheirDeadlines() {
        long seed = System.nanoTime();
        System.out.println("TimeoutTest seed " + seed);
        Random random = new Random(seed);
        int count = 2000;
        long[] deadlines = new long[count];
        try (TestRing test = TestRing.open(256, 4096)) {
            long base = System.nanoTime() + 500 * MILLIS; // all are submitted by then
            for (int i = 0; i < count; i++) {
                deadlines[i] = base + random.nextInt(40) * MILLIS;
                Sqe sqe = test.ring().nextSqe();
                if (sqe == null) {
                    test.ring().submit();
                    sqe = test.sqe();
                }
                TimeoutOps.timeout(sqe, nanos(deadlines[i]), 0, TimeoutOps.ABS).userData(i);
            }
            List<TestRing.Event> events = new ArrayList<>(test.takeNext(count));
            for (int i = 1; i < count; i++) {
                long before = deadlines[(int) events.get(i - 1).userData()];
                long after = deadlines[(int) events.get(i).userData()];
                assertTrue(after >= before - 5 * MILLIS, "seed " + seed + ", event " + i);
                assertEquals(ETIME, events.get(i).result());
            }
        }
    }

    @Test
    @Behaviour("TMO-15")
    void cancellingAllTimeoutsLeavesNone() {
        try (TestRing test = TestRing.open(256, 4096)) {
            int count = 200;
            for (int i = 0; i < count; i++) {
                TimeoutOps.timeout(test.sqe(), never(), 0).userData(7);
            }
            test.ring().submit();
            CancelOps.cancel(test.sqe(), Cancellation.of(7).all()).userData(1);
            test.take(1, count);
            for (TestRing.Event event : test.takeNext(count)) {
                assertEquals(ECANCELED, event.result());
            }
        }
    }

    @Test
    @Behaviour("TMO-16")
    void hugeTimesAreTakenAndNoTimeFiresAtOnce() {
        try (TestRing test = TestRing.open()) {
            TimeoutOps.timeout(test.sqe(), nanos(0), 0).userData(1);
            test.take(1, ETIME);
            TimeoutOps.timeout(test.sqe(), new Timespec(Arena.ofAuto()).set(1_000_000_000, 0), 0)
                    .userData(2);
            assertEquals(List.of(), test.takeReady());
            TimeoutOps.timeoutRemove(test.sqe(), 2).userData(3);
            test.take(3, 0);
            test.take(2, ECANCELED);
        }
    }

    @Test
    @Behaviour("TMO-17")
    void timeInTheEntryItselfIsNotKnownBefore71() {
        try (TestRing test = TestRing.open()) {
            TimeoutOps.timeout(test.sqe(), never(), 0).addr(1000).opFlags(0x80).userData(1);
            int result = test.take(1).result();
            assertTrue(result == -22 || result == ETIME, "ended with " + result);
        }
    }
}
