package io.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import io.uring.testkit.RequiresKernel;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Queues that change their size. */
@ExtendWith(DescriptorsReturn.class)
@RequiresKernel("6.13")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ResizeTest {
    private static final int EOVERFLOW = 75;
    private static final int DEFERRED =
            RawRing.SINGLE_ISSUER | RawRing.DEFER_TASKRUN | RawRing.NO_SQARRAY;

    private static TestRing open(int sq, int cq) {
        return TestRing.open(RingType.BEST.config(sq, cq));
    }

    private static void nops(TestRing test, int from, int to) {
        for (int i = from; i <= to; i++) {
            ControlOps.nop(test.sqe()).userData(i);
        }
    }

    private static List<Long> taken(TestRing test, int count) {
        return test.takeNext(count).stream().map(TestRing.Event::userData).toList();
    }

    private static List<Long> numbers(int from, int to) {
        return LongStream.rangeClosed(from, to).boxed().toList();
    }

    @ParameterizedTest
    @CsvSource({
        "8, 16, 64, 256",
        "8, 16, 4, 8",
        "8, 16, 8, 16",
        "8, 16, 16, 16",
        "64, 128, 4, 16",
        "8, 64, 5, 9",
        "8, 16, 32768, 65536"
    })
    @Behaviour("RSZ-01")
    void whatIsInTheQueuesIsCarriedOver(int sq, int cq, int newSq, int newCq) {
        try (TestRing test = open(sq, cq)) {
            nops(test, 1, 5);
            assertEquals(5, test.ring().submit());
            nops(test, 6, 8);
            test.ring().resize(newSq, newCq);
            assertEquals(powerOfTwo(newSq), test.ring().sqEntries());
            assertEquals(powerOfTwo(newCq), test.ring().cqEntries());
            assertEquals(5, test.ring().readyCqes());
            assertEquals(3, test.ring().pendingSqes());
            assertEquals(3, test.ring().submit());
            assertEquals(numbers(1, 8), taken(test, 8));
            for (int i = 1; i <= 5 * Math.min(newCq, 100); i++) {
                nops(test, i, i);
                test.take(i, 0);
            }
        }
    }

    private static int powerOfTwo(int entries) {
        return Integer.highestOneBit(2 * entries - 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 250})
    @Behaviour("RSZ-01")
    void orderIsKeptWhereTheQueuesHaveWrapped(int before) {
        try (TestRing test = open(8, 16)) {
            for (int i = 0; i < before; i++) {
                nops(test, i, i);
                test.take(i, 0);
            }
            nops(test, 1, 8);
            test.ring().submit();
            nops(test, 9, 16);
            test.ring().resize(32, 64);
            nops(test, 17, 24);
            assertEquals(numbers(1, 24), taken(test, 24));
        }
    }

    @Test
    @Behaviour("RSZ-02")
    void completionsThatDoNotFitAreEoverflowAndTheRingStays() {
        try (TestRing test = open(8, 16)) {
            nops(test, 1, 6);
            test.ring().submit();
            nops(test, 7, 8);
            RingException e = assertThrows(RingException.class, () -> test.ring().resize(2, 4));
            assertEquals(EOVERFLOW, e.errno());
            assertEquals(8, test.ring().sqEntries());
            assertEquals(16, test.ring().cqEntries());
            assertEquals(numbers(1, 8), taken(test, 8));
            test.ring().resize(2, 4);
            nops(test, 9, 10);
            assertEquals(numbers(9, 10), taken(test, 2));
        }
    }

    @Test
    @Behaviour("RSZ-02")
    void submissionsThatDoNotFitAreEoverflowAndTheRingStays() {
        try (TestRing test = open(8, 16)) {
            nops(test, 1, 6);
            RingException e = assertThrows(RingException.class, () -> test.ring().resize(4, 16));
            assertEquals(EOVERFLOW, e.errno());
            assertEquals(6, test.ring().pendingSqes());
            assertEquals(numbers(1, 6), taken(test, 6));
        }
    }

    private static int resize(RawRing ring, int flags, int sq, int cq) {
        MemorySegment params = RawRing.params(flags);
        params.set(JAVA_INT, 0, sq);
        params.set(JAVA_INT, RawRing.CQ_ENTRIES, cq);
        int result = ring.register(RawRing.RESIZE_RINGS, params.address(), 1);
        if (result == 0) {
            assertEquals(0, params.get(JAVA_INT, RawRing.SQ_ARRAY));
            params.set(JAVA_INT, RawRing.FLAGS, ring.param(RawRing.FLAGS));
            ring.params.copyFrom(params);
        }
        return result;
    }

    @Test
    @Behaviour("RSZ-03")
    void kernelChecksTheArguments() {
        int both = RawRing.CQSIZE;
        try (RawRing plain = RawRing.open(8, RawRing.SINGLE_ISSUER);
                RawRing ring = RawRing.open(8, DEFERRED)) {
            assertEquals(-Errno.EINVAL, resize(plain, both, 8, 16));
            assertEquals(-Errno.EINVAL, resize(ring, both | RawRing.SQE128, 8, 16));
            assertEquals(-Errno.EINVAL, resize(ring, both | RawRing.SQPOLL, 8, 16));
            assertEquals(-Errno.EINVAL, resize(ring, both, 0, 16));
            assertEquals(-Errno.EINVAL, resize(ring, both, 8, 0));
            assertEquals(-Errno.EINVAL, resize(ring, both, 32769, 65536));
            assertEquals(-Errno.EINVAL, resize(ring, both, 8, 65537));
            assertEquals(0, resize(ring, both | RawRing.CLAMP, 40_000, 100_000));
            assertEquals(32768, ring.sqEntries());
            assertEquals(65536, ring.cqEntries());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = RingType.class,
            names = {
                "PLAIN",
                "COOP_TASKRUN",
                "SINGLE_ISSUER",
                "DEFER_TASKRUN",
                "NO_SQARRAY",
                "SQPOLL",
                "NO_MMAP"
            })
    @Behaviour({"RSZ-03", "RSZ-08"})
    void ringsOfOtherKindsAreRefusedAndGoOn(RingType type) {
        try (TestRing test = type.open()) {
            assertThrows(IllegalStateException.class, () -> test.ring().resize(8, 16));
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 8", "8, 4", "32769, 65536", "8, 65537", "-1, 8"})
    @Behaviour("RSZ-03")
    void sizesThatTheKernelWouldRefuseAreRefused(int sq, int cq) {
        try (TestRing test = open(8, 16)) {
            assertThrows(IllegalArgumentException.class, () -> test.ring().resize(sq, cq));
            assertEquals(16, test.ring().cqEntries());
        }
    }

    @Test
    @Behaviour("RSZ-04")
    void operationInFlightCompletesIntoTheNewQueue() {
        try (TestRing test = open(8, 16);
                Libc.Pair pipe = Libc.pipe()) {
            MemorySegment buffer = test.ring().allocate(8);
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), buffer, -1).userData(1);
            assertEquals(1, test.ring().submit());
            test.ring().resize(64, 256);
            test.ring().resize(2, 4);
            Libc.write(pipe.second(), "late");
            test.take(1, 4);
            assertEquals("late", Libc.string(buffer, 0, 4));
        }
    }

    @Test
    @Behaviour("RSZ-05")
    void backlogOfAnOverflowIsDeliveredIntoTheLargerQueue() {
        try (TestRing test = open(8, 8)) {
            for (int i = 0; i < 5; i++) {
                nops(test, 8 * i + 1, 8 * i + 8);
                assertEquals(8, test.ring().submit());
            }
            assertEquals(8, test.ring().readyCqes());
            test.ring().resize(8, 64);
            assertEquals(numbers(1, 40), taken(test, 40));
            assertEquals(0, test.ring().lostCompletions());
        }
    }

    @Test
    @Behaviour("RSZ-06")
    @RequiresKernel("6.14")
    void ringWithoutMmapMovesToNewMemory() {
        MemorySegment first = LibcProcess.mapped(2 * 65536);
        MemorySegment second = LibcProcess.mapped(2 * 65536);
        long small = LinuxKernel.instance().map(2 * 65536, -1, 0);
        assertEquals(0, LibcProcess.unmap(small + 65536, 65536));
        MemorySegment params = RawRing.params(DEFERRED, first.address(), first.address() + 65536);
        try (RawRing ring = RawRing.open(8, params)) {
            ring.nop(1);
            assertEquals(1, ring.enter(1, 1, RawRing.GETEVENTS));
            ring.nop(2);
            MemorySegment moved = RawRing.params(RawRing.CQSIZE);
            moved.set(JAVA_INT, 0, 16);
            moved.set(JAVA_INT, RawRing.CQ_ENTRIES, 64);
            moved.set(JAVA_LONG, RawRing.RINGS_ADDRESS, small);
            moved.set(JAVA_LONG, RawRing.SQES_ADDRESS, second.address() + 65536);
            moved.set(JAVA_INT, RawRing.CQ_ENTRIES, 8192); // twice what is mapped there
            assertEquals(-Errno.EFAULT, ring.register(RawRing.RESIZE_RINGS, moved.address(), 1));
            moved.set(JAVA_INT, RawRing.CQ_ENTRIES, 64);
            moved.set(JAVA_LONG, RawRing.RINGS_ADDRESS, second.address());
            assertEquals(0, ring.register(RawRing.RESIZE_RINGS, moved.address(), 1));
            moved.set(JAVA_INT, RawRing.FLAGS, ring.param(RawRing.FLAGS));
            ring.params.copyFrom(moved);
            ring.find();
            assertEquals(16, ring.sqEntries());
            assertEquals(64, ring.cqEntries());
            assertEquals(63, ring.cqMask());
            assertEquals(1, ring.enter(1, 2, RawRing.GETEVENTS));
            assertEquals(new RawRing.Completion(1, 0), ring.take());
            assertEquals(new RawRing.Completion(2, 0), ring.take());
            for (int i = 3; i <= 200; i++) {
                ring.nop(i);
                assertEquals(1, ring.enter(1, 1, RawRing.GETEVENTS));
                assertEquals(new RawRing.Completion(i, 0), ring.take());
            }
        }
        assertEquals(0, LibcProcess.unmap(small, 65536));
    }

    @Test
    @Behaviour("RSZ-07")
    void thousandRandomResizesUnderLoadLoseNothing() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        long mappings = LibcProcess.ringMappings();
        try (TestRing test = open(16, 64);
                Libc.Pair pipe = Libc.pipe()) {
            MemorySegment buffer = test.ring().allocate(8);
            List<Long> expected = new ArrayList<>();
            List<Long> seen = new ArrayList<>();
            long next = 1;
            int resized = 0;
            for (int round = 0; round < 1000; round++) {
                next = prepareSome(test, random, next, expected);
                FileOps.read(nextOrSubmit(test), Descriptor.of(pipe.first()), buffer, -1)
                        .userData(-1 - round);
                if (random.nextBoolean()) {
                    test.ring().submit();
                }
                resized += resizes(test, random) ? 1 : 0;
                Libc.write(pipe.second(), "x");
                test.take(-1 - round, 1);
                test.takeReady().forEach(event -> seen.add(event.userData()));
            }
            assertEquals(expected, seen, "seed " + seed);
            assertTrue(resized > 500, resized + " of seed " + seed);
            assertEquals(0, test.ring().lostCompletions());
            assertEquals(mappings + 2, LibcProcess.ringMappings());
        }
        assertEquals(mappings, LibcProcess.ringMappings());
    }

    private static long prepareSome(TestRing test, Random random, long from, List<Long> expected) {
        long next = from;
        for (int i = random.nextInt(20); i > 0; i--) {
            ControlOps.nop(nextOrSubmit(test)).userData(next);
            expected.add(next++);
        }
        return next;
    }

    private static Sqe nextOrSubmit(TestRing test) {
        Sqe sqe = test.ring().nextSqe();
        if (sqe == null) {
            test.ring().submit();
            sqe = test.sqe();
        }
        return sqe;
    }

    /** Whether the queues had room for what is in them. */
    private static boolean resizes(TestRing test, Random random) {
        int sq = 1 + random.nextInt(64);
        int cq = sq + random.nextInt(128);
        try {
            test.ring().resize(sq, cq);
            assertEquals(powerOfTwo(sq), test.ring().sqEntries());
            return true;
        } catch (RingException e) {
            assertEquals(EOVERFLOW, e.errno());
            return false;
        }
    }

    @Test
    @Behaviour("RSZ-08")
    void indexArrayIsGoneAfterAResize() {
        int flags = RawRing.SINGLE_ISSUER | RawRing.DEFER_TASKRUN;
        try (RawRing ring = RawRing.open(8, flags)) {
            assertNotEquals(0, ring.param(RawRing.SQ_ARRAY));
            assertEquals(0, resize(ring, RawRing.CQSIZE, 16, 32));
            assertEquals(0, ring.param(RawRing.SQ_ARRAY));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = RingType.class,
            names = {"CQE32", "SQE128", "CQE_MIXED"})
    @Behaviour("RSZ-01")
    void emptyQueuesOfWideEntriesAreResized(RingType type) {
        try (TestRing test = TestRing.open(type.config(8, 16))) {
            for (int size : new int[] {16, 4, 64}) {
                test.ring().resize(size, 2 * size);
                for (int i = 0; i < 5 * size; i++) {
                    nops(test, i, i);
                    test.take(i, 0);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = RingType.class,
            names = {"CQE32", "SQE128", "CQE_MIXED"})
    @Behaviour("RSZ-01")
    void fullQueuesOfWideEntriesAreCarriedOver(RingType type) {
        try (TestRing test = TestRing.open(type.config(8, 16))) {
            nops(test, 1, 5);
            test.ring().submit();
            nops(test, 6, 10);
            test.ring().resize(32, 64);
            assertEquals(numbers(1, 10), taken(test, 10));
        }
    }

    @Test
    void resizeInTheMiddleOfADrainIsRefused() {
        try (TestRing test = open(8, 16)) {
            nops(test, 1, 1);
            test.ring().submit();
            int[] seen = {0};
            test.ring()
                    .drain((u, r, f) -> {
                        assertThrows(IllegalStateException.class, () -> test.ring().resize(8, 32));
                        seen[0]++;
                    });
            assertEquals(1, seen[0]);
        }
    }

    /** An entry that was handed out before writes nowhere afterwards. */
    @Test
    void entryKeptOverAResizeWritesNowhere() {
        try (TestRing test = open(8, 16)) {
            Sqe kept = test.sqe();
            ControlOps.nop(kept).userData(1);
            test.ring().resize(16, 32);
            kept.userData(99);
            assertEquals(numbers(1, 1), taken(test, 1));
        }
    }

    @Test
    void failedMappingAfterAResizeLeavesARingThatCloses() {
        FaultyKernel kernel = new FaultyKernel();
        RingConfig config = new RingConfig(8, 16, Set.of());
        Ring ring = Ring.open(config, kernel);
        ring.enable();
        kernel.failingMap = 5; // two trials, the rings and the entries came before
        assertThrows(RingException.class, () -> ring.resize(16, 32));
        ring.close();
        assertEquals(0, kernel.openDescriptors());
        assertEquals(0, kernel.openMappings());
    }
}
