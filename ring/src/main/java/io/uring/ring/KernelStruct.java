package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A structure in native memory that operations name: an {@code iovec} array, a {@code timespec}, a
 * {@code msghdr} and the like. It can be filled again as soon as the operation was submitted; on a
 * ring without {@link Feature#SUBMIT_STABLE} or with SQPOLL only after its last completion, and
 * trying it earlier throws.
 */
public abstract sealed class KernelStruct
        permits EpollEvents,
                FutexVector,
                IntegrityAttribute,
                IoVectors,
                MessageHeader,
                OpenHow,
                Sockaddr,
                Timespec {
    private final MemorySegment memory;
    private final long address;

    /** Operations in flight whose ring may read the structure at any time. */
    private int unstableUses;

    KernelStruct(Arena arena, long bytes) {
        memory = arena.allocate(bytes, Long.BYTES);
        address = memory.address();
    }

    /** The structure as the kernel sees it; lives as long as the arena it was made with. */
    public final MemorySegment segment() {
        return memory;
    }

    /** Throws when the arena is closed. */
    final long address() {
        return NativeMemory.address(memory);
    }

    /** The address, for the structure's own accessors after {@link #checkMutable}. */
    final long base() {
        return address;
    }

    /**
     * @throws IllegalStateException when an operation in flight may still read the structure, or
     *     its memory is gone
     */
    final void checkMutable() {
        if (unstableUses != 0) {
            throw new IllegalStateException(
                    "in use by an operation: this ring's kernel reads it after the submission"
                            + " (SQPOLL, or no SUBMIT_STABLE)");
        }
        address();
    }

    final void submitted() {
        unstableUses++;
    }

    final void completed() {
        unstableUses--;
    }
}
