package io.uring.net;

import io.uring.reactor.BufferGroup;
import io.uring.reactor.Chunk;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Memory for copies of small datagrams, several of which share a chunk. A chunk goes back when all
 * its datagrams were sent.
 */
final class CopySpace {
    private static final int CACHE_LINE_BYTES = 64;

    /** A chunk and who uses it. */
    static final class Part {
        private @Nullable Chunk chunk;
        private int used;
        private int users;

        Chunk chunk() {
            return java.util.Objects.requireNonNull(chunk);
        }

        /** Where the copy that was made last starts. */
        private int lastOffset;

        int lastOffset() {
            return lastOffset;
        }
    }

    private final BufferGroup buffers;
    private final ArrayDeque<Part> idle = new ArrayDeque<>();
    private @Nullable Part current;

    CopySpace(BufferGroup buffers) {
        this.buffers = buffers;
    }

    /**
     * Copies all of {@code source}, at most a chunk of it.
     *
     * @return where to; given back with {@link #release}
     */
    Part copy(ByteBuffer source) {
        int length = source.remaining();
        Part part = current;
        if (part == null || part.used + length > Chunk.BYTES) {
            part = idle.pollFirst();
            if (part == null) {
                part = new Part();
            }
            part.chunk = buffers.takeChunk();
            part.used = 0;
            current = part;
        }
        part.chunk().bytes().put(part.used, source, source.position(), length);
        part.lastOffset = part.used;
        part.used += (length + CACHE_LINE_BYTES - 1) & -CACHE_LINE_BYTES;
        part.users++;
        source.position(source.limit());
        return part;
    }

    void release(Part part) {
        if (--part.users == 0) {
            buffers.returnChunk(part.chunk());
            part.chunk = null;
            if (current == part) {
                current = null;
            }
            idle.addFirst(part);
        }
    }
}
