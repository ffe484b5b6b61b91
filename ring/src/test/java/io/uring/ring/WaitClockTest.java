package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.RequiresKernel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@RequiresKernel("6.12")
@ExtendWith(DescriptorsReturn.class)
final class WaitClockTest {
    private static final int EINVAL = 22;
    private static final int ETIME = 62;
    private static final int CLOCK = 29;
    private static final int REALTIME = 0;
    private static final int BOOTTIME = 7;

    @ParameterizedTest
    @EnumSource(WaitClock.class)
    @Behaviour("WAIT-09")
    void waitGoesByTheClock(WaitClock clock) {
        long nanos = 20_000_000;
        try (TestRing test = TestRing.open()) {
            clock.register(test.ring());
            long start = System.nanoTime();
            assertEquals(-ETIME, test.ring().submitAndWait(1, nanos));
            assertTrue(System.nanoTime() - start >= nanos);
        }
    }

    @Test
    @Behaviour("WAIT-09")
    void otherClocksAreRefused() {
        try (TestRing test = TestRing.open()) {
            MemorySegment argument = test.ring().allocate(16);
            argument.set(ValueLayout.JAVA_INT, 0, REALTIME);
            long address = argument.address();
            assertEquals(-EINVAL, test.ring().tryRegister(CLOCK, address, 0));
            argument.set(ValueLayout.JAVA_INT, 0, BOOTTIME);
            assertEquals(-EINVAL, test.ring().tryRegister(CLOCK, address, 1));
            assertEquals(0, test.ring().tryRegister(CLOCK, address, 0));
        }
    }
}
