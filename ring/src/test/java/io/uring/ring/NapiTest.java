package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.uring.testkit.Behaviour;
import io.uring.testkit.RequiresKernel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@RequiresKernel("6.13")
@ExtendWith(DescriptorsReturn.class)
final class NapiTest {
    private static final int EINVAL = 22;
    private static final int REGISTER_NAPI = 27;

    @Test
    @Behaviour("REG-08")
    void settingsBeforeAreReturned() {
        try (TestRing test = TestRing.open()) {
            Ring ring = test.ring();
            Napi.Settings first = new Napi.Settings(50, true, Napi.Tracking.DYNAMIC);
            Napi.Settings second = new Napi.Settings(20, false, Napi.Tracking.STATIC);
            Napi.Settings off = new Napi.Settings(0, false, Napi.Tracking.INACTIVE);
            assertEquals(off, Napi.register(ring, first));
            assertEquals(first, Napi.register(ring, second));
            assertEquals(second, Napi.register(ring, first));
            assertEquals(first, Napi.unregister(ring));
            assertEquals(off, Napi.register(ring, first));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new Napi.Settings(-1, false, Napi.Tracking.DYNAMIC));
            long memory = ring.allocate(16).address();
            assertEquals(-EINVAL, ring.tryRegister(REGISTER_NAPI, memory, 0));
        }
    }

    @Test
    @Behaviour("REG-08")
    void idsAreForStaticTrackingOnly() {
        try (TestRing test = TestRing.open()) {
            Ring ring = test.ring();
            int id = 100_000;
            Napi.register(ring, new Napi.Settings(10, false, Napi.Tracking.DYNAMIC));
            assertErrno(EINVAL, () -> Napi.addId(ring, id));
            Napi.register(ring, new Napi.Settings(10, false, Napi.Tracking.STATIC));
            assertErrno(EINVAL, () -> Napi.addId(ring, 0)); // numbers of processors are no ids
            Napi.addId(ring, id);
            assertErrno(17, () -> Napi.addId(ring, id));
            Napi.deleteId(ring, id);
            assertErrno(2, () -> Napi.deleteId(ring, id));
        }
    }

    @Test
    void waitOfARingThatPollsStillEnds() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            Napi.register(test.ring(), new Napi.Settings(20, true, Napi.Tracking.DYNAMIC));
            PollOps.poll(test.sqe(), Descriptor.of(ends.first()), PollOps.IN).userData(1);
            test.ring().submitAndWait(1, 5_000_000);
            Libc.write(ends.second(), "x");
            test.take(1, PollOps.IN);
        }
    }

    private static void assertErrno(int errno, org.junit.jupiter.api.function.Executable call) {
        assertEquals(errno, assertThrows(RingException.class, call).errno());
    }
}
