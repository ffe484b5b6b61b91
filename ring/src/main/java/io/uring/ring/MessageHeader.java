package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A {@code msghdr} with room for a number of vectors, an address and control messages: for gathered
 * sends, datagrams and passed descriptors. Keeps what it names reachable.
 *
 * <pre>{@code
 * MessageHeader message = new MessageHeader(arena, 16);
 * message.add(head, 0, 120).add(body, 0, 4096);
 * DatagramOps.sendmsg(ring.nextSqe(), socket, message, SocketOps.MSG_NOSIGNAL).userData(7);
 * }</pre>
 *
 * <p>msghdr (56): name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48. iovec
 * (16): base 0, len 8.
 */
public final class MessageHeader extends KernelStruct {
    private static final int HEADER_BYTES = 56;
    private static final int NAME = 0;
    private static final int NAME_BYTES = 8;
    private static final int IOV = 16;
    private static final int IOV_COUNT = 24;
    private static final int CONTROL = 32;
    private static final int CONTROL_BYTES = 40;
    private static final int FLAGS = 48;
    private static final int VECTOR_BYTES = 16;
    private static final int VECTOR_LENGTH = 8;

    /** The most vectors the kernel takes in one message. */
    public static final int MAX_VECTORS = 1024;

    private final MemorySegment[] pieces;
    private int count;
    private @Nullable Object name;
    private @Nullable MemorySegment control;

    /**
     * @param arena owns the header; the kernel reads it when the operation is submitted, and on
     *     rings without SUBMIT_STABLE until it completes
     * @param capacity vectors, 1 to {@value #MAX_VECTORS}
     */
    public MessageHeader(Arena arena, int capacity) {
        super(
                arena,
                HEADER_BYTES + (Objects.checkIndex(capacity - 1, MAX_VECTORS) + 1L) * VECTOR_BYTES);
        pieces = new MemorySegment[capacity];
        NativeMemory.putLong(base() + IOV, base() + HEADER_BYTES);
    }

    /** Forgets all vectors; the address and the control messages stay. */
    public void clear() {
        checkMutable();
        Arrays.fill(pieces, 0, count, null);
        count = 0;
        NativeMemory.putLong(base() + IOV_COUNT, 0);
    }

    /** Adds {@code length} bytes at {@code offset} of {@code buffer}. */
    public MessageHeader add(MemorySegment buffer, long offset, long length) {
        checkMutable();
        Objects.checkIndex(count, pieces.length);
        long vector = base() + HEADER_BYTES + (long) count * VECTOR_BYTES;
        NativeMemory.putLong(vector, NativeMemory.address(buffer, offset, length));
        NativeMemory.putLong(vector + VECTOR_LENGTH, length);
        pieces[count++] = buffer;
        NativeMemory.putLong(base() + IOV_COUNT, count);
        return this;
    }

    /** Where a datagram goes to; null for the peer of a connected socket. */
    public MessageHeader destination(@Nullable Sockaddr address) {
        return name(address, address == null ? 0 : address.address(), lengthOf(address));
    }

    private static int lengthOf(@Nullable Sockaddr address) {
        return address == null ? 0 : address.length();
    }

    /** Room for the address that a receive finds out; {@link #sourceBytes} tells its length. */
    public MessageHeader source(Sockaddr room) {
        return name(room, room.address(), Sockaddr.MAX_BYTES);
    }

    /**
     * For a multishot receive: the bytes that each buffer reserves for the address and for control
     * messages, multiples of 8.
     */
    public MessageHeader reserve(int nameBytes, int controlBytes) {
        if (nameBytes < 0 || controlBytes < 0) {
            throw new IllegalArgumentException("reserve " + nameBytes + ", " + controlBytes);
        }
        name(null, 0, nameBytes);
        NativeMemory.putLong(base() + CONTROL, 0);
        NativeMemory.putLong(base() + CONTROL_BYTES, controlBytes);
        return this;
    }

    private MessageHeader name(@Nullable Object held, long address, int bytes) {
        checkMutable();
        name = held;
        NativeMemory.putLong(base() + NAME, address);
        NativeMemory.putInt(base() + NAME_BYTES, bytes);
        return this;
    }

    /**
     * Control messages to send, or room for those that a receive brings; null for none. Their form
     * is that of {@code cmsghdr}: length 0, level 8, type 12, data 16, each aligned to 8.
     */
    public MessageHeader control(@Nullable MemorySegment messages) {
        checkMutable();
        control = messages;
        NativeMemory.putLong(
                base() + CONTROL,
                messages == null ? 0 : NativeMemory.writableAddress(messages, 0, 0));
        NativeMemory.putLong(base() + CONTROL_BYTES, messages == null ? 0 : messages.byteSize());
        return this;
    }

    /** The length of the address that a receive wrote, which may be more than there was room. */
    public int sourceBytes() {
        return NativeMemory.getInt(address() + NAME_BYTES);
    }

    /** The bytes of control messages that a receive wrote. */
    public long controlBytes() {
        return NativeMemory.getLong(address() + CONTROL_BYTES);
    }

    /** The MSG flags that a receive wrote, such as MSG_TRUNC. */
    public int flags() {
        return NativeMemory.getInt(address() + FLAGS);
    }

    public int count() {
        return count;
    }

    public boolean isFull() {
        return count == pieces.length;
    }

    /** Throws when something it names was closed, or a receive would write where it must not. */
    void checkPieces(boolean written) {
        for (int i = 0; i < count; i++) {
            if (written) {
                NativeMemory.writableAddress(pieces[i], 0, 0);
            } else {
                NativeMemory.address(pieces[i]);
            }
        }
        if (name instanceof Sockaddr address) {
            address.address();
        }
        if (control != null) {
            NativeMemory.address(control);
        }
    }

    boolean refersTo(MemorySegment.Scope scope) {
        return segment().scope().equals(scope)
                || Arrays.stream(pieces, 0, count).anyMatch(p -> p.scope().equals(scope))
                || (control != null && control.scope().equals(scope))
                || (name instanceof Sockaddr room && room.segment().scope().equals(scope));
    }
}
