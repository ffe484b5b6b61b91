package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sizes and submission on the real kernel, over the types of ring that masks make. */
@ExtendWith(DescriptorsReturn.class)
final class SubmissionTest {
    static Stream<Named<Set<Feature>>> types() {
        return Stream.of(
                Named.of("best", Set.of()),
                Named.of("index array", Set.of(Feature.NO_SQARRAY)),
                Named.of("single issuer, cooperative", Set.of(Feature.DEFER_TASKRUN)),
                Named.of("any issuer, cooperative", Set.of(Feature.SINGLE_ISSUER)),
                Named.of("interrupting", Set.of(Feature.DEFER_TASKRUN, Feature.COOP_TASKRUN)),
                Named.of("two mappings", Set.of(Feature.SINGLE_MMAP)),
                Named.of(
                        "plain",
                        Set.of(
                                Feature.NO_SQARRAY,
                                Feature.SINGLE_MMAP,
                                Feature.R_DISABLED,
                                Feature.COOP_TASKRUN,
                                Feature.SUBMIT_ALL,
                                Feature.CLAMP,
                                Feature.EXT_ARG,
                                Feature.RING_FDS,
                                Feature.NO_IOWAIT)));
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1",
        "1, 2, 1, 2",
        "2, 4, 2, 4",
        "3, 9, 4, 16",
        "5, 5, 8, 8",
        "100, 400, 128, 512",
        "32768, 65536, 32768, 65536"
    })
    @Behaviour({"SET-01", "SET-04"})
    void sizesAreRoundedUpToPowersOfTwo(int sq, int cq, int sqRounded, int cqRounded) {
        try (TestRing test = TestRing.open(sq, cq)) {
            assertEquals(sqRounded, test.ring().sqEntries());
            assertEquals(cqRounded, test.ring().cqEntries());
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0);
        }
    }

    @Test
    @Behaviour("SET-01")
    void withoutCqsizeTheKernelChoosesTwiceTheSubmissionQueue() {
        try (TestRing test = TestRing.open(16, 4096, Feature.CQSIZE)) {
            assertEquals(16, test.ring().sqEntries());
            assertEquals(32, test.ring().cqEntries());
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    @Behaviour({"SUB-01", "SET-19"})
    void batchOfNopsCompletesInOrder(Set<Feature> masked) {
        try (TestRing test = TestRing.open(new RingConfig(8, 32, masked))) {
            for (int round = 0; round < 10; round++) {
                for (int i = 1; i <= 5; i++) {
                    ControlOps.nop(test.sqe()).userData(round * 10 + i);
                }
                assertEquals(5, test.ring().pendingSqes());
                assertEquals(5, test.ring().submitAndWait(5, Ring.FOREVER));
                assertEquals(0, test.ring().pendingSqes());
                List<Long> expected =
                        LongStream.rangeClosed(round * 10 + 1, round * 10 + 5).boxed().toList();
                assertEquals(expected, test.takeNext(5).stream().map(e -> e.userData()).toList());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, 0x0123456789ABCDEFL, 1L << 32})
    @Behaviour("SUB-02")
    void userDataComesBackWithAll64Bits(long userData) {
        try (TestRing test = TestRing.open()) {
            ControlOps.nop(test.sqe()).userData(userData);
            test.take(userData, 0);
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    @Behaviour("SUB-03")
    void fullQueueHandsOutNothingAndOverwritesNothing(Set<Feature> masked) {
        try (TestRing test = TestRing.open(new RingConfig(4, 32, masked))) {
            for (int i = 1; i <= 4; i++) {
                ControlOps.nop(test.sqe()).userData(i);
            }
            assertNull(test.ring().nextSqe());
            assertNull(test.ring().nextSqe());
            assertEquals(4, test.ring().submit());
            for (int i = 5; i <= 8; i++) {
                ControlOps.nop(test.sqe()).userData(i);
            }
            assertNull(test.ring().nextSqe());
            assertEquals(4, test.ring().submit());
            assertEquals(
                    LongStream.rangeClosed(1, 8).boxed().toList(),
                    test.takeNext(8).stream().map(e -> e.userData()).toList());
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    @Behaviour({"SUB-04", "SET-19"})
    void indicesWrapOverMoreThan65536Submissions(Set<Feature> masked) {
        try (TestRing test = TestRing.open(new RingConfig(64, 128, masked))) {
            Ring ring = test.ring();
            long[] next = {1};
            CompletionHandler inOrder =
                    (userData, result, flags) -> assertEquals(next[0]++, userData + result);
            long submitted = 0;
            while (submitted < 70_000) {
                for (Sqe sqe = ring.nextSqe(); sqe != null; sqe = ring.nextSqe()) {
                    ControlOps.nop(sqe).userData(++submitted);
                }
                assertEquals(64, ring.submitAndWait(64, Ring.FOREVER));
                assertEquals(64, ring.drain(inOrder));
            }
            assertEquals(submitted + 1, next[0]);
        }
    }

    @Test
    @Behaviour("SUB-07")
    void withoutSubmitAllAnInvalidEntryStopsTheBatchAndTheRestGoesNext() {
        try (TestRing test = TestRing.open(8, 32, Feature.SUBMIT_ALL)) {
            queueWithInvalidSecond(test);
            assertEquals(2, test.ring().submit());
            assertEquals(1, test.ring().pendingSqes());
            assertEquals(1, test.ring().submit());
            takeWithInvalidSecond(test);
        }
    }

    @Test
    @Behaviour("SUB-08")
    void withSubmitAllAnInvalidEntryDoesNotStopTheBatch() {
        try (TestRing test = TestRing.open()) {
            queueWithInvalidSecond(test);
            assertEquals(3, test.ring().submit());
            assertEquals(0, test.ring().pendingSqes());
            takeWithInvalidSecond(test);
        }
    }

    private static void queueWithInvalidSecond(TestRing test) {
        ControlOps.nop(test.sqe()).userData(1);
        ControlOps.close(test.sqe(), Descriptor.of(0)).ioprio(77).userData(2);
        ControlOps.nop(test.sqe()).userData(3);
    }

    private static void takeWithInvalidSecond(TestRing test) {
        test.take(1, 0);
        test.take(2, -22);
        test.take(3, 0);
    }

    @Test
    @Behaviour("SUB-11")
    void slotWithoutARegisteredFileIsABadDescriptor() {
        try (TestRing test = TestRing.open()) {
            SocketOps.shutdown(test.sqe(), Descriptor.direct(0), 2).userData(1);
            ControlOps.close(test.sqe(), Descriptor.direct(5)).userData(2);
            test.take(1, -9);
            test.take(2, -6);
        }
    }

    @Test
    void clearedEntryIsANopWithoutUserData() {
        try (TestRing test = TestRing.open()) {
            ControlOps.close(test.sqe(), Descriptor.of(0)).userData(7).clear();
            test.take(Ring.NO_USER_DATA, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 128})
    @Behaviour("SUB-14")
    void handedOutSlotIsClearedAndItsNeighbourIsNot(int bytes) {
        MemorySegment slots = Arena.ofAuto().allocate(2L * bytes, 64).fill((byte) 0xA5);
        new Sqe(KernelSupport.ALL, bytes).at(slots.address());
        for (int i = 0; i < 2 * bytes; i++) {
            int expected = i < bytes ? 0 : (byte) 0xA5;
            assertEquals(expected, slots.get(ValueLayout.JAVA_BYTE, i), "byte " + i);
        }
    }

    @Test
    @Behaviour("CQ-05")
    void drainOfAnEmptyQueueGivesNothing() {
        try (TestRing test = TestRing.open()) {
            assertEquals(0, test.ring().readyCqes());
            assertEquals(0, test.ring().drain((u, r, f) -> {}));
        }
    }
}
