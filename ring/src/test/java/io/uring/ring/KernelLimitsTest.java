package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import io.uring.testkit.RequiresKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@RequiresKernel("6.18")
@ExtendWith(DescriptorsReturn.class)
final class KernelLimitsTest {
    private static final int QUERY = 35;
    private static final int EFAULT = 14;
    private static final int ERANGE = 34;
    private static final int EOPNOTSUPP = 95;

    @Test
    @Behaviour("REG-07")
    void limitsAgreeWithTheProbeAndWithARing() {
        KernelLimits limits = KernelLimits.query();
        try (TestRing test = TestRing.open()) {
            Capabilities capabilities = test.ring().capabilities();
            assertTrue(limits.opcodes() >= capabilities.opcodes().size());
            assertTrue(limits.opcodes() >= 63, limits::toString);
            assertTrue(limits.registerOpcodes() >= 36, limits::toString);
            assertEquals(capabilities.featureBits(), limits.features());
            int setup = capabilities.setupFlags();
            assertEquals(setup, limits.setupFlags() & setup);
            assertEquals(1, limits.enterFlags() & 1); // GETEVENTS
            assertEquals(0x7f, limits.sqeFlags() & 0x7f);
        }
    }

    @Test
    @Behaviour("REG-07")
    void chainIsAnsweredEntryByEntry() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(128, 8).fill((byte) 0x5a);
            MemorySegment small = arena.allocate(48, 8).fill((byte) 0x5a);
            MemorySegment other = arena.allocate(48, 8);
            MemorySegment last = header(arena, 0, small, 8, 0);
            MemorySegment unknown = header(arena, 9999, other, 48, last.address());
            MemorySegment first = header(arena, 0, data, 128, unknown.address());
            assertEquals(0, query(first));

            assertEquals(0, result(first));
            assertEquals(48, size(first));
            assertEquals(KernelLimits.query().opcodes(), data.get(ValueLayout.JAVA_INT, 0));
            for (long i = 48; i < 128; i++) {
                assertEquals(0, data.get(ValueLayout.JAVA_BYTE, i), "byte " + i);
            }
            assertEquals(-EOPNOTSUPP, result(unknown));
            assertEquals(0, result(last));
            assertEquals(8, size(last));
            assertEquals(0x5a5a5a5a, small.get(ValueLayout.JAVA_INT, 8));
        }
    }

    @Test
    @Behaviour("REG-07")
    void chainThatNeverEndsIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(48, 8);
            MemorySegment header = header(arena, 0, data, 48, 0);
            header.set(ValueLayout.JAVA_LONG, 0, header.address());
            assertEquals(-ERANGE, query(header));
            assertEquals(-EFAULT, query(header(arena, 0, data, 48, 8)));
        }
    }

    private static MemorySegment header(
            Arena arena, int operation, MemorySegment data, int size, long next) {
        MemorySegment header = arena.allocate(40, 8);
        header.set(ValueLayout.JAVA_LONG, 0, next);
        header.set(ValueLayout.JAVA_LONG, 8, data.address());
        header.set(ValueLayout.JAVA_INT, 16, operation);
        header.set(ValueLayout.JAVA_INT, 20, size);
        return header;
    }

    private static int query(MemorySegment header) {
        return (int) LinuxKernel.instance().register(-1, QUERY, header.address(), 0);
    }

    private static int size(MemorySegment header) {
        return header.get(ValueLayout.JAVA_INT, 20);
    }

    private static int result(MemorySegment header) {
        return header.get(ValueLayout.JAVA_INT, 24);
    }
}
