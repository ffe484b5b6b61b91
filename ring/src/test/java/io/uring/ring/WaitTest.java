package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(DescriptorsReturn.class)
final class WaitTest {
    private static final int ETIME = -62;
    private static final long MILLIS = 1_000_000;

    @ParameterizedTest
    @ValueSource(longs = {1, 999, 50_000, 5 * MILLIS, 50 * MILLIS})
    @Behaviour("WAIT-02")
    void timeoutWithNothingPendingIsEtimeAndNeverEarly(long timeoutNanos) {
        try (TestRing test = TestRing.open()) {
            long start = System.nanoTime();
            assertEquals(ETIME, test.ring().submitAndWait(1, timeoutNanos));
            long nanos = System.nanoTime() - start;
            assertTrue(nanos >= timeoutNanos, nanos + " < " + timeoutNanos);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE})
    @Behaviour("WAIT-06")
    void timeoutInThePastPolls(long timeoutNanos) {
        try (TestRing test = TestRing.open()) {
            assertEquals(ETIME, test.ring().submitAndWait(1, timeoutNanos));
        }
    }

    @Test
    void longTimeoutIsNoOverflow() {
        try (TestRing test = TestRing.open()) {
            ControlOps.nop(test.sqe()).userData(1);
            assertEquals(1, test.ring().submitAndWait(1, Long.MAX_VALUE - 1));
            test.take(1, 0);
        }
    }

    @Test
    @Behaviour({"WAIT-03", "WAIT-21"})
    void timeoutWithFewerThanWantedReturnsThem() {
        try (TestRing test = TestRing.open()) {
            for (int i = 1; i <= 3; i++) {
                ControlOps.nop(test.sqe()).userData(i);
            }
            test.ring().submit();
            long start = System.nanoTime();
            assertEquals(0, test.ring().submitAndWait(8, 10 * MILLIS));
            assertTrue(System.nanoTime() - start >= 10 * MILLIS);
            assertEquals(3, test.ring().readyCqes());
            assertEquals(3, test.takeReady().size());
        }
    }

