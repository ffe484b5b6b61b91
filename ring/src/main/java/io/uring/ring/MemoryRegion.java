package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory shared with the kernel for arguments; a ring has at most one. Lives as long as the ring.
 * Kernel 6.13.
 *
 * <pre>{@code
 * MemoryRegion region = MemoryRegion.registerKernelMemory(ring, 4096, false);
 * MemorySegment shared = region.memory();
 * }</pre>
 */
public final class MemoryRegion {
    private final MemorySegment memory;

    private MemoryRegion(MemorySegment memory) {
        this.memory = memory;
    }

    /**
     * Registers memory of the ring's.
     *
     * @param bytes rounded up to pages
     * @param waits for arguments of waits: only before the ring is enabled
     * @throws IllegalStateException when it is for waits and the ring is enabled
     * @throws RingException EBUSY when the ring has a region
     */
    public static MemoryRegion register(Ring ring, long bytes, boolean waits) {
        check(ring, bytes, waits);
        MemorySegment memory = ring.allocate(rounded(bytes));
        register(ring, memory.address(), Abi.REGION_TYPE_USER, memory.byteSize(), waits);
        return new MemoryRegion(memory);
    }

    /** The same with memory that the kernel allocates. */
    public static MemoryRegion registerKernelMemory(Ring ring, long bytes, boolean waits) {
        check(ring, bytes, waits);
        long size = rounded(bytes);
        long offset = register(ring, 0, 0, size, waits);
        return new MemoryRegion(ring.mapOwn(size, offset));
    }

    private static void check(Ring ring, long bytes, boolean waits) {
        if (bytes < 1) {
            throw new IllegalArgumentException("bytes " + bytes);
        }
        ring.support().require(613, "a memory region");
        if (waits && ring.isEnabled()) {
            throw new IllegalStateException(
                    "a region for waits is registered before the ring is enabled");
        }
    }

    private static long rounded(long bytes) {
        long page = NativeMemory.PAGE_BYTES;
        return Math.addExact(bytes, page - 1) & -page;
    }

    /** Returns where to map it. */
    private static long register(Ring ring, long address, int type, long bytes, boolean waits) {
        try (Arena scratch = Arena.ofConfined()) {
            long region = scratch.allocate(Abi.REGION_BYTES, Long.BYTES).address();
            NativeMemory.putLong(region + Abi.REGION_USER_ADDR, address);
            NativeMemory.putLong(region + Abi.REGION_SIZE, bytes);
            NativeMemory.putInt(region + Abi.REGION_FLAGS, type);
            long argument = scratch.allocate(Abi.MEM_REGION_BYTES, Long.BYTES).address();
            NativeMemory.putLong(argument + Abi.MEM_REGION_UPTR, region);
            NativeMemory.putLong(
                    argument + Abi.MEM_REGION_FLAGS, waits ? Abi.MEM_REGION_REG_WAIT_ARG : 0);
            ring.register("MEM_REGION", Abi.REGISTER_MEM_REGION, argument, 1);
            return NativeMemory.getLong(region + Abi.REGION_MMAP_OFFSET);
        }
    }

    /** The shared memory, as large as it was rounded to. */
    public MemorySegment memory() {
        return memory;
    }
}
