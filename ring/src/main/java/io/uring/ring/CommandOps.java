package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of commands that a file's driver or a socket understands.
 *
 * <pre>{@code
 * CommandOps.unreadBytes(ring.nextSqe(), socket).userData(1); // result: the bytes
 * CommandOps.setsockopt(ring.nextSqe(), socket, 6, 1, value).userData(2); // TCP_NODELAY
 * }</pre>
 */
public final class CommandOps {
    private static final int SIOCINQ = 0;
    private static final int SIOCOUTQ = 1;
    private static final int GETSOCKOPT = 2;
    private static final int SETSOCKOPT = 3;
    private static final int TX_TIMESTAMP = 4;
    private static final int CMD_FIXED = 1;
    private static final int CMD_MULTISHOT = 1 << 1;

    private CommandOps() {}

    /**
     * A command of a driver; EOPNOTSUPP when the file has none. Kernel 5.19.
     *
     * @param payload what the driver wants behind the fields: at most 16 bytes, or 80 on a ring
     *     with entries of 128 bytes; memory that it points to is the caller's to keep
     */
    public static Sqe command(Sqe sqe, Descriptor file, int command, MemorySegment payload) {
        return prepared(sqe.command(payload), file, command);
    }

    private static Sqe prepared(Sqe sqe, Descriptor file, int command) {
        return sqe.descriptor(file).off(Integer.toUnsignedLong(command)).opcode(Opcode.URING_CMD);
    }

    /** A prepared command works on a registered buffer. Kernel 6.1. */
    public static Sqe fixedBuffer(Sqe sqe, int bufferIndex) {
        SocketOps.checkIs(sqe, Opcode.URING_CMD);
        if ((sqe.opFlags() & CMD_MULTISHOT) != 0) {
            throw new IllegalStateException("a multishot command has no registered buffer");
        }
        return sqe.require(601, "a command with a registered buffer")
                .bufferIndex(bufferIndex)
                .opFlags(sqe.opFlags() | CMD_FIXED);
    }

    /** A prepared command completes repeatedly, each time into a buffer of a group. Kernel 6.18. */
    public static Sqe multishot(Sqe sqe, int group) {
        SocketOps.checkIs(sqe, Opcode.URING_CMD);
        if ((sqe.opFlags() & CMD_FIXED) != 0) {
            throw new IllegalStateException("a multishot command has no registered buffer");
        }
        return sqe.require(618, "a multishot command")
                .bufferGroup(group)
                .opFlags(sqe.opFlags() | CMD_MULTISHOT);
    }

    /** The result is the number of bytes that wait to be received. Kernel 6.5. */
    public static Sqe unreadBytes(Sqe sqe, Descriptor socket) {
        return prepared(sqe.require(605, "SIOCINQ"), socket, SIOCINQ);
    }

    /** The result is the number of bytes that wait to be sent or acknowledged. Kernel 6.5. */
    public static Sqe unsentBytes(Sqe sqe, Descriptor socket) {
        return prepared(sqe.require(605, "SIOCOUTQ"), socket, SIOCOUTQ);
    }

    /**
     * Reads a socket option; the result is its length. Kernel 6.7.
     *
     * @param level SOL_SOCKET (1): for others the kernel has EOPNOTSUPP
     * @param value room for it
     */
    public static Sqe getsockopt(
            Sqe sqe, Descriptor socket, int level, int name, MemorySegment value) {
        NativeMemory.writableAddress(value, 0, value.byteSize());
        return option(sqe, socket, GETSOCKOPT, level, name, value);
    }

    /** Sets a socket option. Kernel 6.7. */
    public static Sqe setsockopt(
            Sqe sqe, Descriptor socket, int level, int name, MemorySegment value) {
        return option(sqe, socket, SETSOCKOPT, level, name, value);
    }

    private static Sqe option(
            Sqe sqe, Descriptor socket, int command, int level, int name, MemorySegment value) {
        sqe.require(607, "socket options")
                .reads(Abi.SQE_ADDR3, value, 0, value.byteSize())
                .putInt(Abi.SQE_ADDR, level)
                .putInt(Abi.SQE_ADDR + Integer.BYTES, name)
                .fileIndex(Math.toIntExact(value.byteSize()));
        return prepared(sqe, socket, command);
    }

    /**
     * Completes with F_MORE for each packet that was sent: the result is its key, the extra words
     * are seconds and nanoseconds. The socket has timestamping on, the ring has completions of 32
     * bytes. Kernel 6.17.
     */
    public static Sqe transmitTimestamps(Sqe sqe, Descriptor socket) {
        return prepared(sqe.require(617, "transmit timestamps"), socket, TX_TIMESTAMP);
    }
}
