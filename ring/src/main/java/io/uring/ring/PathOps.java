package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of operations on paths. A path is a string that ends with NUL, such as {@link
 * java.lang.foreign.Arena#allocateFrom(String)} makes; a relative one starts at the directory. They
 * run on kernel worker threads, except for opening what is cached.
 *
 * <pre>{@code
 * MemorySegment path = arena.allocateFrom("/etc/hostname");
 * PathOps.openat(ring.nextSqe(), Fd.CWD, path, OpenFlags.O_RDONLY, 0).userData(1); // result: fd
 * PathOps.unlinkat(ring.nextSqe(), Fd.CWD, path, 0).userData(2);
 * }</pre>
 */
public final class PathOps {
    public static final int AT_SYMLINK_NOFOLLOW = 0x100;

    /** Of unlinkat: a directory. */
    public static final int AT_REMOVEDIR = 0x200;

    /** Of linkat: what the link points to. */
    public static final int AT_SYMLINK_FOLLOW = 0x400;

    public static final int AT_NO_AUTOMOUNT = 0x800;

    /** With an empty path: the descriptor itself. */
    public static final int AT_EMPTY_PATH = 0x1000;

    public static final int RENAME_NOREPLACE = 1;
    public static final int RENAME_EXCHANGE = 2;
    public static final int RENAME_WHITEOUT = 4;

    private PathOps() {}

    /**
     * Opens a file; the result is its descriptor. Kernel 5.6.
     *
     * @param flags of {@link OpenFlags}
     * @param mode the permissions of a file that is made, of which the umask takes away
     */
    public static Sqe openat(Sqe sqe, Fd directory, MemorySegment path, int flags, int mode) {
        return sqe.descriptor(directory)
                .readsString(Abi.SQE_ADDR, path)
                .opFlags(flags)
                .len(mode)
                .opcode(Opcode.OPENAT);
    }

    /** Opens a file in a slot; the result is 0, or the slot for ANY. Kernel 5.15. */
    public static Sqe openatDirect(
            Sqe sqe,
            Fd directory,
            MemorySegment path,
            int flags,
            int mode,
            DirectDescriptor target) {
        if ((flags & OpenFlags.O_CLOEXEC) != 0) {
            throw new IllegalArgumentException("a slot has no close-on-exec");
        }
        sqe.require(515, "opening into a slot");
        return openat(sqe, directory, path, flags, mode).target(target);
    }

    /** Opens a file with rules for the way there; the result is its descriptor. Kernel 5.6. */
    public static Sqe openat2(Sqe sqe, Fd directory, MemorySegment path, OpenHow how) {
        return sqe.descriptor(directory)
                .readsString(Abi.SQE_ADDR, path)
                .uses(Abi.SQE_OFF, how)
                .len(OpenHow.BYTES)
                .opcode(Opcode.OPENAT2);
    }

    /** The same into a slot; the result is 0, or the slot for ANY. Kernel 5.15. */
    public static Sqe openat2Direct(
            Sqe sqe, Fd directory, MemorySegment path, OpenHow how, DirectDescriptor target) {
        sqe.require(515, "opening into a slot");
        return openat2(sqe, directory, path, how).target(target);
    }

    /**
     * Reads what is known of a file. Kernel 5.6.
     *
     * @param flags {@link #AT_SYMLINK_NOFOLLOW}, {@link #AT_EMPTY_PATH} and the like
     * @param mask what is wanted, STATX bits of {@link Statx}
     */
    public static Sqe statx(
            Sqe sqe, Fd directory, MemorySegment path, int flags, int mask, Statx result) {
        return sqe.descriptor(directory)
                .readsString(Abi.SQE_ADDR, path)
                .writes(Abi.SQE_OFF, result.memory(), 0, Statx.BYTES)
                .opFlags(flags)
                .len(mask)
                .opcode(Opcode.STATX);
    }

    /** Gives a file another name. Kernel 5.11. */
    public static Sqe renameat(
            Sqe sqe,
            Fd directory,
            MemorySegment path,
            Fd newDirectory,
            MemorySegment newPath,
            int flags) {
        return twoPaths(sqe, directory, path, newDirectory, newPath)
                .opFlags(flags)
                .opcode(Opcode.RENAMEAT);
    }

    /**
     * Removes a name.
     *
     * @param flags 0 or {@link #AT_REMOVEDIR}. Kernel 5.11.
     */
    public static Sqe unlinkat(Sqe sqe, Fd directory, MemorySegment path, int flags) {
        return sqe.descriptor(directory)
                .readsString(Abi.SQE_ADDR, path)
                .opFlags(flags)
                .opcode(Opcode.UNLINKAT);
    }

    /** Makes a directory. Kernel 5.15. */
    public static Sqe mkdirat(Sqe sqe, Fd directory, MemorySegment path, int mode) {
        return sqe.descriptor(directory)
                .readsString(Abi.SQE_ADDR, path)
                .len(mode)
                .opcode(Opcode.MKDIRAT);
    }

    /** Makes {@code path} a symbolic link to {@code target}. Kernel 5.15. */
    public static Sqe symlinkat(Sqe sqe, MemorySegment target, Fd directory, MemorySegment path) {
        return sqe.descriptor(directory)
                .readsString(Abi.SQE_ADDR, target)
                .readsString(Abi.SQE_OFF, path)
                .opcode(Opcode.SYMLINKAT);
    }

    /**
     * Gives a file one more name.
     *
     * @param flags {@link #AT_SYMLINK_FOLLOW}, {@link #AT_EMPTY_PATH}. Kernel 5.15.
     */
    public static Sqe linkat(
            Sqe sqe,
            Fd directory,
            MemorySegment path,
            Fd newDirectory,
            MemorySegment newPath,
            int flags) {
        return twoPaths(sqe, directory, path, newDirectory, newPath)
                .opFlags(flags)
                .opcode(Opcode.LINKAT);
    }

    private static Sqe twoPaths(
            Sqe sqe, Fd directory, MemorySegment path, Fd newDirectory, MemorySegment newPath) {
        return sqe.descriptor(directory)
                .readsString(Abi.SQE_ADDR, path)
                .len(newDirectory.number())
                .readsString(Abi.SQE_OFF, newPath);
    }
}
