package io.uring.reactor;

import io.uring.ring.MessageHeader;
import io.uring.ring.Sockaddr;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What the kernel needs beside the payload of a datagram: header, address, control messages. Pooled
 * by {@link DatagramBuffers}, and one operation's from its preparation to its last completion.
 * Belongs to the loop's thread.
 *
 * <pre>{@code
 * DatagramMessage message = reactor.datagrams().takeMessage();
 * MessageHeader header = message.header().source(message.address()).control(message.control());
 * DatagramOps.recvmsg(sqe, descriptor, header.add(memory, 0, memory.byteSize()), 0);
 * reactor.datagrams().returnMessage(message); // after the completion
 * }</pre>
 */
public final class DatagramMessage {
    /** The most pieces of a payload: 64 KiB from chunks. */
    public static final int VECTORS = 4;

    /** A control message's 16 bytes of header, and a number, padded. */
    private static final int NUMBER_BYTES = 24;

    private final MessageHeader header;
    private final Sockaddr address;
    private final MemorySegment control;
    private final MemorySegment number;

    DatagramMessage(Arena arena) {
        header = new MessageHeader(arena, VECTORS);
        address = new Sockaddr(arena);
        control = arena.allocate(DatagramBuffers.CONTROL_BYTES, Long.BYTES);
        number = control.asSlice(0, NUMBER_BYTES);
    }

    public MessageHeader header() {
        return header;
    }

    public Sockaddr address() {
        return address;
    }

    /** {@value DatagramBuffers#CONTROL_BYTES} bytes. */
    public MemorySegment control() {
        return control;
    }

    /** The same memory, as long as one control message with a number is. */
    public MemorySegment number() {
        return number;
    }
}
