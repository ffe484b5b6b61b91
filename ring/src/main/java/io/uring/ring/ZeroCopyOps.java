package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of sends and receives without copies. A send has two completions: its result with
 * F_MORE, and when the memory may change again a notification with {@link Cqe#F_NOTIF}. When the
 * first has no F_MORE, no second follows; the result says nothing about that. A wait for it may
 * take until the peer has acknowledged the data. Loopback and unix sockets copy all the same.
 *
 * <pre>{@code
 * ZeroCopyOps.send(ring.nextSqe(), socket, buffer, 0).userData(1);
 * // (1, length, F_MORE) and later (1, 0, F_NOTIF)
 * }</pre>
 */
public final class ZeroCopyOps {
    private static final int FIXED_BUF = 1 << 2;
    private static final int REPORT_USAGE = 1 << 3;

    private ZeroCopyOps() {}

    /** Sends all of {@code buffer}, or less. Kernel 6.0. */
    public static Sqe send(Sqe sqe, Descriptor socket, MemorySegment buffer, int messageFlags) {
        return send(sqe, socket, buffer, 0, FileOps.length(buffer), messageFlags);
    }

    /** Sends {@code length} bytes at {@code offset} of {@code buffer}, or less. Kernel 6.0. */
    public static Sqe send(
            Sqe sqe,
            Descriptor socket,
            MemorySegment buffer,
            long offset,
            int length,
            int messageFlags) {
        return sqe.descriptor(socket)
                .reads(Abi.SQE_ADDR, buffer, offset, length)
                .len(length)
                .opFlags(messageFlags)
                .opcode(Opcode.SEND_ZC);
    }

    /** Sends a datagram to an address. Kernel 6.0. */
    public static Sqe sendTo(
            Sqe sqe, Descriptor socket, MemorySegment data, Sockaddr address, int messageFlags) {
        return DatagramOps.to(send(sqe, socket, data, messageFlags), address);
    }

    /** Sends several pieces, or less. Kernel 6.17. */
    public static Sqe send(Sqe sqe, Descriptor socket, IoVectors pieces, int messageFlags) {
        pieces.checkPieces(false);
        return sqe.require(617, "a vectorised send")
                .descriptor(socket)
                .uses(Abi.SQE_ADDR, pieces)
                .len(pieces.count())
                .ioprio(Abi.SEND_VECTORIZED)
                .opFlags(messageFlags)
                .opcode(Opcode.SEND_ZC);
    }

    /** Sends what a {@link MessageHeader} describes. Kernel 6.1. */
    public static Sqe sendmsg(Sqe sqe, Descriptor socket, MessageHeader message, int messageFlags) {
        message.checkPieces(false);
        return sqe.descriptor(socket)
                .uses(Abi.SQE_ADDR, message)
                .len(1)
                .opFlags(messageFlags)
                .opcode(Opcode.SENDMSG_ZC);
    }

    /**
     * The memory of a prepared zero-copy send is inside of a registered buffer. Kernel 6.0; for
     * messages 6.15.
     */
    public static Sqe fixedBuffer(Sqe sqe, int bufferIndex) {
        SocketOps.checkIs(sqe, Opcode.SEND_ZC, Opcode.SENDMSG_ZC);
        if (sqe.is(Opcode.SENDMSG_ZC)) {
            sqe.require(615, "a message in a registered buffer");
        }
        return sqe.bufferIndex(bufferIndex).addIoprio(FIXED_BUF);
    }

    /**
     * The notification of a prepared zero-copy send tells with {@link Cqe#NOTIF_USAGE_ZC_COPIED} in
     * its result whether the data was copied. Kernel 6.2.
     */
    public static Sqe reportUsage(Sqe sqe) {
        SocketOps.checkIs(sqe, Opcode.SEND_ZC, Opcode.SENDMSG_ZC);
        return sqe.require(602, "a report of zero-copy usage").addIoprio(REPORT_USAGE);
    }

    /**
     * Receives from the queue of a network card that was registered for it, with completions of 32
     * bytes: the result is the length, the first extra word the place in the area. Kernel 6.15.
     *
     * @param queueId what the registration returned
     * @param totalBytes ends when so much has come; 0 for no end
     */
    public static Sqe recv(Sqe sqe, Descriptor socket, int queueId, int totalBytes) {
        if (totalBytes < 0) {
            throw new IllegalArgumentException("totalBytes " + totalBytes);
        }
        return sqe.descriptor(socket)
                .ioprio(Abi.RECV_MULTISHOT)
                .len(totalBytes)
                .fileIndex(queueId)
                .opcode(Opcode.RECV_ZC);
    }
}