    @Test
    @Behaviour("WAIT-04")
    void timeoutAfterASubmissionInTheSameCallReturnsTheSubmission() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            PollOps.poll(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(1);
            assertEquals(1, test.ring().submitAndWait(1, 5 * MILLIS));
            assertEquals(0, test.ring().readyCqes());
            CancelOps.cancel(test.sqe(), 1).userData(2);
            test.take(2, 0);
            test.take(1, -125);
        }
    }

    @Test
    @Behaviour("WAIT-01")
    void waitForSeveralReturnsWhenAllAreThere() {
        try (TestRing test = TestRing.open(8, 8)) {
            for (int i = 1; i <= 5; i++) {
                ControlOps.nop(test.sqe()).userData(i);
            }
            assertEquals(5, test.ring().submitAndWait(5, Ring.FOREVER));
            assertEquals(5, test.ring().readyCqes());
            assertEquals(5, test.takeReady().size());
        }
    }

    @Test
    @Behaviour("WAIT-01")
    void waitForMoreThanTheQueueHoldsWaitsForAFullQueue() {
        try (TestRing test = TestRing.open(4, 4)) {
            for (int i = 1; i <= 4; i++) {
                ControlOps.nop(test.sqe()).userData(i);
            }
            assertEquals(4, test.ring().submitAndWait(1000, TestRing.LIMIT_NANOS));
            assertEquals(4, test.takeReady().size());
        }
    }

    @Test
    @Behaviour("WAIT-20")
    void waitForNothingNeverBlocks() {
        try (TestRing test = TestRing.open()) {
            assertEquals(0, test.ring().submitAndWait(0, Ring.FOREVER));
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.ring.SubmissionTest#types")
    @Behaviour("ERR-08")
    void everyTypeOfRingEndsItsWaitInTime(Set<Feature> masked) {
        try (TestRing test = TestRing.open(new RingConfig(8, 32, masked))) {
            long start = System.nanoTime();
            test.ring().submitAndWait(1, 20 * MILLIS);
            assertTrue(System.nanoTime() - start >= 20 * MILLIS);
            onlyTimers(test.takeReady());
        }
    }

    /** Without EXT_ARG the deadline is a timeout operation, whose completion nobody wants. */
    @Test
    @Behaviour("ERR-08")
    void withoutExtArgTheDeadlineIsAnOperationWithoutUserData() {
        try (TestRing test = TestRing.open(8, 32, Feature.EXT_ARG)) {
            test.ring().submitAndWait(1, MILLIS);
            assertEquals(List.of(new TestRing.Event(0, ETIME, 0)), test.takeReady());
        }
    }

    @Test
    @Behaviour("ERR-08")
    void withoutExtArgTheDeadlineEndsAWaitForSeveral() {
        try (TestRing test = TestRing.open(8, 32, Feature.EXT_ARG)) {
            ControlOps.nop(test.sqe()).userData(1);
            test.ring().submitAndWait(3, 5 * MILLIS);
            test.take(1, 0);
            onlyTimers(test.takeReady());
        }
    }

    @Test
    @Behaviour("ERR-08")
    void withoutExtArgAFullQueueIsSubmittedInsteadOfWaitedFor() {
        try (TestRing test = TestRing.open(2, 32, Feature.EXT_ARG)) {
            ControlOps.nop(test.sqe()).userData(1);
            ControlOps.nop(test.sqe()).userData(2);
            assertEquals(2, test.ring().submitAndWait(1, MILLIS));
            test.take(1, 0);
            test.take(2, 0);
        }
    }

    private static void onlyTimers(List<TestRing.Event> events) {
        for (TestRing.Event event : events) {
            assertEquals(Ring.NO_USER_DATA, event.userData());
        }
    }

    @Test
    @Behaviour("TMO-01")
    void timeoutOperationIsEtimeAndNotEarly() {
        try (TestRing test = TestRing.open()) {
            long start = System.nanoTime();
            TimeoutOps.timeout(test.sqe(), timespec(5 * MILLIS), 0).userData(1);
            test.take(1, ETIME);
            assertTrue(System.nanoTime() - start >= 5 * MILLIS);
        }
    }

    @Test
    @Behaviour("TMO-02")
    void timeoutOperationEndsWhenTheCountOfOthersIsReached() {
        try (TestRing test = TestRing.open()) {
            TimeoutOps.timeout(test.sqe(), timespec(TestRing.LIMIT_NANOS), 2).userData(1);
            ControlOps.nop(test.sqe()).userData(2);
            ControlOps.nop(test.sqe()).userData(3);
            test.take(1, 0);
            test.take(2, 0);
            test.take(3, 0);
        }
    }

    @Test
    @Behaviour("TMO-06")
    void removedTimeoutIsCancelled() {
        try (TestRing test = TestRing.open()) {
            TimeoutOps.timeout(test.sqe(), timespec(TestRing.LIMIT_NANOS), 0).userData(1);
            TimeoutOps.timeoutRemove(test.sqe(), 1).userData(2);
            TimeoutOps.timeoutRemove(test.sqe(), 99).userData(3);
            test.take(1, -125);
            test.take(2, 0);
            test.take(3, -2);
        }
    }

    @Test
    @Behaviour("SUB-13")
    void timespecMayBeOverwrittenOnceSubmitted() {
        try (TestRing test = TestRing.open()) {
            Timespec time = timespec(5 * MILLIS);
            TimeoutOps.timeout(test.sqe(), time, 0).userData(1);
            test.ring().submit();
            time.set(1_000_000, 0);
            test.take(1, ETIME);
        }
    }

    private static Timespec timespec(long nanos) {
        return new Timespec(Arena.ofAuto()).nanos(nanos);
    }
}
