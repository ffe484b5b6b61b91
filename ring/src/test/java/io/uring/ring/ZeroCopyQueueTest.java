package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.RequiresKernel;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Without such a card: what is refused, and how. */
@RequiresKernel("6.15")
@ExtendWith(DescriptorsReturn.class)
final class ZeroCopyQueueTest {
    private static final int EPERM = 1;
    private static final int LOOPBACK = 1;
    private static final Set<Integer> NO_SUCH_CARD = Set.of(19, 22, 95); // ENODEV, EINVAL, ENOTSUP

    @Test
    void cardThatCannotDoItIsAnErrorThatNamesTheCall() {
        try (TestRing test = RingType.CQE32.open()) {
            MemorySegment area = test.ring().allocate(1 << 20);
            for (int interfaceIndex : new int[] {LOOPBACK, 1_000_000}) {
                RingException e =
                        assertThrows(
                                RingException.class,
                                () ->
                                        ZeroCopyQueue.register(
                                                test.ring(), interfaceIndex, 0, 100, area));
                assertTrue(NO_SUCH_CARD.contains(e.errno()), e.getMessage());
                assertTrue(String.valueOf(e.getMessage()).contains("ZCRX_IFQ"));
            }
        }
    }

    @Test
    void userWhoMayNotConfigureTheNetworkIsToldSo() throws Exception {
        OwnThread.assumeRoot();
        OwnThread.run(() -> {
            register(RingType.CQE32, RingException.class);
            OwnThread.dropPrivileges();
            RingException e = register(RingType.CQE32, RingException.class);
            assertEquals(EPERM, e.errno());
            assertTrue(String.valueOf(e.getMessage()).contains("CAP_NET_ADMIN"));
        });
    }

    @Test
    void ringOfAnotherKindIsRefused() {
        register(RingType.BEST, IllegalStateException.class); // completions of 16 bytes
        register(RingType.PLAIN, IllegalStateException.class);
    }

    private static <T extends Throwable> T register(RingType type, Class<T> expected) {
        try (TestRing test = type.open()) {
            MemorySegment area = test.ring().allocate(65536);
            return assertThrows(
                    expected, () -> ZeroCopyQueue.register(test.ring(), LOOPBACK, 0, 64, area));
        }
    }

    @Test
    void wrongArgumentsAreRefused() {
        try (TestRing test = RingType.CQE32.open()) {
            Ring ring = test.ring();
            MemorySegment area = ring.allocate(65536);
            for (int[] wrong : new int[][] {{0, 0, 64}, {1, -1, 64}, {1, 0, 0}, {-1, 0, 64}}) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ZeroCopyQueue.register(ring, wrong[0], wrong[1], wrong[2], area));
            }
            for (MemorySegment wrong :
                    new MemorySegment[] {
                        MemorySegment.ofArray(new byte[65536]),
                        area.asReadOnly(),
                        area.asSlice(0, 0)
                    }) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ZeroCopyQueue.register(ring, LOOPBACK, 0, 64, wrong));
            }
        }
    }

    @Test
    void placeIsInTheLowBitsOfTheWord() {
        assertEquals(0, ZeroCopyQueue.offset(0x0003_0000_0000_0000L));
        assertEquals(0xffff_ffff_f000L, ZeroCopyQueue.offset(0xffff_ffff_ffff_f000L));
    }
}
