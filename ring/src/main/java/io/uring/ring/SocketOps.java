package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of the operations on sockets. Each fills one entry and returns it, so that the user
 * data can follow. Heap segments, closed segments and ranges outside a segment are refused with an
 * exception. Sending and receiving messages with addresses and control data: {@link DatagramOps};
 * without copies: {@link ZeroCopyOps}.
 *
 * <pre>{@code
 * SocketOps.acceptMultishot(ring.nextSqe(), listener).userData(ACCEPT);
 * SocketOps.send(ring.nextSqe(), socket, buffer, SocketOps.MSG_NOSIGNAL).userData(SEND);
 * }</pre>
 */
public final class SocketOps {
    public static final int MSG_OOB = 1;
    public static final int MSG_PEEK = 2;

    /** In what a receive reports: control messages did not fit. */
    public static final int MSG_CTRUNC = 8;

    /** In what a receive reports: the datagram did not fit; asked for: report its whole size. */
    public static final int MSG_TRUNC = 0x20;

    public static final int MSG_DONTWAIT = 0x40;
    public static final int MSG_EOR = 0x80;
    public static final int MSG_WAITALL = 0x100;
    public static final int MSG_ERRQUEUE = 0x2000;
    public static final int MSG_NOSIGNAL = 0x4000;
    public static final int MSG_MORE = 0x8000;
    public static final int AF_UNIX = 1;
    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;
    public static final int SOCK_STREAM = 1;
    public static final int SOCK_DGRAM = 2;
    public static final int SOCK_SEQPACKET = 5;
    public static final int SOCK_NONBLOCK = 0x800;
    public static final int SOCK_CLOEXEC = 0x80000;
    public static final int SHUT_RD = 0;
    public static final int SHUT_WR = 1;
    public static final int SHUT_RDWR = 2;

    private static final int ACCEPT_DONTWAIT = 1 << 1;
    private static final int ACCEPT_POLL_FIRST = 1 << 2;
    private static final int RECVSEND_BUNDLE = 1 << 4;

    private SocketOps() {}

    /**
     * Creates a socket; the result is its descriptor. Kernel 5.19.
     *
     * @param domain {@link #AF_INET} and the like
     * @param type {@link #SOCK_STREAM} and the like, with {@link #SOCK_CLOEXEC}
     */
    public static Sqe socket(Sqe sqe, int domain, int type, int protocol) {
        return sqe.fd(domain).off(Integer.toUnsignedLong(type)).len(protocol).opcode(Opcode.SOCKET);
    }

    /** Creates a socket in a slot; the result is 0, or the slot for ANY. Kernel 5.19. */
    public static Sqe socketDirect(
            Sqe sqe, int domain, int type, int protocol, DirectDescriptor target) {
        checkNoCloseOnExec(type);
        return socket(sqe.target(target), domain, type, protocol);
    }

    private static void checkNoCloseOnExec(int type) {
        if ((type & SOCK_CLOEXEC) != 0) {
            throw new IllegalArgumentException("a slot has no close-on-exec");
        }
    }

