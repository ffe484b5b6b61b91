package io.uring.reactor;

import io.uring.ring.Ring;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Cuts small structures out of larger pieces of the ring's memory, which lives as long as the ring,
 * and longer when the ring's end finds the kernel still using it.
 */
final class LoopArena implements Arena {
    private static final int PIECE_BYTES = 64 * 1024;

    private final Ring ring;
    private MemorySegment piece;
    private long used;

    LoopArena(Ring ring) {
        this.ring = ring;
        this.piece = ring.allocate(PIECE_BYTES);
    }

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
        long start = (used + byteAlignment - 1) & -byteAlignment;
        if (start + byteSize > piece.byteSize()) {
            piece = ring.allocate(Math.max(PIECE_BYTES, byteSize));
            start = 0;
        }
        used = start + byteSize;
        return piece.asSlice(start, byteSize);
    }

    @Override
    public MemorySegment.Scope scope() {
        return piece.scope();
    }

    /** The ring does it. */
    @Override
    public void close() {
        throw new UnsupportedOperationException("closed with the ring");
    }
}
