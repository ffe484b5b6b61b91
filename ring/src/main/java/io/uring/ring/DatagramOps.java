package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of sends and receives with addresses, several pieces and control data.
 *
 * <pre>{@code
 * DatagramOps.sendTo(ring.nextSqe(), socket, packet, peer, 0).userData(1);
 * MessageHeader sizes = new MessageHeader(arena, 1).reserve(32, 0);
 * DatagramOps.recvmsgMultishot(ring.nextSqe(), socket, sizes, group, 0).userData(2);
 * }</pre>
 */
public final class DatagramOps {
    private DatagramOps() {}

    /** Sends a datagram to an address. Kernel 6.0. */
    public static Sqe sendTo(
            Sqe sqe, Descriptor socket, MemorySegment data, Sockaddr address, int messageFlags) {
        return sendTo(sqe, socket, data, 0, FileOps.length(data), address, messageFlags);
    }

    /** Sends {@code length} bytes at {@code offset} of {@code data}. Kernel 6.0. */
    public static Sqe sendTo(
            Sqe sqe,
            Descriptor socket,
            MemorySegment data,
            long offset,
            int length,
            Sockaddr address,
            int messageFlags) {
        sqe.require(600, "a send to an address");
        return to(SocketOps.send(sqe, socket, data, offset, length, messageFlags), address);
    }

    static Sqe to(Sqe sqe, Sockaddr address) {
        return sqe.uses(Abi.SQE_OFF, address).putShort(Abi.SQE_ADDR_LEN, address.length());
    }

    /** Sends what a {@link MessageHeader} describes. Kernel 5.3. */
    public static Sqe sendmsg(Sqe sqe, Descriptor socket, MessageHeader message, int messageFlags) {
        message.checkPieces(false);
        return sqe.descriptor(socket)
                .uses(Abi.SQE_ADDR, message)
                .len(1)
                .opFlags(messageFlags)
                .opcode(Opcode.SENDMSG);
    }

    /**
     * Receives into the pieces of a {@link MessageHeader}, which also takes the source, the control
     * messages and the flags. Kernel 5.3.
     */
    public static Sqe recvmsg(Sqe sqe, Descriptor socket, MessageHeader message, int messageFlags) {
        message.checkPieces(true);
        return sqe.descriptor(socket)
                .uses(Abi.SQE_ADDR, message)
                .len(1)
                .opFlags(messageFlags)
                .opcode(Opcode.RECVMSG);
    }

    /**
     * Receives until an error, ENOBUFS or cancellation, each time into a buffer of the group, laid
     * out as {@link ReceivedMessage} reads it. Kernel 6.0.
     *
     * @param sizes says what to reserve for addresses and control messages
     */
    public static Sqe recvmsgMultishot(
            Sqe sqe, Descriptor socket, MessageHeader sizes, int group, int messageFlags) {
        if (sizes.count() != 0) {
            throw new IllegalArgumentException("the group's buffers take the place of the pieces");
        }
        sqe.require(Feature.MULTISHOT_RECV);
        return recvmsg(sqe, socket, sizes, messageFlags)
                .bufferGroup(group)
                .ioprio(Abi.RECV_MULTISHOT);
    }
}
