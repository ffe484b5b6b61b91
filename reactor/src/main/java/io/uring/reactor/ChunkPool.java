package io.uring.reactor;

import io.uring.ring.Ring;
import org.jspecify.annotations.Nullable;

/** Chunks of one size, kept until the loop closes; the one that was used last goes first. */
final class ChunkPool {
    private final Ring ring;
    private final int bytes;
    private @Nullable Chunk first;
    private int made;
    private int inUse;

    ChunkPool(Ring ring, int bytes) {
        this.ring = ring;
        this.bytes = bytes;
    }

    Chunk take() {
        Chunk chunk = first;
        if (chunk == null) {
            chunk = new Chunk(ring.allocateLasting(bytes));
            made++;
        } else {
            first = chunk.next;
            chunk.next = null;
        }
        inUse++;
        return chunk;
    }

    void giveBack(Chunk chunk) {
        chunk.next = first;
        first = chunk;
        inUse--;
    }

    int made() {
        return made;
    }

    int inUse() {
        return inUse;
    }
}
