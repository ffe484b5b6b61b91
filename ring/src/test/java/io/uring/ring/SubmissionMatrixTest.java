package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Submission that is the same on every kind of ring. */
@ExtendWith(DescriptorsReturn.class)
final class SubmissionMatrixTest {
    /** A number that no descriptor of a test has. */
    private static final Descriptor NO_FILE = Descriptor.of(1_000_000);

    private static List<Long> userData(List<TestRing.Event> events) {
        return events.stream().map(TestRing.Event::userData).toList();
    }

    private static List<Long> range(long first, long last) {
        return LongStream.rangeClosed(first, last).boxed().toList();
    }

    /** The polling thread may have taken entries before they are counted. */
    private static void assertSubmits(int expected, RingType type, TestRing test) {
        int submitted = test.ring().submit();
        assertTrue(type.polls() ? submitted >= 0 : submitted == expected, () -> "" + submitted);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SUB-01")
    void batchOfNopsCompletesInOrder(RingType type) {
        try (TestRing test = type.open()) {
            for (int round = 0; round < 10; round++) {
                for (int i = 1; i <= 5; i++) {
                    ControlOps.nop(test.sqe()).userData(round * 10L + i);
                }
                assertSubmits(5, type, test);
                List<TestRing.Event> events = test.takeNext(5);
                assertEquals(range(round * 10L + 1, round * 10L + 5), userData(events));
                assertTrue(events.stream().allMatch(event -> event.result() == 0));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SUB-02")
    void userDataComesBackWithAll64Bits(RingType type) {
        long[] all = {-1, 0, Long.MIN_VALUE, Long.MAX_VALUE, 0xAAAA_5555_0F0F_F0F0L};
        try (TestRing test = type.open()) {
            for (long userData : all) {
                ControlOps.nop(test.sqe()).userData(userData);
                test.take(userData, 0);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SUB-03")
    void fullQueueHandsOutNothingAndIsAllFreeOnceSubmitted(RingType type) {
        try (TestRing test = TestRing.open(type.config(4, 32))) {
            for (int round = 0; round < 3; round++) {
                for (int i = 1; i <= 4; i++) {
                    ControlOps.nop(test.sqe()).userData(round * 4L + i);
                }
                assertNull(test.ring().nextSqe());
                assertNull(test.ring().nextSqe());
                assertEquals(4, test.ring().pendingSqes());
                assertSubmits(4, type, test);
                assertEquals(range(round * 4L + 1, round * 4L + 4), userData(test.takeNext(4)));
                assertEquals(0, test.ring().pendingSqes());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SUB-04")
    void indicesWrapOverMoreThan65536Submissions(RingType type) {
        try (TestRing test = TestRing.open(type.config(64, 128))) {
            Ring ring = test.ring();
            long[] next = {1};
            CompletionHandler inOrder =
                    (userData, result, flags) -> assertEquals(next[0]++, userData + result);
            long submitted = 0;
            long start = System.nanoTime();
            while (submitted < 66_000) {
                for (int i = 0; i < 64; i++) {
                    ControlOps.nop(test.sqe()).userData(++submitted);
                }
                while (next[0] <= submitted) {
                    ring.submitAndWait(1, TestRing.LIMIT_NANOS);
                    ring.drain(inOrder);
                    assertTrue(System.nanoTime() - start < 6 * TestRing.LIMIT_NANOS, "stuck");
                }
            }
            assertEquals(submitted + 1, next[0]);
        }
    }

    /** Nothing of an earlier operation is left in a slot that is used again. */
    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SUB-14")
    void reusedSlotHasNothingOfItsFormerOperation(RingType type) {
        try (TestRing test = TestRing.open(type.config(1, 8))) {
            for (int round = 0; round < 3; round++) {
                Sqe poisoned = test.sqe().opcode(Opcode.NOP).userData(1);
                for (int offset = 2; offset < 64; offset += 2) {
                    if (offset < 32 || offset >= 40) {
                        poisoned.putShort(offset, 0xA5A5);
                    }
                }
                assertEquals(-Errno.EINVAL, test.take(1).result());
                ControlOps.close(test.sqe(), NO_FILE).userData(2);
                test.take(2, -Errno.EBADF); // any stale field would be EINVAL
                ControlOps.nop(test.sqe(), 7).userData(3);
                test.take(3, 7);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SUB-19")
    void asyncNopsAndReadsGiveWhatInlineOnesGive(RingType type, @TempDir Path directory) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            int file = Libc.create(directory.resolve("file"));
            try {
                Libc.write(file, "0123456789");
                for (boolean async : new boolean[] {false, true}) {
                    MemorySegment fromFile = arena.allocate(32);
                    MemorySegment fromPipe = arena.allocate(32);
                    flag(ControlOps.nop(test.sqe()), async).userData(1);
                    flag(FileOps.read(test.sqe(), Descriptor.of(file), fromFile, 2), async)
                            .userData(2);
                    flag(
                                    FileOps.read(
                                            test.sqe(),
                                            Descriptor.of(pipe.first()),
                                            fromPipe,
                                            FileOps.CURRENT_POSITION),
                                    async)
                            .userData(3);
                    flag(FileOps.read(test.sqe(), NO_FILE, fromFile, 0), async).userData(4);
                    test.ring().submit();
                    Libc.write(pipe.second(), "pipe");
                    test.take(1, 0);
                    test.take(2, 8);
                    test.take(3, 4);
                    test.take(4, -Errno.EBADF);
                    assertEquals("23456789", Libc.string(fromFile, 0, 8));
                    assertEquals("pipe", Libc.string(fromPipe, 0, 4));
                }
            } finally {
                Libc.close(file);
            }
        }
    }

    private static Sqe flag(Sqe sqe, boolean async) {
        return async ? sqe.async() : sqe;
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"SUB-07", "SUB-08"})
    void invalidEntryStopsTheBatchOnlyWithoutSubmitAll(RingType type) {
        try (TestRing test = type.open()) {
            ControlOps.nop(test.sqe()).userData(1);
            ControlOps.close(test.sqe(), Descriptor.of(0)).ioprio(77).userData(2);
            ControlOps.nop(test.sqe()).userData(3);
            boolean all = test.ring().capabilities().has(Feature.SUBMIT_ALL) || type.polls();
            assertSubmits(all ? 3 : 2, type, test);
            test.take(1, 0);
            test.take(2, -Errno.EINVAL);
            test.take(3, 0);
        }
    }
}
