package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import io.uring.testkit.Behaviour;
import io.uring.testkit.Eventually;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Waits with arguments: {@link Wait}, and what the kernel says to wrong ones. */
@ExtendWith(DescriptorsReturn.class)
final class WaitArgumentTest {
    private static final long MILLIS = 1_000_000;
    private static final long LONG_NANOS = TestRing.LIMIT_NANOS;

    /** Far less than a timeout that must not have been waited for. */
    private static final long SHORT_NANOS = LONG_NANOS / 2;

    private static final int EXT = Abi.ENTER_GETEVENTS | Abi.ENTER_EXT_ARG;
    private static final int REGISTER_CLOCK = 29;
    private static final int CLOCK_REALTIME = 0;
    private static final int CLOCK_MONOTONIC = 1;
    private static final int CLOCK_BOOTTIME = 7;

    /** A real-time signal that the JVM does not use. */
    private static final int SIGNAL = 45;

    private static final long SIGNAL_BIT = 1L << (SIGNAL - 1);

    private static long elapsed(Runnable action) {
        long start = System.nanoTime();
        action.run();
        return System.nanoTime() - start;
    }

    private static void timer(TestRing test, long nanos, long userData) {
        TimeoutOps.timeout(test.sqe(), new Timespec(Arena.ofAuto()).nanos(nanos), 0)
                .userData(userData);
        submit(test);
    }

