package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of reads and writes. Results may be short; a read of 0 is the end of the file. Reads
 * and writes in registered buffers: {@link FixedOps}.
 *
 * <pre>{@code
 * FileOps.read(ring.nextSqe(), file, buffer, 0).userData(1);
 * FileOps.flags(FileOps.write(ring.nextSqe(), log, line, 0), FileOps.RWF_APPEND).userData(2);
 * }</pre>
 */
public final class FileOps {
    /** The most bytes that one read or write moves. */
    public static final int MAX_BYTES = 0x7FFFF000;

    /** Read and write at the file's position and advance it. Kernel 5.6. */
    public static final long CURRENT_POSITION = -1;

    /** Polls for the completion; only on rings with {@link RingConfig#ioPoll}. */
    public static final int RWF_HIPRI = 1;

    /** The data is on the device before the write completes. */
    public static final int RWF_DSYNC = 2;

    /** Data and metadata are on the device before the write completes. */
    public static final int RWF_SYNC = 4;

    /** EAGAIN instead of waiting. */
    public static final int RWF_NOWAIT = 8;

    /** Writes at the end, wherever the position is. */
    public static final int RWF_APPEND = 0x10;

    /** Writes at the position although the file was opened to append. Kernel 6.9. */
    public static final int RWF_NOAPPEND = 0x20;

    /** All of the write or nothing of it reaches the device. Kernel 6.11. */
    public static final int RWF_ATOMIC = 0x40;

    /** Leaves nothing in the page cache. Kernel 6.14. */
    public static final int RWF_DONTCACHE = 0x80;

    private FileOps() {}

    /** Reads at {@code position} of the file. Kernel 5.6. */
    public static Sqe read(Sqe sqe, Descriptor file, MemorySegment buffer, long position) {
        return read(sqe, file, buffer, 0, length(buffer), position);
    }

    /**
     * Reads at most {@code length} bytes to {@code offset} of {@code buffer}. Kernel 5.6.
     *
     * @param position in the file, or {@link #CURRENT_POSITION}
     */
    public static Sqe read(
            Sqe sqe,
            Descriptor file,
            MemorySegment buffer,
            long offset,
            int length,
            long position) {
        return at(sqe, file, position)
                .writes(Abi.SQE_ADDR, buffer, offset, length)
                .len(length)
                .opcode(Opcode.READ);
    }

    /** Writes at {@code position} of the file. Kernel 5.6. */
    public static Sqe write(Sqe sqe, Descriptor file, MemorySegment buffer, long position) {
        return write(sqe, file, buffer, 0, length(buffer), position);
    }

    /**
     * Writes {@code length} bytes from {@code offset} of {@code buffer}, or less. Kernel 5.6.
     *
     * @param position in the file, or {@link #CURRENT_POSITION}
     */
    public static Sqe write(
            Sqe sqe,
            Descriptor file,
            MemorySegment buffer,
            long offset,
            int length,
            long position) {
        return at(sqe, file, position)
                .reads(Abi.SQE_ADDR, buffer, offset, length)
                .len(length)
                .opcode(Opcode.WRITE);
    }

    /**
     * Reads into a buffer that the kernel takes from a group when data is there. Kernel 5.7.
     *
     * @param length the most to read, 0 for the whole buffer
     */
    public static Sqe readSelect(Sqe sqe, Descriptor file, int group, int length, long position) {
        return at(sqe, file, position)
                .bufferGroup(group)
                .len(nonNegative(length))
                .opcode(Opcode.READ);
    }

    /**
     * Reads from a pipe, socket, eventfd or terminal each time there is something, into a buffer of
     * the group, until the end, an error, ENOBUFS or cancellation; EBADFD for other files. Kernel
     * 6.7.
     */
    public static Sqe readMultishot(Sqe sqe, Descriptor file, int group) {
        return at(sqe, file, CURRENT_POSITION).bufferGroup(group).opcode(Opcode.READ_MULTISHOT);
    }

    /** Reads into several pieces. Kernel 5.1. */
    public static Sqe readv(Sqe sqe, Descriptor file, IoVectors pieces, long position) {
        pieces.checkPieces(true);
        return vectored(sqe, file, pieces, position).opcode(Opcode.READV);
    }

    /** Writes several pieces. Kernel 5.1. */
    public static Sqe writev(Sqe sqe, Descriptor file, IoVectors pieces, long position) {
        pieces.checkPieces(false);
        return vectored(sqe, file, pieces, position).opcode(Opcode.WRITEV);
    }

    static Sqe vectored(Sqe sqe, Descriptor file, IoVectors pieces, long position) {
        return at(sqe, file, position).uses(Abi.SQE_ADDR, pieces).len(pieces.count());
    }

    /** The file and the position of a read or write. */
    static Sqe at(Sqe sqe, Descriptor file, long position) {
        if (position < CURRENT_POSITION) {
            throw new IllegalArgumentException("position " + position);
        }
        if (position == CURRENT_POSITION) {
            sqe.require(Feature.RW_CUR_POS);
        }
        return sqe.descriptor(file).off(position);
    }

    /** Gives a prepared read or write RWF flags; EOPNOTSUPP for those the file lacks. */
    public static Sqe flags(Sqe sqe, int flags) {
        checkIsTransfer(sqe);
        return sqe.opFlags(flags);
    }

    /** Gives a prepared write a stream of the device; EINVAL when it has none. Kernel 6.16. */
    public static Sqe writeStream(Sqe sqe, int stream) {
        SocketOps.checkIs(
                sqe, Opcode.WRITE, Opcode.WRITEV, Opcode.WRITE_FIXED, Opcode.WRITEV_FIXED);
        if ((stream & 0xff) != stream) {
            throw new IllegalArgumentException("stream " + stream + ", not 0 to 255");
        }
        return sqe.require(616, "write streams").putByte(Abi.SQE_WRITE_STREAM, stream);
    }

    /**
     * Gives a prepared read or write protection information; EINVAL when the file has none. Kernel
     * 6.14.
     */
    public static Sqe integrity(Sqe sqe, IntegrityAttribute attribute) {
        checkIsTransfer(sqe);
        return sqe.require(Feature.RW_ATTR)
                .uses(Abi.SQE_ADDR3, attribute)
                .putLong(Abi.SQE_PAD2, IntegrityAttribute.TYPE);
    }

    private static void checkIsTransfer(Sqe sqe) {
        SocketOps.checkIs(
                sqe,
                Opcode.READ,
                Opcode.WRITE,
                Opcode.READV,
                Opcode.WRITEV,
                Opcode.READ_FIXED,
                Opcode.WRITE_FIXED,
                Opcode.READV_FIXED,
                Opcode.WRITEV_FIXED,
                Opcode.READ_MULTISHOT);
    }

    /** As much of a buffer as one operation moves. */
    static int length(MemorySegment buffer) {
        return (int) Math.min(buffer.byteSize(), MAX_BYTES);
    }

    static int nonNegative(int length) {
        if (length < 0) {
            throw new IllegalArgumentException("length " + length);
        }
        return length;
    }
}
