package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.Abi;
import io.uring.testkit.Behaviour;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Completions of 32 bytes, alone and mixed with those of 16. */
@ExtendWith(DescriptorsReturn.class)
final class ExtendedCompletionTest {
    private static final long PATTERN = 0x0101_0101_0101_0101L;

    /** A completion with its extra words. */
    record Extended(long userData, int result, boolean large, long extra1, long extra2) {}

    private final List<Extended> seen = new ArrayList<>();
    private final List<Extended> expected = new ArrayList<>();

    private void record(long userData, int result, int flags, long extra1, long extra2) {
        if (seen.size() > expected.size() + 16) { // an endless drain
            throw new AssertionError(seen.size() + " completions of " + expected.size());
        }
        seen.add(new Extended(userData, result, (flags & Cqe.F_32) != 0, extra1, extra2));
    }

    private void prepare(TestRing test, long userData, boolean large) {
        boolean mixed = test.ring().config().has(Abi.SETUP_CQE_MIXED);
        if (large) {
            ControlOps.nopExtended(test.sqe(), userData * PATTERN, ~userData).userData(userData);
            expected.add(new Extended(userData, 0, mixed, userData * PATTERN, ~userData));
        } else {
            ControlOps.nop(test.sqe()).userData(userData);
            expected.add(new Extended(userData, 0, false, 0, 0));
        }
    }

    private void takeAll(TestRing test) {
        takeCount(test);
        assertEquals(expected, seen);
    }

    private void takeCount(TestRing test) {
        long start = System.nanoTime();
        while (seen.size() < expected.size()) {
            assertTrue(System.nanoTime() - start < TestRing.LIMIT_NANOS, "too few");
            test.ring().submitAndWait(1, TestRing.LIMIT_NANOS);
            test.ring().drain(this::record);
        }
    }

    /** Also where an earlier entry of the same place had something in them. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @Behaviour("CQ-08")
    void extraBytesAreZeroUnlessTheOperationSetsThem(boolean poll) {
        RingType type = poll ? RingType.SQPOLL : RingType.BEST;
        RingConfig config = type.config(2, 4).cqe32();
        try (TestRing test = TestRing.open(config)) {
            for (int i = 1; i <= 40; i++) {
                prepare(test, i, i % 3 == 0);
                takeAll(test);
            }
        }
    }

    @Test
    @Behaviour("CQ-08")
    void plainHandlerReadsLargeEntriesToo() {
        try (TestRing test = RingType.CQE32.open()) {
            for (int i = 1; i <= 10; i++) {
                ControlOps.nopExtended(test.sqe(), -1, -1).userData(i);
            }
            for (int i = 1; i <= 10; i++) {
                assertEquals(new TestRing.Event(i, 0, 0), test.take(i));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PLAIN", "DEFER_TASKRUN", "SQPOLL", "SQE128", "NO_MMAP"})
    @Behaviour("CQ-08")
    void ringWithSmallEntriesRefusesLargeOnesAndReportsZeroes(RingType type) {
        try (TestRing test = type.open()) {
            ControlOps.nopExtended(test.sqe(), 1, 2).userData(1);
            test.take(1, -Errno.EINVAL);
            ControlOps.nop(test.sqe(), 5).userData(2);
            expected.add(new Extended(2, 5, false, 0, 0));
            takeAll(test);
        }
    }

    @Test
    @Behaviour("CQ-09")
    void fillerStandsWhereALargeEntryDoesNotFit() {
        try (TestRing test = TestRing.open(RingType.CQE_MIXED.config(8, 8))) {
            Ring ring = test.ring();
            for (int i = 1; i <= 7; i++) {
                prepare(test, i, false);
            }
            takeAll(test); // one place is left before the end
            prepare(test, 8, true);
            ring.submit();
            assertEquals(3, ring.readyCqes()); // the filler, and two places from the beginning
            assertEquals(1, ring.drain(this::record));
            assertEquals(expected, seen);
            assertEquals(0, ring.readyCqes());
            prepare(test, 9, true); // places 2 and 3: no filler
            ring.submit();
            assertEquals(2, ring.readyCqes());
            takeAll(test);
        }
    }

    @Test
    @Behaviour("CQ-09")
    void limitCountsCompletionsAndNoFillers() {
        try (TestRing test = TestRing.open(RingType.CQE_MIXED.config(8, 8))) {
            Ring ring = test.ring();
            for (int i = 1; i <= 7; i++) {
                prepare(test, i, false);
            }
            takeAll(test);
            prepare(test, 8, true);
            prepare(test, 9, false);
            ring.submit();
            List<Long> taken = new ArrayList<>();
            assertEquals(1, ring.drain((userData, result, flags) -> taken.add(userData), 1));
            assertEquals(List.of(8L), taken);
            assertEquals(1, ring.drain((userData, result, flags) -> taken.add(userData), 1));
            assertEquals(List.of(8L, 9L), taken);
            assertEquals(0, ring.readyCqes());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8, 16})
    @Behaviour("CQ-09")
    void mixedEntriesWrapWithoutBeingTorn(int entries) {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        try (TestRing test = TestRing.open(RingType.CQE_MIXED.config(entries, entries))) {
            long userData = 0;
            for (int round = 0; round < 2_000; round++) {
                int places = entries;
                boolean large = random.nextBoolean();
                while (places >= (large ? 3 : 1)) { // a filler takes one, too
                    prepare(test, ++userData, large);
                    places -= large ? 3 : 1;
                    large = random.nextBoolean();
                }
                takeAll(test);
                seen.clear();
                expected.clear();
            }
            assertTrue(userData > 2_000 || entries == 2, "seed " + seed);
        }
    }

    /** With a filler before them, and with none. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4, 16})
    @Behaviour("CQ-10")
    void overflowOfLargeEntriesOfAMixedQueueLosesAndTearsNothing(int entries) {
        try (TestRing test = TestRing.open(RingType.CQE_MIXED.config(1, entries))) {
            long userData = 0;
            for (int round = 0; round < 50; round++) {
                prepare(test, ++userData, false);
                takeAll(test); // the next large entries begin one place further
                for (int i = 0; i < 100; i++) {
                    prepare(test, ++userData, true);
                    test.ring().submit();
                }
                takeAll(test);
            }
            assertEquals(0, test.ring().lostCompletions());
            assertTrue(test.ring().overflows() > 0);
        }
    }

    /**
     * Linux 6.18 fills the last place, finds no room for the large entry, and then writes the next
     * small one over the filler: the tail is one place further than the queue is long.
     */
    @Test
    @Behaviour("CQ-10")
    void smallEntryInThePlaceOfAFillerIsDeliveredOnceAndInsideOfTheQueue() {
        try (TestRing test = TestRing.open(RingType.CQE_MIXED.config(1, 4))) {
            for (int i = 1; i <= 5; i++) {
                prepare(test, i, i == 4);
                test.ring().submit();
            }
            takeCount(test);
            seen.sort(Comparator.comparingLong(Extended::userData));
            assertEquals(expected, seen);
            assertEquals(0, test.ring().readyCqes());
        }
    }

    @Test
    @Behaviour("CQ-10")
    void overflowOfLargeEntriesLosesAndTearsNothing() {
        try (TestRing test = TestRing.open(RingType.CQE32.config(1, 2))) {
            for (int i = 1; i <= 300; i++) {
                prepare(test, i, i % 2 == 0);
                test.ring().submit();
            }
            takeAll(test);
            assertEquals(0, test.ring().lostCompletions());
        }
    }
}
