package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of what is done to a file's storage and to memory besides reading and writing. They
 * run on kernel worker threads.
 *
 * <pre>{@code
 * FileOps.write(ring.nextSqe(), file, block, 0).userData(1).link();
 * StorageOps.fsync(ring.nextSqe(), file).userData(2); // after the write
 * }</pre>
 */
public final class StorageOps {
    public static final int SYNC_FILE_RANGE_WAIT_BEFORE = 1;
    public static final int SYNC_FILE_RANGE_WRITE = 2;
    public static final int SYNC_FILE_RANGE_WAIT_AFTER = 4;

    public static final int FALLOC_FL_KEEP_SIZE = 1;

    /** With KEEP_SIZE: makes a hole. */
    public static final int FALLOC_FL_PUNCH_HOLE = 2;

    public static final int FALLOC_FL_COLLAPSE_RANGE = 8;
    public static final int FALLOC_FL_ZERO_RANGE = 0x10;
    public static final int FALLOC_FL_INSERT_RANGE = 0x20;
    public static final int FALLOC_FL_UNSHARE_RANGE = 0x40;

    public static final int POSIX_FADV_NORMAL = 0;
    public static final int POSIX_FADV_RANDOM = 1;
    public static final int POSIX_FADV_SEQUENTIAL = 2;
    public static final int POSIX_FADV_WILLNEED = 3;
    public static final int POSIX_FADV_DONTNEED = 4;
    public static final int POSIX_FADV_NOREUSE = 5;

    public static final int MADV_WILLNEED = 3;

    /** Private anonymous memory reads as zero afterwards. */
    public static final int MADV_DONTNEED = 4;

    public static final int MADV_HUGEPAGE = 14;

    private static final int FSYNC_DATASYNC = 1;
    private static final int NO_FD = -1;
    private static final int LONG_ADVICE = 611;

    private StorageOps() {}

    /** Data and metadata of the file are on the device when it completes. Kernel 5.1. */
    public static Sqe fsync(Sqe sqe, Descriptor file) {
        return sqe.descriptor(file).opcode(Opcode.FSYNC);
    }

    /** The same without metadata that reading does not need. Kernel 5.1. */
    public static Sqe fdatasync(Sqe sqe, Descriptor file) {
        return fsync(sqe, file).opFlags(FSYNC_DATASYNC);
    }

    /**
     * The same for a range, where the file system can do that.
     *
     * @param length 0 with offset 0 for the whole file
     */
    public static Sqe fsync(Sqe sqe, Descriptor file, long offset, int length, boolean dataOnly) {
        return fsync(sqe, file)
                .off(offset)
                .len(FileOps.nonNegative(length))
                .opFlags(dataOnly ? FSYNC_DATASYNC : 0);
    }

    /** Starts or waits for writing pages back, without any promise. Kernel 5.2. */
    public static Sqe syncFileRange(Sqe sqe, Descriptor file, long offset, int length, int flags) {
        return sqe.descriptor(file)
                .off(offset)
                .len(FileOps.nonNegative(length))
                .opFlags(flags)
                .opcode(Opcode.SYNC_FILE_RANGE);
    }

    /** Reserves, frees or zeroes storage. Kernel 5.6. */
    public static Sqe fallocate(Sqe sqe, Descriptor file, int mode, long offset, long length) {
        return sqe.descriptor(file).off(offset).addr(length).len(mode).opcode(Opcode.FALLOCATE);
    }

    /** Sets the size of the file. Kernel 6.9. */
    public static Sqe ftruncate(Sqe sqe, Descriptor file, long size) {
        return sqe.descriptor(file).off(size).opcode(Opcode.FTRUNCATE);
    }

    /** Tells how the file will be used. Kernel 5.6; lengths of more than 4 GiB 6.11. */
    public static Sqe fadvise(Sqe sqe, Descriptor file, long offset, long length, int advice) {
        sqe.descriptor(file).off(offset).opFlags(advice);
        return length(sqe, Abi.SQE_ADDR, length).opcode(Opcode.FADVISE);
    }

    /** Tells how memory will be used. Kernel 5.6; lengths of more than 4 GiB 6.11. */
    public static Sqe madvise(Sqe sqe, MemorySegment memory, int advice) {
        sqe.fd(NO_FD).writes(Abi.SQE_ADDR, memory, 0, memory.byteSize()).opFlags(advice);
        return length(sqe, Abi.SQE_OFF, memory.byteSize()).opcode(Opcode.MADVISE);
    }

    /** 32 bits as ever, or 64 in another field. */
    private static Sqe length(Sqe sqe, int wideField, long length) {
        if (length < 0) {
            throw new IllegalArgumentException("length " + length);
        }
        return length <= Integer.toUnsignedLong(-1)
                ? sqe.len((int) length)
                : sqe.require(LONG_ADVICE, "advice on more than 4 GiB").putLong(wideField, length);
    }
}
