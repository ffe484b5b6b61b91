package io.uring.net;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Native memory that heap bytes pass through on their way into the kernel. It is held during one
 * send that does not wait, so there are never many more pieces than threads that run at a time,
 * however many connections there are.
 */
final class StagingMemory {
    /** What a socket takes at a time by default; a larger write is several sends anyway. */
    static final int BYTES = 64 * 1024;

    /** More than that only a burst of platform threads needs; those are freed by the collector. */
    private static final int KEPT = 64;

    private static final ConcurrentLinkedQueue<MemorySegment> IDLE = new ConcurrentLinkedQueue<>();
    private static final AtomicInteger COUNT = new AtomicInteger();

    private StagingMemory() {}

    static MemorySegment take() {
        MemorySegment memory = IDLE.poll();
        if (memory == null) {
            return Arena.ofAuto().allocate(BYTES);
        }
        COUNT.decrementAndGet();
        return memory;
    }

    static void giveBack(MemorySegment memory) {
        if (COUNT.incrementAndGet() <= KEPT) {
            IDLE.add(memory);
        } else {
            COUNT.decrementAndGet();
        }
    }
}
