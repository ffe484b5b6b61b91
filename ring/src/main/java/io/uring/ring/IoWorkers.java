package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;

/**
 * The kernel's worker threads, on which operations run that would block. They belong to the thread
 * that submits, not to a ring; with SQPOLL to the polling thread.
 *
 * <pre>{@code
 * IoWorkers.Limits before = IoWorkers.limit(ring, new IoWorkers.Limits(4, 16));
 * }</pre>
 */
public final class IoWorkers {
    /**
     * The most threads.
     *
     * @param bounded for operations that end by themselves, such as file I/O
     * @param unbounded for those that may wait for ever, such as on sockets
     */
    public record Limits(int bounded, int unbounded) {
        public Limits {
            if (bounded < 0 || unbounded < 0) {
                throw new IllegalArgumentException("workers " + bounded + ", " + unbounded);
            }
        }
    }

    private IoWorkers() {}

    /**
     * Sets limits; 0 leaves one as it is. Kernel 5.15.
     *
     * @return those before
     */
    public static Limits limit(Ring ring, Limits limits) {
        ring.support().require(515, "limits of worker threads");
        try (Arena scratch = Arena.ofConfined()) {
            long values =
                    scratch.allocateFrom(ValueLayout.JAVA_INT, limits.bounded(), limits.unbounded())
                            .address();
            ring.register("IOWQ_MAX_WORKERS", RegisterAbi.REGISTER_IOWQ_MAX_WORKERS, values, 2);
            return new Limits(
                    NativeMemory.getInt(values), NativeMemory.getInt(values + Integer.BYTES));
        }
    }

    /** The processors that the threads run on. Kernel 5.14. */
    public static void affinity(Ring ring, BitSet processors) {
        if (processors.isEmpty()) {
            throw new IllegalArgumentException("no processor");
        }
        ring.support().require(514, "processors of worker threads");
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment mask =
                    scratch.allocateFrom(ValueLayout.JAVA_LONG, processors.toLongArray());
            ring.register(
                    "IOWQ_AFF",
                    RegisterAbi.REGISTER_IOWQ_AFF,
                    mask.address(),
                    Math.toIntExact(mask.byteSize()));
        }
    }

    /** Any processor again. Kernel 5.14. */
    public static void resetAffinity(Ring ring) {
        ring.support().require(514, "processors of worker threads");
        ring.register("UNREGISTER_IOWQ_AFF", RegisterAbi.UNREGISTER_IOWQ_AFF, 0, 0);
    }
}
