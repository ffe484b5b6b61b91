package io.uring.ring;

import static io.uring.ring.RawRing.params;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.Eventually;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rings with a kernel thread that takes the submissions. */
@ExtendWith(DescriptorsReturn.class)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SqPollTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    /** Longer than any test keeps the thread without work. */
    private static final int AWAKE_MILLIS = 20_000;

    private static RingConfig polled(int idleMillis) {
        return RingType.PLAIN.config(8, 64).sqPoll(idleMillis);
    }

    private static void spinUntil(String expectation, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > LIMIT.toNanos()) {
                throw new AssertionError("not within " + LIMIT + ": " + expectation);
            }
            Thread.onSpinWait();
        }
    }

    private static void awaitSleep(RawRing ring) {
        Eventually.isTrue(LIMIT, "NEED_WAKEUP", () -> (ring.sqFlags() & RawRing.NEED_WAKEUP) != 0);
    }

    @Test
    @Behaviour("SQP-01")
    void noSystemCallWhileTheThreadIsAwake() {
        FaultyKernel kernel = new FaultyKernel();
        try (TestRing test = TestRing.open(polled(AWAKE_MILLIS), kernel)) {
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0); // the thread is awake from here on
            kernel.enters.clear();
            Ring ring = test.ring();
            for (int i = 0; i < 1000; i++) {
                ControlOps.nop(test.sqe()).userData(2);
                ring.submit();
                spinUntil("a completion", () -> ring.readyCqes() == 1);
                assertEquals(1, ring.drain((u, r, f) -> assertEquals(2, u + r)));
            }
            assertEquals(List.of(), kernel.enters);
        }
    }

    @Test
    @Behaviour("SQP-02")
    void idleThreadTakesNothingUntilItIsWoken() throws InterruptedException {
        MemorySegment params = params(RawRing.SQPOLL, RawRing.SQ_THREAD_IDLE, 1);
        try (RawRing ring = RawRing.open(8, params)) {
            awaitSleep(ring);
            int head = ring.sqHead();
            ring.nop(1);
            Thread.sleep(100); // a thread that polled would take it
            assertEquals(head, ring.sqHead());
            assertEquals(1, ring.enter(1, 0, RawRing.SQ_WAKEUP));
            spinUntil("a completion", () -> ring.ready() == 1);
            assertEquals(new RawRing.Completion(1, 0), ring.take());
        }
    }

    @Test
    @Behaviour("SQP-02")
    void wakingClearsTheFlag() {
        MemorySegment params = params(RawRing.SQPOLL, RawRing.SQ_THREAD_IDLE, 500);
        try (RawRing ring = RawRing.open(8, params)) {
            awaitSleep(ring);
            assertEquals(0, ring.enter(0, 0, RawRing.SQ_WAKEUP));
            spinUntil("no flag", () -> (ring.sqFlags() & RawRing.NEED_WAKEUP) == 0);
        }
    }

    @Test
    @Behaviour("SQP-02")
    void noIdleTimeIsASecond() {
        try (RawRing ring = RawRing.open(8, RawRing.SQPOLL)) {
            ring.nop(1);
            ring.enter(1, 1, RawRing.GETEVENTS | RawRing.SQ_WAKEUP);
            ring.take();
            long start = System.nanoTime();
            awaitSleep(ring);
            long millis = (System.nanoTime() - start) / 1_000_000;
            assertTrue(millis >= 900, "slept after " + millis + " ms");
        }
        assertThrows(IllegalArgumentException.class, () -> polled(0));
        assertThrows(IllegalArgumentException.class, () -> polled(-1));
    }

    @Test
    @Behaviour("SQP-02")
    void libraryWakesASleepingThread() {
        FaultyKernel kernel = new FaultyKernel();
        try (TestRing test = TestRing.open(polled(1), kernel)) {
            for (int i = 0; i < 20; i++) {
                awaitSleep(test.ring());
                kernel.enters.clear();
                ControlOps.nop(test.sqe()).userData(i);
                test.ring().submit();
                assertEquals(1, kernel.enters.size());
                assertTrue((kernel.enters.getFirst().flags() & RawRing.SQ_WAKEUP) != 0);
                test.take(i, 0);
            }
        }
    }

    @Test
    void idleTimeIsInMilliseconds() {
        try (TestRing test = TestRing.open(polled(300))) {
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0); // the thread is awake from here on
            long start = System.nanoTime();
            awaitSleep(test.ring());
            long nanos = System.nanoTime() - start;
            assertTrue(nanos > 100_000_000, () -> "asleep after " + nanos + " ns");
            assertTrue(nanos < 100_000_000_000L, () -> "awake for " + nanos + " ns");
        }
    }

    /** The kernel's thread; until it has started, its creator is in its place. */
    private static String thread(int fd) {
        String[] tid = {""};
        Eventually.isTrue(
                LIMIT,
                "a polling thread",
                () -> {
                    tid[0] = LibcProcess.descriptorField(fd, "SqThread");
                    return LibcProcess.threadField(tid[0], "Name").startsWith("iou-sqp");
                });
        return tid[0];
    }

    /** Waits until the kernel thread of a ring no longer runs. */
    private static void awaitSleep(Ring ring) {
        String tid = thread(ring.fd());
        Eventually.isTrue(
                LIMIT,
                "the thread sleeps",
                () -> LibcProcess.threadField(tid, "State").startsWith("S"));
    }

    @Test
    @Behaviour("SQP-03")
    void noWakeupIsMissedAroundTheIdleLimit() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        try (TestRing test = TestRing.open(polled(1))) {
            Ring ring = test.ring();
            long end = System.nanoTime() + 5_000_000_000L;
            long submitted = 0;
            while (System.nanoTime() < end) {
                ControlOps.nop(test.sqe()).userData(++submitted);
                ring.submit();
                String lost = "entry " + submitted + " of seed " + seed;
                spinUntil(lost, () -> ring.readyCqes() == 1);
                long expected = submitted;
                ring.drain((u, r, f) -> assertEquals(expected, u + r));
                if (random.nextInt(8) == 0) {
                    LockSupport.parkNanos(random.nextInt(8_000_000));
                } else if (random.nextBoolean()) {
                    long pause = System.nanoTime() + random.nextInt(200_000);
                    while (System.nanoTime() < pause) {
                        Thread.onSpinWait();
                    }
                }
            }
            assertTrue(submitted > 100, submitted + " only");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    @Behaviour("SQP-04")
    void fullQueueIsWaitedForUntilThereIsRoom(int entries) {
        FaultyKernel kernel = new FaultyKernel();
        RingConfig config = RingType.PLAIN.config(entries, 64).sqPoll(1);
        try (TestRing test = TestRing.open(config, kernel)) {
            Ring ring = test.ring();
            int waits = 0;
            for (int i = 1; i <= 2000; i++) {
                Sqe sqe = ring.nextSqe();
                if (sqe == null) {
                    waits++;
                    assertTrue(ring.waitForSpace() >= 0);
                    sqe = ring.nextSqe();
                }
                assertNotNull(sqe, "no room after waiting for it");
                ControlOps.nop(sqe).userData(i);
                if (ring.readyCqes() > 32) {
                    ring.drain((u, r, f) -> assertEquals(0, r));
                }
            }
            assertTrue(waits > 0);
            assertTrue(kernel.enters.stream().anyMatch(enter -> (enter.flags() & 4) != 0));
            ControlOps.nop(nextOf(ring)).userData(9999);
            test.take(9999, 0);
            test.takeReady();
        }
    }

    private static Sqe nextOf(Ring ring) {
        Sqe sqe = ring.nextSqe();
        if (sqe == null) {
            ring.waitForSpace();
            sqe = ring.nextSqe();
        }
        assertNotNull(sqe);
        return sqe;
    }

    @Test
    void onlyARingWithAPollingThreadWaitsForSpace() {
        try (TestRing test = TestRing.open()) {
            assertThrows(IllegalStateException.class, test.ring()::waitForSpace);
        }
    }

    @Test
    @Behaviour("SQP-05")
    void descriptorsNeedNotBeRegistered() {
        try (TestRing test = TestRing.open(polled(50));
                Libc.Pair pipe = Libc.pipe()) {
            MemorySegment text = test.ring().allocate(5);
            text.copyFrom(MemorySegment.ofArray("hello".getBytes(StandardCharsets.US_ASCII)));
            FileOps.write(test.sqe(), Descriptor.of(pipe.second()), text.asSlice(0, 5), -1)
                    .userData(1);
            test.take(1, 5);
            MemorySegment buffer = test.ring().allocate(5).asSlice(0, 5);
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), buffer, -1).userData(2);
            test.take(2, 5);
            assertEquals("hello", Libc.string(buffer, 0, 5));
        }
    }

    @Test
    @Behaviour("SQP-06")
    void attachedRingSharesTheThreadAndOutlivesTheFirst() {
        TestRing first = TestRing.open(polled(50));
        String shared = thread(first.ring().fd());
        try (TestRing second = TestRing.open(polled(50).attachedTo(first.ring()));
                TestRing alone = TestRing.open(polled(50))) {
            assertEquals(shared, thread(second.ring().fd()));
            assertNotEquals(shared, thread(alone.ring().fd()));
            for (int i = 0; i < 50; i++) {
                ControlOps.nop(first.sqe()).userData(i);
                ControlOps.nop(second.sqe()).userData(i);
                first.take(i, 0);
                second.take(i, 0);
            }
            first.close();
            for (int i = 0; i < 50; i++) {
                ControlOps.nop(second.sqe()).userData(i);
                second.take(i, 0);
            }
        }
    }

    @Test
    @Behaviour("SQP-07")
    void threadIsPinnedToTheProcessor() {
        int cpu = Runtime.getRuntime().availableProcessors() - 1;
        RingConfig config = RingType.PLAIN.config(8, 64).sqPoll(50, cpu);
        try (TestRing test = TestRing.open(config)) {
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0);
            String tid = thread(test.ring().fd());
            assertEquals(Integer.toString(cpu), LibcProcess.threadField(tid, "Cpus_allowed_list"));
        }
        assertThrows(IllegalArgumentException.class, () -> RingType.PLAIN.config().sqPoll(1, -1));
    }

    /** Nobody but the ring knows the memory when the sleeping thread comes to read it. */
    @Test
    @Behaviour("SQP-08")
    void whatEntriesNameIsKeptUntilTheThreadHasReadThem() {
        try (TestRing test = TestRing.open(polled(1));
                Libc.Pair pipe = Libc.pipe()) {
            for (int round = 0; round < 5; round++) {
                awaitSleep(test.ring());
                for (int i = 0; i < 8; i++) {
                    writeFromForgottenMemory(test, pipe.second(), i);
                }
                List<MemorySegment> poison = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    System.gc();
                    for (int j = 0; j < 8; j++) {
                        poison.add(Arena.ofAuto().allocate(4096).fill((byte) 'X'));
                    }
                }
                for (int i = 0; i < 8; i++) {
                    test.take(i, 4096);
                }
                assertWritten(pipe.first());
                assertEquals(32, poison.size());
            }
        }
    }

    private static void writeFromForgottenMemory(TestRing test, int fd, int i) {
        MemorySegment memory = Arena.ofAuto().allocate(4096).fill((byte) ('a' + i));
        FileOps.write(test.sqe(), Descriptor.of(fd), memory, -1).userData(i);
    }

    private static void assertWritten(int fd) {
        StringBuilder text = new StringBuilder();
        while (text.length() < 8 * 4096) {
            text.append(Libc.read(fd));
        }
        StringBuilder expected = new StringBuilder();
        for (char c = 'a'; c < 'a' + 8; c++) {
            expected.append(String.valueOf(c).repeat(4096));
        }
        assertEquals(expected.toString(), text.toString());
    }

    @Test
    @Behaviour("SQP-08")
    void arenaStaysOpenUntilTheThreadHasDoneItsWork() {
        try (TestRing test = TestRing.open(polled(1));
                Libc.Pair pipe = Libc.pipe()) {
            Arena arena = test.ring().newArena();
            MemorySegment buffer = arena.allocate(8);
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), buffer, -1).userData(1);
            assertThrows(IllegalStateException.class, arena::close);
            test.ring().submit();
            assertThrows(IllegalStateException.class, arena::close);
            Libc.write(pipe.second(), "12345678");
            test.take(1, 8);
            arena.close();
        }
    }

    @Test
    @Behaviour("SQP-09")
    void invalidEntryFailsAndTheNextOnesRun() {
        MemorySegment params = params(RawRing.SQPOLL, RawRing.SQ_THREAD_IDLE, 50);
        try (RawRing ring = RawRing.open(8, params)) {
            ring.put(255, 1);
            ring.nop(2);
            ring.put(255, 3);
            ring.nop(4);
            assertEquals(4, ring.enter(4, 4, RawRing.GETEVENTS | RawRing.SQ_WAKEUP));
            Set<RawRing.Completion> seen = new HashSet<>();
            spinUntil("four completions", () -> ring.ready() == 4);
            for (int i = 0; i < 4; i++) {
                seen.add(ring.take());
            }
            assertEquals(
                    Set.of(
                            new RawRing.Completion(1, -Errno.EINVAL),
                            new RawRing.Completion(2, 0),
                            new RawRing.Completion(3, -Errno.EINVAL),
                            new RawRing.Completion(4, 0)),
                    seen);
        }
    }

    @Test
    @Behaviour("SQP-10")
    void enterGivesBackTheNumberItWasAskedFor() {
        try (RawRing ring = RawRing.open(8, params(RawRing.SQPOLL, RawRing.SQ_THREAD_IDLE, 1))) {
            assertEquals(7, ring.enter(7, 0, 0), "nothing is queued");
            ring.nop(1);
            assertEquals(5, ring.enter(5, 0, RawRing.SQ_WAKEUP));
            spinUntil("a completion", () -> ring.ready() == 1);
            ring.take();
        }
    }

    @Test
    @Behaviour("SQP-11")
    void closeWhileTheThreadIsBusyDoesNotHang() {
        for (int round = 0; round < 20; round++) {
            Ring ring = Ring.open(RingType.PLAIN.config(1024, 4096).sqPoll(1000));
            ring.enable();
            try (Libc.Pair pipe = Libc.pipe()) {
                MemorySegment buffer = ring.allocate(8);
                FileOps.read(ring.nextSqe(), Descriptor.of(pipe.first()), buffer, -1).userData(1);
                for (Sqe sqe = ring.nextSqe(); sqe != null; sqe = ring.nextSqe()) {
                    ControlOps.nop(sqe).userData(2);
                }
                ring.submit();
                ring.close();
            }
        }
    }

    @Test
    @Behaviour("SQP-12")
    void disabledRingIsNotPolled() throws InterruptedException {
        int flags = RawRing.SQPOLL | RawRing.R_DISABLED;
        try (RawRing ring = RawRing.open(8, params(flags, RawRing.SQ_THREAD_IDLE, 5000))) {
            ring.nop(1);
            assertEquals(-Errno.EBADFD, ring.enter(1, 0, RawRing.SQ_WAKEUP));
            Thread.sleep(100); // a thread that polled would take it
            assertEquals(0, ring.sqHead());
            assertEquals(0, ring.register(RawRing.ENABLE_RINGS, 0, 0));
            ring.enter(1, 0, RawRing.SQ_WAKEUP);
            spinUntil("a completion", () -> ring.ready() == 1);
            assertEquals(new RawRing.Completion(1, 0), ring.take());
        }
    }

    @Test
    void waitEndsAtItsTime() {
        try (TestRing test = TestRing.open(polled(1))) {
            long start = System.nanoTime();
            assertEquals(-Errno.ETIME, test.ring().submitAndWait(1, 20_000_000));
            assertTrue(System.nanoTime() - start >= 20_000_000);
            assertEquals(0, test.ring().submit());
        }
    }
}
