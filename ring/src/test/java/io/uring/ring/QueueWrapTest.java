package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.uring.testkit.Behaviour;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The queues' arithmetic, on counters that no test on the real kernel reaches. */
final class QueueWrapTest {
    private static final RingConfig CONFIG =
            new RingConfig(8, 32, Set.of(Feature.NO_SQARRAY)); // the index array is used

    @ParameterizedTest
    @ValueSource(ints = {0, -1, -3, -8, Integer.MAX_VALUE - 2, Integer.MIN_VALUE})
    @Behaviour({"SUB-01", "SUB-04"})
    void countersWrapWithoutLosingAnEntry(int counters) {
        MemoryKernel kernel = new MemoryKernel(counters);
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            long userData = 0;
            for (int batch = 1; batch <= 20; batch++) {
                int entries = batch % 8 + 1;
                for (int i = 0; i < entries; i++) {
                    ControlOps.nop(test.sqe()).userData(++userData);
                }
                assertEquals(entries, test.ring().pendingSqes());
                assertEquals(entries, test.ring().submit());
                List<Long> expected =
                        LongStream.rangeClosed(userData - entries + 1, userData).boxed().toList();
                assertEquals(entries, test.ring().readyCqes());
                assertEquals(
                        expected, test.takeNext(entries).stream().map(e -> e.userData()).toList());
            }
            assertEquals(counters + (int) userData, kernel.tail());
            assertEquals(counters + (int) userData, kernel.completionHead());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -5, Integer.MAX_VALUE - 2})
    @Behaviour("SUB-03")
    void fullQueueHandsOutNothingWhateverTheCounters(int counters) {
        try (TestRing test = TestRing.open(CONFIG, new MemoryKernel(counters))) {
            for (int i = 1; i <= 8; i++) {
                ControlOps.nop(test.sqe()).userData(i);
            }
            assertNull(test.ring().nextSqe());
            assertEquals(8, test.ring().submit());
            assertEquals(
                    List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L),
                    test.takeNext(8).stream().map(e -> e.userData()).toList());
        }
    }

    @Test
    void indexArrayNamesEachSlotOnce() {
        MemoryKernel kernel = new MemoryKernel(0);
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            for (int i = 0; i < test.ring().sqEntries(); i++) {
                assertEquals(i, kernel.arrayEntry(i));
            }
        }
    }

    @Test
    @Behaviour("CQ-09")
    void fillerCompletionIsConsumedAndNotReported() {
        MemoryKernel kernel = new MemoryKernel(0);
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            kernel.cqeFlags = 1 << 5;
            ControlOps.nop(test.sqe()).userData(1);
            test.ring().submit();
            kernel.cqeFlags = 0;
            ControlOps.nop(test.sqe()).userData(2);
            test.ring().submit();
            test.take(2, 0);
            assertEquals(0, test.ring().readyCqes());
        }
    }

    @Test
    void lostCompletionsAreCounted() {
        MemoryKernel kernel = new MemoryKernel(0);
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            assertEquals(0, test.ring().lostCompletions());
            kernel.countLost(3);
            assertEquals(3, test.ring().lostCompletions());
        }
    }
}