    /** A poll that completes after a time; a timeout operation would end any wait. */
    private static Thread event(TestRing test, Libc.Pair pipe, long millis, long userData) {
        PollOps.poll(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(userData);
        submit(test);
        Thread thread =
                new Thread(() -> {
                    LockSupport.parkNanos(millis * MILLIS);
                    Libc.write(pipe.second(), "x");
                });
        thread.start();
        return thread;
    }

    private static void submit(TestRing test) {
        test.ring().submit();
        Eventually.isTrue(Duration.ofSeconds(10), "taken", () -> test.ring().pendingSqes() == 0);
    }

    @Test
    @Behaviour("WAIT-05")
    void wrongArgumentsAreRefused() {
        try (TestRing test = TestRing.open();
                Arena arena = Arena.ofConfined()) {
            int fd = test.ring().fd();
            long argument = arena.allocate(Abi.GETEVENTS_ARG_BYTES, 8).address();
            for (int bytes : new int[] {0, 8, 23, 25, 64}) {
                assertEquals(-Errno.EINVAL, RawCalls.enter(fd, 0, 1, EXT, argument, bytes));
            }
            assertEquals(-Errno.EFAULT, RawCalls.enter(fd, 0, 1, EXT, 8, Abi.GETEVENTS_ARG_BYTES));
            NativeMemory.putLong(argument + Abi.GETEVENTS_ARG_TS, 8);
            assertEquals(-Errno.EFAULT, raw(fd, argument));
            NativeMemory.putLong(argument + Abi.GETEVENTS_ARG_TS, 0);
            NativeMemory.putLong(argument + Abi.GETEVENTS_ARG_SIGMASK, argument);
            for (int bytes : new int[] {0, 4, 16}) {
                NativeMemory.putInt(argument + Abi.GETEVENTS_ARG_SIGMASK_SZ, bytes);
                assertEquals(-Errno.EINVAL, raw(fd, argument));
            }
        }
    }

    private static long raw(int fd, long argument) {
        return RawCalls.enter(fd, 0, 1, EXT, argument, Abi.GETEVENTS_ARG_BYTES);
    }

    @Test
    @Behaviour("WAIT-06")
    void negativeTimeIsOverZeroPollsAndLargeNanosecondsAreAdded() {
        try (TestRing test = TestRing.open();
                Arena arena = Arena.ofConfined()) {
            int fd = test.ring().fd();
            long argument = arena.allocate(Abi.GETEVENTS_ARG_BYTES + 16, 8).address();
            long timespec = argument + Abi.GETEVENTS_ARG_BYTES;
            NativeMemory.putLong(argument + Abi.GETEVENTS_ARG_TS, timespec);
            long nanos =
                    elapsed(() -> {
                        NativeMemory.putLong(timespec, -1);
                        assertEquals(-Errno.ETIME, raw(fd, argument));
                        NativeMemory.putLong(timespec, 0);
                        assertEquals(-Errno.ETIME, raw(fd, argument));
                    });
            assertTrue(nanos < SHORT_NANOS);
            NativeMemory.putLong(timespec + 8, 1_020 * MILLIS);
            nanos = elapsed(() -> assertEquals(-Errno.ETIME, raw(fd, argument)));
            assertTrue(nanos >= 1_020 * MILLIS, nanos + " ns");
            assertTrue(nanos < SHORT_NANOS);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("WAIT-02")
    void timeoutIsNeverEarly(RingType type) {
        try (TestRing test = type.open();
                Arena arena = Arena.ofConfined()) {
            Wait wait = new Wait(arena).timeoutNanos(20 * MILLIS);
            for (int i = 0; i < 2; i++) { // usable again
                long nanos =
                        elapsed(() ->
                                assertEquals(-Errno.ETIME, test.ring().submitAndWait(1, wait)));
                assertTrue(nanos >= 20 * MILLIS, nanos + " ns");
            }
            assertEquals(-Errno.ETIME, test.ring().submitAndWait(1, wait.timeoutNanos(-5)));
            wait.timeoutNanos(Ring.FOREVER);
            ControlOps.nop(test.sqe()).userData(1);
            test.ring().submitAndWait(1, wait);
            test.take(1, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("WAIT-08")
    void deadlineIsATimeOnTheClock(RingType type) {
        try (TestRing test = type.open();
                Arena arena = Arena.ofConfined()) {
            Wait wait = new Wait(arena);
            long deadline = System.nanoTime() + 30 * MILLIS;
            assertEquals(-Errno.ETIME, test.ring().submitAndWait(1, wait.deadlineNanos(deadline)));
            assertTrue(System.nanoTime() >= deadline);
            long nanos =
                    elapsed(() -> assertEquals(-Errno.ETIME, test.ring().submitAndWait(1, wait)));
            assertTrue(nanos < SHORT_NANOS); // it is past now
        }
    }

    @Test
    @Behaviour("WAIT-09")
    void clockOfWaitsIsMonotonicOrBoottime() {
        try (TestRing test = TestRing.open();
                Arena arena = Arena.ofConfined()) {
            int fd = test.ring().fd();
            long clock = arena.allocate(16, 8).address();
            for (int id : new int[] {CLOCK_BOOTTIME, CLOCK_MONOTONIC}) {
                NativeMemory.putInt(clock, id);
                assertEquals(0, RawCalls.register(fd, REGISTER_CLOCK, clock, 0));
                long nanos =
                        elapsed(() ->
                                assertEquals(
                                        -Errno.ETIME, test.ring().submitAndWait(1, 10 * MILLIS)));
                assertTrue(nanos >= 10 * MILLIS, nanos + " ns");
            }
            assertEquals(-Errno.EINVAL, RawCalls.register(fd, REGISTER_CLOCK, clock, 1));
            NativeMemory.putInt(clock, CLOCK_REALTIME);
            assertEquals(-Errno.EINVAL, RawCalls.register(fd, REGISTER_CLOCK, clock, 0));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("WAIT-10")
    void earlyEventWaitsForTheEndOfTheMinimum(RingType type) throws InterruptedException {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            Wait wait = new Wait(arena).minWaitMicros(50_000).timeoutNanos(LONG_NANOS);
            Thread writer = event(test, pipe, 10, 1);
            long nanos = elapsed(() -> assertEquals(0, test.ring().submitAndWait(2, wait)));
            assertTrue(nanos >= 50 * MILLIS, nanos + " ns");
            assertTrue(nanos < SHORT_NANOS);
            assertEquals(1, test.ring().readyCqes());
            test.take(1, PollOps.IN);
            writer.join(10_000);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("WAIT-11")
    void firstEventAfterTheMinimumEndsTheWait(RingType type) throws InterruptedException {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            Wait wait = new Wait(arena).minWaitMicros(5_000).timeoutNanos(LONG_NANOS);
            long start = System.nanoTime();
            Thread writer = event(test, pipe, 30, 1);
            assertEquals(0, test.ring().submitAndWait(2, wait));
            long nanos = System.nanoTime() - start;
            assertTrue(nanos >= 30 * MILLIS, nanos + " ns");
            assertTrue(nanos < SHORT_NANOS);
            test.take(1, PollOps.IN);
            writer.join(10_000);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("WAIT-12")
    void allWantedEventsEndTheWaitBeforeTheMinimum(RingType type) throws InterruptedException {
        try (TestRing test = type.open();
                Libc.Pair one = Libc.pipe();
                Libc.Pair two = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            int minMicros = (int) (LONG_NANOS / 1000);
            Wait wait = new Wait(arena).minWaitMicros(minMicros).timeoutNanos(LONG_NANOS);
            Thread first = event(test, one, 1, 1);
            Thread second = event(test, two, 1, 2);
            long nanos = elapsed(() -> assertEquals(0, test.ring().submitAndWait(2, wait)));
            assertTrue(nanos < SHORT_NANOS);
            assertEquals(2, test.ring().readyCqes());
            assertEquals(2, test.takeNext(2).size());
            first.join(10_000);
            second.join(10_000);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("WAIT-13")
    void minimumWithoutATimeoutAndEventsIsATimeout(RingType type) {
        try (TestRing test = type.open();
                Arena arena = Arena.ofConfined()) {
            Wait wait = new Wait(arena).minWaitMicros(20_000);
            long nanos =
                    elapsed(() -> assertEquals(-Errno.ETIME, test.ring().submitAndWait(2, wait)));
            assertTrue(nanos >= 20 * MILLIS, nanos + " ns");
        }
    }

    @Test
    @Behaviour("WAIT-18")
    void waitsThatAreNotAccountedAsInputAreAccepted() {
        try (TestRing test = RingType.PLAIN.open()) {
            int flags = Abi.ENTER_GETEVENTS | Abi.ENTER_NO_IOWAIT;
            assertEquals(0, RawCalls.enter(test.ring().fd(), 0, 0, flags));
            ControlOps.nop(test.sqe()).userData(1);
            test.ring().submit();
            assertEquals(0, RawCalls.enter(test.ring().fd(), 0, 1, flags));
            test.take(1, 0);
        }
        FaultyKernel kernel = new FaultyKernel();
        RingConfig masked = new RingConfig(8, 32, Set.of(Feature.NO_IOWAIT));
        try (TestRing test = TestRing.open(masked, kernel)) {
            test.ring().submitAndWait(0, 0);
            assertEquals(0, kernel.enters.getFirst().flags() & Abi.ENTER_NO_IOWAIT);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("WAIT-20")
    void waitForNothingNeverBlocks(RingType type) {
        try (TestRing test = type.open();
                Arena arena = Arena.ofConfined()) {
            Wait wait = new Wait(arena).timeoutNanos(LONG_NANOS);
            long nanos =
                    elapsed(() -> {
                        assertEquals(0, test.ring().submitAndWait(0, Ring.FOREVER));
                        assertEquals(0, test.ring().submitAndWait(0, LONG_NANOS));
                        assertEquals(0, test.ring().submitAndWait(0, wait));
                    });
            assertTrue(nanos < SHORT_NANOS);
        }
    }

    /** Signals the thread that makes it until it is closed, and counts. */
    private static final class Signals implements AutoCloseable {
        private final AtomicBoolean done = new AtomicBoolean();
        private final AtomicLong sent = new AtomicLong();
        private final Thread thread;

        Signals() {
            Libc.interruptBy(SIGNAL);
            int target = Libc.threadId();
            thread =
                    new Thread(() -> {
                        while (!done.get()) {
                            LockSupport.parkNanos(2 * MILLIS);
                            Libc.signal(target, SIGNAL);
                            sent.incrementAndGet();
                        }
                    });
            thread.start();
        }

        @Override
        public void close() {
            done.set(true);
            try {
                thread.join(10_000);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"WAIT-07", "ERR-03"})
    void signalInterruptsAWaitUnlessItIsBlocked(RingType type) {
        try (TestRing test = type.open();
                Arena arena = Arena.ofConfined();
                Signals signals = new Signals()) {
            Ring ring = test.ring();
            assertEquals(-Errno.EINTR, ring.submitAndWait(1, LONG_NANOS));
            Wait wait = new Wait(arena).timeoutNanos(50 * MILLIS).blockedSignals(SIGNAL_BIT);
            long before = signals.sent.get();
            long nanos = elapsed(() -> assertEquals(-Errno.ETIME, ring.submitAndWait(1, wait)));
            assertTrue(nanos >= 50 * MILLIS, nanos + " ns");
            assertTrue(signals.sent.get() > before, "no signal came");
            wait.threadSignals().timeoutNanos(LONG_NANOS);
            assertEquals(-Errno.EINTR, ring.submitAndWait(1, wait));
        }
    }

    /** A caller that waits again for what is left is neither early nor late for ever. */
    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("WAIT-07")
    void interruptedWaitGoesOnForTheRemainingTime(RingType type) {
        try (TestRing test = type.open();
                Signals signals = new Signals()) {
            long nanos =
                    elapsed(() -> {
                        timer(test, 60 * MILLIS, 1);
                        test.take(1, -Errno.ETIME);
                    });
            assertTrue(nanos >= 60 * MILLIS, nanos + " ns");
            assertTrue(signals.sent.get() > 0, "no signal came");
        }
    }

    /** The kernel hides the interruption behind the number of entries it took. */
    @Test
    @Behaviour("ERR-03")
    void interruptionAfterASubmissionIsNoError() {
        try (TestRing test = TestRing.open();
                Signals signals = new Signals()) {
            TimeoutOps.timeout(test.sqe(), new Timespec(Arena.ofAuto()).nanos(60 * MILLIS), 0)
                    .userData(1);
            assertEquals(1, test.ring().submitAndWait(1, LONG_NANOS));
            assertEquals(0, test.ring().pendingSqes());
            test.take(1, -Errno.ETIME);
            assertTrue(signals.sent.get() > 0, "no signal came");
        }
    }

    @Test
    void waitOfAClosedArenaIsRefused() {
        Wait wait;
        try (Arena arena = Arena.ofConfined()) {
            wait = new Wait(arena);
        }
        try (TestRing test = TestRing.open()) {
            assertThrows(IllegalStateException.class, () -> test.ring().submitAndWait(1, wait));
            assertThrows(IllegalStateException.class, () -> wait.timeoutNanos(1));
            assertThrows(IllegalStateException.class, () -> wait.blockedSignals(1));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE})
    void negativeNumbersAreRefused(int number) {
        try (TestRing test = TestRing.open();
                Arena arena = Arena.ofConfined()) {
            Wait wait = new Wait(arena);
            assertThrows(IllegalArgumentException.class, () -> wait.minWaitMicros(number));
            assertThrows(
                    IllegalArgumentException.class, () -> test.ring().submitAndWait(number, wait));
        }
    }
}