    /** Kernel 6.11. */
    public static Sqe bind(Sqe sqe, Descriptor socket, Sockaddr address) {
        return sqe.descriptor(socket)
                .uses(Abi.SQE_ADDR, address)
                .off(address.length())
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
     * The same, and fills in the peer's address.
     *
     * @param peer all room, see {@link Sockaddr#clear}
     * @param flags {@link #SOCK_CLOEXEC}, {@link #SOCK_NONBLOCK}
     */
    public static Sqe accept(Sqe sqe, Descriptor listener, Sockaddr peer, int flags) {
        return accept(sqe.hold(peer), listener)
                .addr(peer.address())
                .off(peer.lengthAddress())
                .opFlags(flags);
    }

    /** Accepts one connection into a slot; the result is 0, or the slot for ANY. Kernel 5.15. */
    public static Sqe acceptDirect(Sqe sqe, Descriptor listener, DirectDescriptor target) {
        sqe.require(515, "accepting into a slot");
        return accept(sqe, listener).opFlags(0).target(target);
    }

    /**
     * Accepts connections until it fails or is cancelled; each is a completion with F_MORE. Kernel
     * 5.19.
     */
    public static Sqe acceptMultishot(Sqe sqe, Descriptor listener) {
        sqe.require(Feature.MULTISHOT_ACCEPT);
        return accept(sqe, listener).ioprio(Abi.ACCEPT_MULTISHOT);
    }

    /** The same, into slots that the kernel chooses. Kernel 5.19. */
    public static Sqe acceptMultishotDirect(Sqe sqe, Descriptor listener) {
        return acceptMultishot(sqe, listener).opFlags(0).target(DirectDescriptor.ANY);
    }

    /** Makes a prepared accept fail with EAGAIN instead of waiting. Kernel 6.10. */
    public static Sqe acceptDontWait(Sqe sqe) {
        checkIs(sqe, Opcode.ACCEPT);
        return sqe.require(610, "ACCEPT_DONTWAIT").addIoprio(ACCEPT_DONTWAIT);
    }

    /** Connects, and completes when connected: there is no EINPROGRESS. Kernel 5.5. */
    public static Sqe connect(Sqe sqe, Descriptor socket, Sockaddr address) {
        return sqe.descriptor(socket)
                .uses(Abi.SQE_ADDR, address)
                .off(address.length())
                .opcode(Opcode.CONNECT);
    }

    /** Receives into {@code buffer}; 0 is the end of a stream. Kernel 5.6. */
    public static Sqe recv(Sqe sqe, Descriptor socket, MemorySegment buffer, int messageFlags) {
        return recv(sqe, socket, buffer, 0, FileOps.length(buffer), messageFlags);
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
                .writes(Abi.SQE_ADDR, buffer, offset, length)
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
        sqe.require(Feature.MULTISHOT_RECV);
        return recvSelect(sqe, socket, group, 0).ioprio(Abi.RECV_MULTISHOT);
    }

    /**
     * The same with limits. Kernel 6.17.
     *
     * @param eachBytes the most that one completion brings, 0 for a buffer
     * @param totalBytes ends when so much has come, or somewhat more; 0 for no end
     */
    public static Sqe recvMultishot(
            Sqe sqe, Descriptor socket, int group, int eachBytes, int totalBytes) {
        if (eachBytes < 0 || totalBytes < 0) {
            throw new IllegalArgumentException("limits " + eachBytes + ", " + totalBytes);
        }
        sqe.require(617, "limits of a multishot receive");
        return recvMultishot(sqe, socket, group).len(eachBytes).fileIndex(totalBytes);
    }

    /** Sends all of {@code buffer}, or less: the result says how much. Kernel 5.6. */
    public static Sqe send(Sqe sqe, Descriptor socket, MemorySegment buffer, int messageFlags) {
        return send(sqe, socket, buffer, 0, FileOps.length(buffer), messageFlags);
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
                .reads(Abi.SQE_ADDR, buffer, offset, length)
                .len(length)
                .opFlags(messageFlags)
                .opcode(Opcode.SEND);
    }

    /** Sends several pieces, or less. Kernel 6.17; {@link DatagramOps#sendmsg} is older. */
    public static Sqe send(Sqe sqe, Descriptor socket, IoVectors pieces, int messageFlags) {
        pieces.checkPieces(false);
        return sqe.require(617, "a vectorised send")
                .descriptor(socket)
                .uses(Abi.SQE_ADDR, pieces)
                .len(pieces.count())
                .ioprio(Abi.SEND_VECTORIZED)
                .opFlags(messageFlags)
                .opcode(Opcode.SEND);
    }

    /** Sends the next provided buffer of a group, as much as it holds. Kernel 6.10. */
    public static Sqe sendSelect(Sqe sqe, Descriptor socket, int group, int messageFlags) {
        return sqe.require(Feature.RECVSEND_BUNDLE)
                .descriptor(socket)
                .bufferGroup(group)
                .opFlags(messageFlags)
                .opcode(Opcode.SEND);
    }

    /**
     * Lets one completion of a prepared send or receive cover several provided buffers: the result
     * is their bytes together, the id that of the first. Kernel 6.10.
     *
     * @throws IllegalStateException when the entry does not select its buffer: the kernel takes
     *     that, and its completions then mean nothing
     */
    public static Sqe bundle(Sqe sqe) {
        boolean takesBundles = sqe.is(Opcode.SEND) || sqe.is(Opcode.RECV);
        if (!takesBundles || (sqe.flags() & Abi.IOSQE_BUFFER_SELECT) == 0) {
            throw new IllegalStateException(
                    "a bundle needs a send or receive that selects buffers");
        }
        return sqe.require(Feature.RECVSEND_BUNDLE).addIoprio(RECVSEND_BUNDLE);
    }

    /**
     * Lets a prepared send, receive or accept wait for readiness before its first attempt, which is
     * known to be in vain. Kernel 5.19; accept 6.10.
     */
    public static Sqe pollFirst(Sqe sqe) {
        if (sqe.is(Opcode.ACCEPT)) {
            return sqe.require(610, "ACCEPT_POLL_FIRST").addIoprio(ACCEPT_POLL_FIRST);
        }
        checkIs(
                sqe,
                Opcode.SEND,
                Opcode.RECV,
                Opcode.SENDMSG,
                Opcode.RECVMSG,
                Opcode.SEND_ZC,
                Opcode.SENDMSG_ZC);
        return sqe.require(519, "POLL_FIRST").addIoprio(Abi.RECVSEND_POLL_FIRST);
    }

    /**
     * @param how {@link #SHUT_RD}, {@link #SHUT_WR} or {@link #SHUT_RDWR}. Kernel 5.11.
     */
    public static Sqe shutdown(Sqe sqe, Descriptor socket, int how) {
        return sqe.descriptor(socket).len(how).opcode(Opcode.SHUTDOWN);
    }

    /** Throws unless the entry holds one of these operations. */
    static void checkIs(Sqe sqe, Opcode... taken) {
        for (Opcode opcode : taken) {
            if (sqe.is(opcode)) {
                return;
            }
        }
        throw new IllegalStateException("the entry holds operation " + sqe.opcode());
    }
}
