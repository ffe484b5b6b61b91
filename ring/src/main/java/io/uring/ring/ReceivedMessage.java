package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;

/**
 * Reads a buffer that {@link DatagramOps#recvmsgMultishot} filled. Reusable: {@link #at} moves it
 * to the next buffer.
 *
 * <pre>{@code
 * ReceivedMessage message = new ReceivedMessage(32, 0);
 * message.at(buffers.memory(), buffers.offset(id), result);
 * reply(message.source(), message.payload());
 * }</pre>
 *
 * <pre>
 * io_uring_recvmsg_out (16): namelen 0, controllen 4, payloadlen 8, flags 12; then the reserved
 * bytes of the name and of the control messages; then the payload
 * </pre>
 */
public final class ReceivedMessage {
    private static final int HEADER_BYTES = 16;

    private final int nameBytes;
    private final int controlBytes;
    private MemorySegment buffer = MemorySegment.NULL;
    private long address;

    /** The sizes that the operation reserved, see {@link MessageHeader#reserve}. */
    public ReceivedMessage(int nameBytes, int controlBytes) {
        if (nameBytes < 0 || controlBytes < 0) {
            throw new IllegalArgumentException("reserved " + nameBytes + ", " + controlBytes);
        }
        this.nameBytes = nameBytes;
        this.controlBytes = controlBytes;
    }

    /**
     * Moves to a buffer.
     *
     * @param memory holds the buffer
     * @param offset of the completion's bytes in it
     * @param result of the completion
     * @throws IllegalArgumentException when there are fewer bytes than were reserved
     */
    public ReceivedMessage at(MemorySegment memory, long offset, int result) {
        if (result < payloadOffset()) {
            throw new IllegalArgumentException(
                    result + " bytes, of which " + payloadOffset() + " are reserved");
        }
        buffer = memory.asSlice(offset, result);
        address = NativeMemory.address(buffer);
        return this;
    }

    private int payloadOffset() {
        return HEADER_BYTES + nameBytes + controlBytes;
    }

    /** Where the message came from, as far as it fits the reserved bytes. */
    public SocketAddress source() {
        return Sockaddr.decode(name(), Math.min(sourceBytes(), nameBytes));
    }

    /** The bytes of the source. */
    public MemorySegment name() {
        return buffer.asSlice(HEADER_BYTES, Math.min(sourceBytes(), nameBytes));
    }

    /** The length of the source, which may be more than was reserved. */
    public int sourceBytes() {
        return NativeMemory.getInt(address);
    }

    /** The control messages. */
    public MemorySegment control() {
        int used = NativeMemory.getInt(address + 4);
        return buffer.asSlice(HEADER_BYTES + (long) nameBytes, Math.min(used, controlBytes));
    }

    /** The bytes of the message that are in the buffer. */
    public MemorySegment payload() {
        return buffer.asSlice(payloadOffset());
    }

    /** The length of the message as the kernel tells it. */
    public int payloadBytes() {
        return NativeMemory.getInt(address + 8);
    }

    /** MSG flags, such as {@link SocketOps#MSG_TRUNC}. */
    public int flags() {
        return NativeMemory.getInt(address + 12);
    }
}
