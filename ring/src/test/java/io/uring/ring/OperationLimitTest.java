package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A kernel that drops completions that do not fit never gets more than fit. */
@ExtendWith(DescriptorsReturn.class)
final class OperationLimitTest {
    private static final RingConfig DROPPING = new RingConfig(4, 8, Set.of(Feature.NODROP));

    @Test
    @Behaviour("ERR-08")
    void noMoreOperationsStartThanTheCompletionQueueHolds() {
        try (TestRing test = TestRing.open(DROPPING)) {
            Ring ring = test.ring();
            for (int i = 1; i <= 8; i++) {
                ControlOps.nop(test.sqe()).userData(i);
                ring.submit();
            }
            for (int i = 0; i < 3; i++) {
                OperationLimitException e =
                        assertThrows(OperationLimitException.class, ring::nextSqe);
                assertTrue(String.valueOf(e.getMessage()).startsWith("8 operations"));
            }
            assertEquals(2, ring.drain((u, r, f) -> {}, 2));
            ControlOps.nop(test.sqe()).userData(9);
            ControlOps.nop(test.sqe()).userData(10);
            assertThrows(OperationLimitException.class, ring::nextSqe);
            assertEquals(8, test.takeNext(8).size());
            assertEquals(0, ring.lostCompletions());
            assertEquals(0, ring.overflows());
        }
    }

    @Test
    void pendingOperationsCountToo() {
        try (TestRing test = TestRing.open(DROPPING);
                Libc.Pair pipe = Libc.pipe()) {
            for (int i = 1; i <= 8; i++) {
                PollOps.poll(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(i);
                test.ring().submit();
            }
            assertEquals(0, test.ring().readyCqes());
            assertThrows(OperationLimitException.class, test.ring()::nextSqe);
            Libc.write(pipe.second(), "x");
            for (int i = 1; i <= 8; i++) {
                test.take(i, PollOps.IN);
            }
            assertNotNull(test.ring().nextSqe());
            test.take(0, 0);
        }
    }

    /** An operation without a completion could never be counted off. */
    @Test
    void silentOperationsAreRefusedWhereOperationsAreCounted() {
        try (TestRing test = TestRing.open(DROPPING)) {
            assertFalse(test.ring().capabilities().has(Feature.CQE_SKIP));
            Sqe sqe = test.sqe();
            assertThrows(UnavailableException.class, sqe::skipSuccess);
            test.take(0, 0);
        }
    }

    @Test
    void withNodropThereIsNoLimit() {
        try (TestRing test = TestRing.open(4, 8)) {
            for (int i = 1; i <= 100; i++) {
                ControlOps.nop(test.sqe()).userData(i);
                test.ring().submit();
            }
            assertEquals(100, test.takeNext(100).size());
        }
    }

    @Test
    void bareRingDoesNotCount() {
        try (TestRing test = TestRing.open(DROPPING.bare())) {
            for (int i = 1; i <= 20; i++) {
                ControlOps.nop(test.sqe()).userData(i);
                test.ring().submit();
            }
            assertEquals(20, test.takeNext(20).size()); // this kernel drops nothing
        }
    }
}
