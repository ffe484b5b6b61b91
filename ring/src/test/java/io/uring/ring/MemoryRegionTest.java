package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.RequiresKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@RequiresKernel("6.13")
@ExtendWith(DescriptorsReturn.class)
final class MemoryRegionTest {
    private static final int EFAULT = 14;
    private static final int EBUSY = 16;
    private static final int EINVAL = 22;
    private static final int MEM_REGION = 34;

    @Test
    @Behaviour("REG-09")
    void ringHasOneRegionOfItsOwnOrOfTheKernelsMemory() {
        try (TestRing test = TestRing.open()) {
            MemoryRegion region = MemoryRegion.register(test.ring(), 100, false);
            useAll(region.memory());
            assertBusy(() -> MemoryRegion.register(test.ring(), 100, false));
        }
        try (TestRing test = TestRing.open()) {
            MemoryRegion region = MemoryRegion.registerKernelMemory(test.ring(), 100, false);
            useAll(region.memory());
            assertBusy(() -> MemoryRegion.registerKernelMemory(test.ring(), 100, false));
        }
    }

    private static void assertBusy(org.junit.jupiter.api.function.Executable register) {
        assertEquals(EBUSY, assertThrows(RingException.class, register).errno());
    }

    private static void useAll(MemorySegment memory) {
        assertTrue(memory.byteSize() >= 4096);
        memory.fill((byte) 7);
        assertEquals(7, memory.get(ValueLayout.JAVA_BYTE, memory.byteSize() - 1));
    }

    @Test
    @Behaviour("REG-09")
    void wrongDescriptionsAreRefused() {
        try (TestRing test = TestRing.open();
                Arena arena = Arena.ofConfined()) {
            long memory = test.ring().allocate(65536).address();
            assertEquals(-EINVAL, register(test, arena, memory + 8, 4096, 1));
            assertEquals(-EINVAL, register(test, arena, memory, 0, 1));
            assertEquals(-EINVAL, register(test, arena, memory, 100, 1));
            assertEquals(-EFAULT, register(test, arena, memory, 4096, 0));
            assertEquals(0, register(test, arena, memory, 65536, 1));
        }
    }

    private static int register(TestRing test, Arena arena, long address, long size, int type) {
        MemorySegment region = arena.allocate(64, 8);
        region.set(ValueLayout.JAVA_LONG, 0, address);
        region.set(ValueLayout.JAVA_LONG, 8, size);
        region.set(ValueLayout.JAVA_INT, 16, type);
        MemorySegment argument = arena.allocate(32, 8);
        argument.set(ValueLayout.JAVA_LONG, 0, region.address());
        return test.ring().tryRegister(MEM_REGION, argument.address(), 1);
    }
}
