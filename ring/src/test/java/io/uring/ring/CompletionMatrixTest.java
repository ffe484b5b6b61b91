package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.Eventually;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Completions that are the same on every kind of ring. */
@ExtendWith(DescriptorsReturn.class)
final class CompletionMatrixTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private static void nops(TestRing test, long first, long last) {
        for (long i = first; i <= last; i++) {
            Sqe sqe = test.ring().nextSqe();
            while (sqe == null) {
                test.ring().submit();
                sqe = test.ring().nextSqe();
            }
            ControlOps.nop(sqe).userData(i);
        }
        test.ring().submit();
    }

    private static List<Long> range(long first, long last) {
        return LongStream.rangeClosed(first, last).boxed().toList();
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CQ-01")
    void drainWithALimitLeavesTheRest(RingType type) {
        try (TestRing test = TestRing.open(type.config(16, 32))) {
            Ring ring = test.ring();
            nops(test, 1, 10);
            Eventually.isTrue(LIMIT, "10 completions", () -> ring.readyCqes() == 10);
            List<Long> seen = new ArrayList<>();
            CompletionHandler handler = (userData, result, flags) -> seen.add(userData);
            assertEquals(0, ring.drain(handler, 0));
            assertEquals(10, ring.readyCqes());
            int left = 10;
            for (int limit = 1; limit <= 3; limit++) {
                assertEquals(limit, ring.drain(handler, limit));
                left -= limit;
                assertEquals(left, ring.readyCqes());
                assertEquals(range(1, 10 - left), seen);
            }
            assertEquals(4, ring.drain(handler, 100));
            assertEquals(range(1, 10), seen);
            assertEquals(0, ring.readyCqes());
            assertEquals(0, ring.drain(handler, 1));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"CQ-02", "CQ-03"})
    void overflowKeepsAllInOrderAndTakesMoreSubmissions(RingType type) {
        try (TestRing test = TestRing.open(type.config(4, 4))) {
            Ring ring = test.ring();
            nops(test, 1, 12);
            Eventually.isTrue(LIMIT, "all taken", () -> ring.pendingSqes() == 0);
            Eventually.isTrue(LIMIT, "overflow", () -> ring.readyCqes() == 4 && ring.needsEnter());
            nops(test, 13, 16); // no EBUSY
            Eventually.isTrue(LIMIT, "all taken", () -> ring.pendingSqes() == 0);
            List<Long> seen = new ArrayList<>();
            CompletionHandler handler = (userData, result, flags) -> seen.add(userData + result);
            assertEquals(4, ring.drain(handler));
            assertEquals(0, ring.readyCqes()); // stored ones come with GETEVENTS only
            long start = System.nanoTime();
            while (seen.size() < 16) {
                assertTrue(System.nanoTime() - start < TestRing.LIMIT_NANOS, seen::toString);
                ring.submitAndWait(0, 0);
                assertTrue(ring.readyCqes() <= 4);
                ring.drain(handler);
            }
            assertEquals(range(1, 16), seen);
            assertEquals(0, ring.lostCompletions());
            assertEquals(1, ring.overflows());
            ring.submitAndWait(0, 0);
            boolean flagged = ring.capabilities().has(Feature.TASKRUN_FLAG) || type.polls();
            assertEquals(!flagged, ring.needsEnter());
        }
    }

    @Test
    @Behaviour("CQ-05")
    void lookAtAnEmptyQueueMakesNoSystemCall() {
        FaultyKernel kernel = new FaultyKernel();
        try (TestRing test = TestRing.open(RingType.BEST.config(), kernel)) {
            for (int i = 0; i < 10; i++) {
                assertEquals(0, test.ring().readyCqes());
                assertEquals(0, test.ring().drain((u, r, f) -> {}));
                assertEquals(0, test.ring().drain((u, r, f, x, y) -> {}));
                assertFalse(test.ring().needsEnter());
            }
            assertEquals(0, kernel.enters.size());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DEFER_TASKRUN", "BEST", "CQE32", "CQE_MIXED", "SQE128", "NO_MMAP"})
    @Behaviour("CQ-06")
    void deferredWorkIsAnnouncedAndComesWithGetEventsOnly(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            Ring ring = test.ring();
            assertTrue(ring.capabilities().has(Feature.DEFER_TASKRUN));
            PollOps.poll(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(1);
            ring.submit();
            assertFalse(ring.needsEnter());
            Libc.write(pipe.second(), "x");
            assertTrue(ring.needsEnter());
            assertEquals(0, RawCalls.enter(ring.fd(), 0, 0, 0)); // without GETEVENTS
            assertEquals(0, ring.readyCqes());
            assertEquals(0, ring.submitAndWait(0, 0));
            assertEquals(1, ring.readyCqes());
            assertFalse(ring.needsEnter());
            test.take(1, PollOps.IN);
        }
    }

    /** The flag may be seen or not: the scheduler's tick, too, makes the task enter the kernel. */
    @Test
    @Behaviour("CQ-07")
    void cooperativeWorkIsAnnouncedAndComesWithAnyEnter() throws InterruptedException {
        int announced = 0;
        try (TestRing test = RingType.COOP_TASKRUN.open();
                Libc.Pair pipe = Libc.pipe()) {
            Ring ring = test.ring();
            for (int round = 1; round <= 500 && announced == 0; round++) {
                PollOps.poll(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(round);
                ring.submit();
                assertFalse(ring.needsEnter());
                Thread writer = new Thread(() -> Libc.write(pipe.second(), "x"));
                writer.start();
                long start = System.nanoTime();
                while (!ring.needsEnter() && ring.readyCqes() == 0) {
                    assertTrue(System.nanoTime() - start < TestRing.LIMIT_NANOS);
                    Thread.onSpinWait();
                }
                if (ring.needsEnter()) {
                    announced++;
                }
                assertEquals(0, RawCalls.enter(ring.fd(), 0, 0, 0)); // without GETEVENTS
                assertEquals(1, ring.readyCqes());
                assertFalse(ring.needsEnter());
                test.take(round, PollOps.IN);
                writer.join(10_000);
                assertEquals("x", Libc.read(pipe.first()));
            }
        }
        assertTrue(announced > 0, "the flag was never seen");
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CQ-11")
    void silentSuccessPostsNothingAndFailureDoes(RingType type) {
        try (TestRing test = type.open()) {
            for (int i = 1; i <= 3; i++) {
                ControlOps.nop(test.sqe()).userData(i).skipSuccess();
            }
            ControlOps.nop(test.sqe(), -Errno.EIO).userData(4).skipSuccess();
            ControlOps.nop(test.sqe()).userData(5);
            assertEquals(
                    List.of(new TestRing.Event(4, -Errno.EIO, 0), new TestRing.Event(5, 0, 0)),
                    test.takeNext(2));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CQ-12")
    void failureOfASilentMemberSilencesItsFollowers(RingType type) {
        try (TestRing test = type.open()) {
            ControlOps.nop(test.sqe()).userData(1).link();
            ControlOps.nop(test.sqe(), -Errno.EIO).userData(2).link().skipSuccess();
            ControlOps.nop(test.sqe()).userData(3).link();
            ControlOps.nop(test.sqe()).userData(4).link().skipSuccess();
            ControlOps.nop(test.sqe()).userData(5);
            ControlOps.nop(test.sqe()).userData(6); // of no chain
            List<TestRing.Event> events = test.takeNext(3);
            assertEquals(0, result(events, 1));
            assertEquals(-Errno.EIO, result(events, 2));
            assertEquals(0, result(events, 6));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CQ-12")
    void failureOfALoudMemberMakesAllFollowersLoud(RingType type) {
        try (TestRing test = type.open()) {
            ControlOps.nop(test.sqe()).userData(1).link().skipSuccess();
            ControlOps.nop(test.sqe(), -Errno.EIO).userData(2).link();
            ControlOps.nop(test.sqe()).userData(3).link();
            ControlOps.nop(test.sqe()).userData(4).link().skipSuccess();
            ControlOps.nop(test.sqe()).userData(5).skipSuccess();
            List<TestRing.Event> events = test.takeNext(4);
            assertEquals(-Errno.EIO, result(events, 2));
            for (int follower = 3; follower <= 5; follower++) {
                assertEquals(-Errno.ECANCELED, result(events, follower));
            }
        }
    }

    private static int result(List<TestRing.Event> events, long userData) {
        return events.stream()
                .filter(event -> event.userData() == userData)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + userData + " in " + events))
                .result();
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CQ-13")
    void drainIsRefusedOnceSilenceWasUsed(RingType type) {
        try (TestRing test = type.open()) {
            ControlOps.nop(test.sqe()).userData(1).drain();
            test.take(1, 0);
            ControlOps.nop(test.sqe()).userData(2).skipSuccess();
            ControlOps.nop(test.sqe()).userData(3);
            test.take(3, 0);
            ControlOps.nop(test.sqe()).userData(4).drain();
            test.take(4, -Errno.EOPNOTSUPP);
            ControlOps.nop(test.sqe()).userData(5);
            test.take(5, 0);
        }
    }
}
