package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The sizes of the queues of a ring without mmap, which the kernel does not tell before they are
 * there: the completion queue with the control words before it and the index array behind it, then
 * the submission entries, each from a page on.
 */
record QueueMemory(long ringsBytes, long sqesBytes) {
    /** Where the entries start behind the control words on 6.18. */
    private static final long HEADER_BYTES = 64;

    private static final long HUGE_PAGE_BYTES = 2L << 20;

    static QueueMemory of(RingConfig config) {
        return of(config, config.sqEntries(), config.cqEntries());
    }

    static QueueMemory of(RingConfig config, int sqEntries, int cqEntries) {
        long sq = powerOfTwo(sqEntries);
        long cq = powerOfTwo(cqEntries);
        long cqBytes = HEADER_BYTES + cq * Abi.CQE_BYTES;
        if (config.has(Abi.SETUP_CQE32)) {
            cqBytes *= 2; // the kernel doubles the header as well
        }
        long array = align(cqBytes, HEADER_BYTES) + sq * Integer.BYTES;
        int sqeBytes = config.has(Abi.SETUP_SQE128) ? Abi.SQE128_BYTES : Abi.SQE_BYTES;
        long page = NativeMemory.PAGE_BYTES;
        return new QueueMemory(align(array, page), align(sq * sqeBytes, page));
    }

    private static long powerOfTwo(int entries) {
        return entries == 1 ? 1 : Integer.highestOneBit(entries - 1) * 2L;
    }

    private static long align(long bytes, long to) {
        return (bytes + to - 1) & -to;
    }

    long bytes() {
        return ringsBytes + sqesBytes;
    }

    /**
     * Checks and zeroes the memory of the caller's.
     *
     * @return the address
     */
    long place(MemorySegment memory) {
        if (memory.byteSize() < bytes()) {
            throw new IllegalArgumentException(
                    "the queues need " + bytes() + " bytes, the memory has " + memory.byteSize());
        }
        long address = NativeMemory.writableAddress(memory, 0, bytes());
        if (address % NativeMemory.PAGE_BYTES != 0) {
            throw new IllegalArgumentException(
                    "the memory of the queues must be aligned to " + NativeMemory.PAGE_BYTES);
        }
        NativeMemory.clear(address, bytes());
        return address;
    }

    /** Huge pages that belong to {@code arena}. */
    MemorySegment mapHugePages(Kernel kernel, Arena arena) {
        long bytes = align(bytes(), HUGE_PAGE_BYTES);
        long address = kernel.mapHuge(bytes);
        if (address < 0) {
            throw new RingException(
                    "mmap of " + bytes + " bytes of huge pages",
                    (int) -address,
                    "Reserve huge pages with the sysctl vm.nr_hugepages, or do without them.");
        }
        return kernel.own(arena, address, bytes);
    }
}
