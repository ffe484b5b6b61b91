package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(DescriptorsReturn.class)
final class CompletionQueueTest {
    @ParameterizedTest
    @MethodSource("io.uring.ring.SubmissionTest#types")
    @Behaviour({"CQ-02", "CQ-03"})
    void overflowIsFlushedInOrderAndCounted(Set<Feature> masked) {
        try (TestRing test = TestRing.open(new RingConfig(4, 4, masked))) {
            Ring ring = test.ring();
            int entries = ring.cqEntries();
            int total = 3 * entries;
            for (int i = 1; i <= total; i++) {
                ControlOps.nop(test.sqe()).userData(i);
                assertEquals(1, ring.submit());
            }
            assertEquals(entries, ring.readyCqes());
            assertTrue(ring.needsEnter());

            List<Long> seen = new ArrayList<>();
            for (int left = total; left > 0; left -= entries) {
                assertEquals(entries, ring.drain((userData, r, f) -> seen.add(userData)));
                assertEquals(0, ring.submitAndWait(0, 0));
            }
            assertEquals(LongStream.rangeClosed(1, total).boxed().toList(), seen);
            assertEquals(1, ring.overflows());
            assertEquals(0, ring.lostCompletions());
            boolean flagged = ring.capabilities().has(Feature.TASKRUN_FLAG);
            assertEquals(!flagged, ring.needsEnter());
        }
    }

    @Test
    @Behaviour("CQ-03")
    void submissionsAreTakenWhileOverflowed() {
        try (TestRing test = TestRing.open(4, 4)) {
            for (int round = 0; round < 10; round++) {
                for (int i = 0; i < 4; i++) {
                    ControlOps.nop(test.sqe()).userData(round * 4 + i);
                }
                assertEquals(4, test.ring().submit());
            }
            assertEquals(
                    LongStream.range(0, 40).boxed().toList(),
                    test.takeNext(40).stream().map(TestRing.Event::userData).toList());
        }
    }

    @Test
    @Behaviour("CQ-06")
    void deferredWorkIsAnnouncedAndDeliveredByEnterOnly() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            assertTrue(test.ring().capabilities().has(Feature.DEFER_TASKRUN));
            PollOps.poll(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(1);
            test.ring().submit();
            assertFalse(test.ring().needsEnter());
            Libc.write(pipe.second(), "x");
            assertTrue(test.ring().needsEnter());
            assertEquals(0, test.ring().readyCqes());
            assertEquals(0, test.ring().submitAndWait(0, 0));
            assertEquals(1, test.ring().readyCqes());
            test.take(1, PollOps.IN);
        }
    }

    @Test
    void handlerMayPrepareAndSubmit() {
        try (TestRing test = TestRing.open(4, 4)) {
            Ring ring = test.ring();
            ControlOps.nop(test.sqe()).userData(20);
            ring.submit();
            List<Long> seen = new ArrayList<>();
            CompletionHandler countsDown =
                    (userData, result, flags) -> {
                        seen.add(userData);
                        if (userData > 1) {
                            Sqe sqe = ring.nextSqe();
                            assertNotNull(sqe);
                            ControlOps.nop(sqe).userData(userData - 1);
                            assertEquals(1, ring.submitAndWait(0, 0));
                        }
                    };
            for (int turn = 0; seen.size() < 20 && turn < 100; turn++) {
                ring.drain(countsDown);
                ring.submitAndWait(0, 0);
            }
            assertEquals(20, seen.size());
            assertEquals(1L, seen.getLast());
        }
    }

    @Test
    void handlerThatThrowsLosesNoOtherCompletion() {
        try (TestRing test = TestRing.open()) {
            for (int i = 1; i <= 3; i++) {
                ControlOps.nop(test.sqe()).userData(i);
            }
            test.ring().submit();
            IllegalStateException thrown = new IllegalStateException("second");
            CompletionHandler handler =
                    (userData, result, flags) -> {
                        if (userData == 2) {
                            throw thrown;
                        }
                    };
            assertSame(
                    thrown,
                    assertThrows(IllegalStateException.class, () -> test.ring().drain(handler)));
            test.take(3, 0);
        }
    }

    @Test
    void handlerMayNotDrainAgain() {
        try (TestRing test = TestRing.open()) {
            ControlOps.nop(test.sqe()).userData(1);
            ControlOps.nop(test.sqe()).userData(2);
            test.ring().submit();
            List<Long> seen = new ArrayList<>();
            assertThrows(
                    IllegalStateException.class,
                    () ->
                            test.ring()
                                    .drain((userData, result, flags) ->
                                            test.ring().drain((u, r, f) -> seen.add(u))));
            assertEquals(List.of(), seen, "delivered twice");
            test.take(2, 0);
        }
    }

    @Test
    void handlerMayNotCloseTheRing() {
        try (TestRing test = TestRing.open()) {
            ControlOps.nop(test.sqe()).userData(1);
            test.ring().submit();
            assertThrows(
                    IllegalStateException.class,
                    () -> test.ring().drain((userData, result, flags) -> test.ring().close()));
            ControlOps.nop(test.sqe()).userData(2);
            test.take(2, 0);
        }
    }
}
