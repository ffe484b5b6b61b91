package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;

/**
 * An array of {@code iovec} (base at 0, length at 8), for reads and writes of several pieces. Keeps
 * the pieces reachable.
 *
 * <pre>{@code
 * IoVectors pieces = new IoVectors(arena, 2).add(head, 0, 16).add(body, 0, 4096);
 * FileOps.readv(ring.nextSqe(), file, pieces, 0).userData(1);
 * }</pre>
 */
public final class IoVectors extends KernelStruct {
    static final int VECTOR_BYTES = 16;
    private static final int LENGTH = 8;

    /** The most vectors the kernel takes in one operation. */
    public static final int MAX_VECTORS = 1024;

    private final MemorySegment[] pieces;
    private int count;

    /**
     * @param capacity vectors, 1 to {@value #MAX_VECTORS}
     */
    public IoVectors(Arena arena, int capacity) {
        super(arena, (Objects.checkIndex(capacity - 1, MAX_VECTORS) + 1L) * VECTOR_BYTES);
        pieces = new MemorySegment[capacity];
    }

    /** Forgets all vectors. */
    public IoVectors clear() {
        checkMutable();
        Arrays.fill(pieces, 0, count, null);
        count = 0;
        return this;
    }

    /** Adds {@code length} bytes at {@code offset} of {@code piece}. */
    public IoVectors add(MemorySegment piece, long offset, long length) {
        checkMutable();
        Objects.checkIndex(count, pieces.length);
        long vector = base() + (long) count * VECTOR_BYTES;
        NativeMemory.putLong(vector, NativeMemory.address(piece, offset, length));
        NativeMemory.putLong(vector + LENGTH, length);
        pieces[count++] = piece;
        return this;
    }

    /** Adds all of {@code piece}. */
    public IoVectors add(MemorySegment piece) {
        return add(piece, 0, piece.byteSize());
    }

    public int count() {
        return count;
    }

    public boolean isFull() {
        return count == pieces.length;
    }

    /** Throws when a piece was closed, or is read-only and the kernel would write into it. */
    void checkPieces(boolean written) {
        for (int i = 0; i < count; i++) {
            if (written) {
                NativeMemory.writableAddress(pieces[i], 0, 0);
            } else {
                NativeMemory.address(pieces[i]);
            }
        }
    }

    boolean refersTo(MemorySegment.Scope scope) {
        return segment().scope().equals(scope)
                || Arrays.stream(pieces, 0, count).anyMatch(p -> p.scope().equals(scope));
    }
}
