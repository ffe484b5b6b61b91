package io.uring.ring;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory that starts where a page does. */
final class PagedMemory {
    private static final int PAGE_BYTES = 65536;

    private PagedMemory() {}

    static MemorySegment allocate(long bytes) {
        return Arena.ofAuto().allocate(bytes, PAGE_BYTES);
    }
}
