package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of the operations on sockets. Each fills one entry and returns it, so that the user
 * data can follow. Memory given here stays reachable and unchanged until the last completion; heap
 * segments, closed segments and ranges outside a segment are refused with an exception.
 *
 * <pre>{@code
 * SocketOps.acceptMultishot(ring.nextSqe(), listener).userData(ACCEPT);
 * SocketOps.send(ring.nextSqe(), socket, buffer, SocketOps.MSG_NOSIGNAL).userData(SEND);
 * }</pre>
 */
public final class SocketOps {
    public static final int MSG_DONTWAIT = 0x40;
    public static final int MSG_WAITALL = 0x100;
    public static final int MSG_NOSIGNAL = 0x4000;
    public static final int MSG_MORE = 0x8000;
    public static final int SOCK_NONBLOCK = 0x800;
    public static final int SOCK_CLOEXEC = 0x80000;
    public static final int SHUT_RD = 0;
    public static final int SHUT_WR = 1;
    public static final int SHUT_RDWR = 2;

    private SocketOps() {}

    /** Creates a socket; the result is its descriptor. Kernel 5.19. */
    public static Sqe socket(Sqe sqe, int domain, int type, int protocol) {
        return sqe.opcode(Opcode.SOCKET).fd(domain).off(type).len(protocol);
    }

    /** Kernel 6.11. */
    public static Sqe bind(Sqe sqe, Descriptor socket, MemorySegment address) {
        return sqe.descriptor(socket)
                .addr(NativeMemory.address(address))
                .off(address.byteSize())
                .opcode(Opcode.BIND);
    }

    /** Kernel 6.11. */
    public static Sqe listen(Sqe sqe, Descriptor socket, int backlog) {
        return sqe.descriptor(socket).len(backlog).opcode(Opcode.LISTEN);
    }

    /** Accepts one connection; the result is its descriptor, close-on-exec. Kernel 5.5. */
    public static Sqe accept(Sqe sqe, Descriptor listener) {
        return sqe.descriptor(listener).opFlags(SOCK_CLOEXEC).opcode(Opcode.ACCEPT);
    }

    /**
     * Accepts connections until it fails or is cancelled; each is a completion with F_MORE. Kernel
     * 5.19.
     */
    public static Sqe acceptMultishot(Sqe sqe, Descriptor listener) {
        return accept(sqe, listener).ioprio(Abi.ACCEPT_MULTISHOT);
    }

    /** Connects, and completes when connected: there is no EINPROGRESS. Kernel 5.5. */
    public static Sqe connect(Sqe sqe, Descriptor socket, MemorySegment address) {
        return sqe.descriptor(socket)
                .addr(NativeMemory.address(address))
                .off(address.byteSize())
                .opcode(Opcode.CONNECT);
    }

    /** Receives into {@code buffer}; 0 is the end of a stream. Kernel 5.6. */
    public static Sqe recv(Sqe sqe, Descriptor socket, MemorySegment buffer, int messageFlags) {
        return recv(sqe, socket, buffer, 0, length(buffer), messageFlags);
    }

    /** Receives at most {@code length} bytes at {@code offset} of {@code buffer}. Kernel 5.6. */
    public static Sqe recv(
            Sqe sqe,
            Descriptor socket,
            MemorySegment buffer,
            long offset,
            int length,
            int messageFlags) {
        return sqe.descriptor(socket)
                .addr(NativeMemory.writableAddress(buffer, offset, length))
                .len(length)
                .opFlags(messageFlags)
                .opcode(Opcode.RECV);
    }

    /**
     * Receives once, into a buffer the kernel takes from a group when data is there. Kernel 5.7.
     */
    public static Sqe recvSelect(Sqe sqe, Descriptor socket, int group, int messageFlags) {
        return sqe.descriptor(socket).bufferGroup(group).opFlags(messageFlags).opcode(Opcode.RECV);
    }

    /**
     * Receives until the end of the stream, an error, ENOBUFS or cancellation, each time into a
     * buffer of the group. Kernel 6.0.
     */
    public static Sqe recvMultishot(Sqe sqe, Descriptor socket, int group) {
        return recvSelect(sqe, socket, group, 0).ioprio(Abi.RECV_MULTISHOT);
    }

    /** Sends all of {@code buffer}, or less: the result says how much. Kernel 5.6. */
    public static Sqe send(Sqe sqe, Descriptor socket, MemorySegment buffer, int messageFlags) {
        return send(sqe, socket, buffer, 0, length(buffer), messageFlags);
    }

    /** Sends {@code length} bytes at {@code offset} of {@code buffer}, or less. Kernel 5.6. */
    public static Sqe send(
            Sqe sqe,
            Descriptor socket,
            MemorySegment buffer,
            long offset,
            int length,
            int messageFlags) {
        return sqe.descriptor(socket)
                .addr(NativeMemory.address(buffer, offset, length))
                .len(length)
                .opFlags(messageFlags)
                .opcode(Opcode.SEND);
    }

    /** Sends what a {@link MessageHeader} describes. Kernel 5.3. */
    public static Sqe sendmsg(Sqe sqe, Descriptor socket, MessageHeader message, int messageFlags) {
        return sqe.descriptor(socket)
                .addr(message.address())
                .len(1)
                .opFlags(messageFlags)
                .opcode(Opcode.SENDMSG);
    }

    /**
     * @param how {@link #SHUT_RD}, {@link #SHUT_WR} or {@link #SHUT_RDWR}. Kernel 5.11.
     */
    public static Sqe shutdown(Sqe sqe, Descriptor socket, int how) {
        return sqe.descriptor(socket).len(how).opcode(Opcode.SHUTDOWN);
    }

    private static int length(MemorySegment buffer) {
        return (int) Math.min(buffer.byteSize(), FileOps.MAX_BYTES);
    }
}
