package io.uring.ring.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Calls about the calling thread. All return what the kernel returned, or {@code -errno}. */
public final class ThreadCalls {
    /** The most processors that Linux is built for. */
    public static final int MAX_CPUS = 8192;

    private ThreadCalls() {}

    /**
     * Keeps the calling platform thread on one processor: {@code -EINVAL} when there is none of
     * that number, or this process may not use it.
     */
    public static int pin(int cpu) {
        java.util.Objects.checkIndex(cpu, MAX_CPUS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(MAX_CPUS / Byte.SIZE, Long.BYTES);
            mask.setAtIndex(ValueLayout.JAVA_LONG, cpu / Long.SIZE, 1L << (cpu % Long.SIZE));
            return (int)
                    LinuxKernel.instance()
                            .call(
                                    SystemCall.SCHED_SETAFFINITY,
                                    0,
                                    mask.byteSize(),
                                    mask.address(),
                                    0,
                                    0,
                                    0);
        }
    }
}
