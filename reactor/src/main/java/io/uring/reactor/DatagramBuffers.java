package io.uring.reactor;

import io.uring.ring.MessageHeader;
import io.uring.ring.Ring;
import java.util.ArrayDeque;

/**
 * A loop's memory for datagrams: buffers to receive in, and what else an operation needs. Received
 * buffers are laid out as the kernel's multishot receive fills them, whichever way they were
 * received:
 *
 * <pre>
 * namelen 0, controllen 4, payloadlen 8, flags 12; source 16; control messages 48; payload 128
 * </pre>
 *
 * <p>Belongs to the loop's thread. The multishot receive needs kernel 6.0.
 *
 * <pre>{@code
 * DatagramBuffers datagrams = reactor.datagrams();
 * DatagramOps.recvmsgMultishot(
 *         sqe, descriptor, datagrams.sizes(), datagrams.group().group(), 0); // in prepare
 * }</pre>
 */
public final class DatagramBuffers {
    /** Offset of the source's address in a received buffer. */
    public static final int NAME = 16;

    /** Bytes reserved for the source: an IPv6 address has 28. */
    public static final int NAME_BYTES = 32;

    /** Offset of the control messages. */
    public static final int CONTROL = NAME + NAME_BYTES;

    /** Bytes reserved for control messages: one with an IPv6 address, and one with a number. */
    public static final int CONTROL_BYTES = 80;

    /** Offset of the payload. */
    public static final int PAYLOAD = CONTROL + CONTROL_BYTES;

    /** Bytes reserved for the source on unix sockets, whose names are paths: up to the payload. */
    public static final int UNIX_NAME_BYTES = PAYLOAD - NAME;

    private static final int CACHE_LINE_BYTES = 64;

    private final BufferGroup group;
    private final LoopArena arena;
    private final MessageHeader sizes;
    private final MessageHeader unixSizes;
    private final int bufferBytes;
    private final ArrayDeque<DatagramMessage> idle = new ArrayDeque<>();
    private int messages;

    DatagramBuffers(Reactor reactor, Ring ring, ReactorConfig config) {
        BufferConfig buffers = whole(config.datagramBuffers());
        bufferBytes = buffers.bytes();
        group = BufferGroup.forDatagrams(reactor, ring, buffers);
        arena = new LoopArena(ring);
        sizes = new MessageHeader(arena, 1).reserve(NAME_BYTES, CONTROL_BYTES);
        unixSizes = new MessageHeader(arena, 1).reserve(UNIX_NAME_BYTES, 0);
    }

    /** Buffers with room for a payload and what comes before it. */
    static BufferConfig whole(BufferConfig payloads) {
        int bytes = payloads.bytes() + PAYLOAD;
        return payloads.withBytes((bytes + CACHE_LINE_BYTES - 1) & -CACHE_LINE_BYTES);
    }

    /** What is received goes here. */
    public BufferGroup group() {
        return group;
    }

    /** The bytes of each buffer and chunk of the group. */
    public int bufferBytes() {
        return bufferBytes;
    }

    /** For every multishot receive. */
    public MessageHeader sizes() {
        return sizes;
    }

    /** The same on unix sockets: no control messages, and a payload at the same place. */
    public MessageHeader unixSizes() {
        return unixSizes;
    }

    /** For one operation; given back with {@link #returnMessage}. */
    public DatagramMessage takeMessage() {
        DatagramMessage message = idle.pollFirst();
        if (message == null) {
            message = new DatagramMessage(arena);
            messages++;
        }
        return message;
    }

    public void returnMessage(DatagramMessage message) {
        message.header().clear();
        idle.addFirst(message);
    }

    /** Messages taken and not returned. */
    public int messagesInUse() {
        return messages - idle.size();
    }

    void publish() {
        group.takeBackReturned();
        group.publish();
    }
}
