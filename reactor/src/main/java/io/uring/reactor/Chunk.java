package io.uring.reactor;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * {@value #BYTES} bytes of a loop's memory, or room for a datagram; pooled by its {@link
 * BufferGroup}, used by one connection at a time, on the loop's thread.
 *
 * <pre>{@code
 * Chunk chunk = reactor.buffers().takeChunk();
 * SocketOps.recv(sqe, descriptor, chunk.memory(), 0); // in prepare
 * reactor.buffers().returnChunk(chunk);               // after the completion
 * }</pre>
 */
public final class Chunk {
    /** Four pages: a usual response fits, and a gathered send of them is a megabyte. */
    public static final int BYTES = 16 * 1024;

    private final MemorySegment memory;
    private final ByteBuffer bytes;

    /** The next in a list of idle ones: giving one back needs no memory. */
    @Nullable Chunk next;

    Chunk(MemorySegment memory) {
        this.memory = memory;
        this.bytes = memory.asByteBuffer();
    }

    public MemorySegment memory() {
        return memory;
    }

    /** The same memory. Use absolute access: the position means nothing. */
    public ByteBuffer bytes() {
        return bytes;
    }
}
