package io.uring.ring;

import io.uring.ring.internal.Kernel;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory that is there as long as anything refers to it, and as long as its ring: a ring that is
 * leaked, since the kernel may still write, leaks it too.
 */
final class LastingMemory {
    private final Kernel kernel;
    private final List<MemorySegment> all = new ArrayList<>(0);

    LastingMemory(Kernel kernel) {
        this.kernel = kernel;
    }

    MemorySegment allocate(long bytes) {
        long address = kernel.map(bytes, -1, 0);
        if (address < 0) {
            throw new RingException("mmap of " + bytes + " bytes", (int) -address);
        }
        MemorySegment memory = kernel.ownLasting(address, bytes);
        all.add(memory);
        return memory;
    }
}
