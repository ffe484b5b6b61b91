package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A {@code msghdr} with room for a number of vectors, for gathered sends. Reusable when the kernel
 * has the last completion.
 *
 * <pre>{@code
 * MessageHeader message = new MessageHeader(arena, 16);
 * message.add(head, 0, 120).add(body, 0, 4096);
 * SocketOps.sendmsg(ring.nextSqe(), socket, message, SocketOps.MSG_NOSIGNAL).userData(7);
 * }</pre>
 *
 * <p>msghdr (56): name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48. iovec
 * (16): base 0, len 8.
 */
public final class MessageHeader {
    private static final int HEADER_BYTES = 56;
    private static final int IOV = 16;
    private static final int IOV_COUNT = 24;
    private static final int VECTOR_BYTES = 16;
    private static final int VECTOR_LENGTH = 8;

    /** The most vectors the kernel takes in one message. */
    public static final int MAX_VECTORS = 1024;

    private final MemorySegment header;
    private final long address;
    private final int capacity;
    private int count;

    /**
     * @param arena owns the header; the kernel reads it when the operation is submitted, and on
     *     rings without SUBMIT_STABLE until it completes
     * @param capacity vectors, 1 to {@value #MAX_VECTORS}
     */
    public MessageHeader(Arena arena, int capacity) {
        Objects.checkIndex(capacity - 1, MAX_VECTORS);
        this.header = arena.allocate(HEADER_BYTES + (long) capacity * VECTOR_BYTES, Long.BYTES);
        this.address = header.address();
        this.capacity = capacity;
        NativeMemory.putLong(address + IOV, address + HEADER_BYTES);
    }

    /** Forgets all vectors. */
    public void clear() {
        count = 0;
        NativeMemory.putLong(address() + IOV_COUNT, 0);
    }

    /** Adds {@code length} bytes at {@code offset} of {@code buffer}. */
    public MessageHeader add(MemorySegment buffer, long offset, long length) {
        Objects.checkIndex(count, capacity);
        long vector = address() + HEADER_BYTES + (long) count * VECTOR_BYTES;
        NativeMemory.putLong(vector, NativeMemory.address(buffer, offset, length));
        NativeMemory.putLong(vector + VECTOR_LENGTH, length);
        count++;
        NativeMemory.putLong(address + IOV_COUNT, count);
        return this;
    }

    public int count() {
        return count;
    }

    public boolean isFull() {
        return count == capacity;
    }

    long address() {
        return NativeMemory.address(header);
    }
}
