package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of operations on extended attributes. Names and paths end with NUL. Kernel 5.19;
 * slots 6.13.
 *
 * <pre>{@code
 * XattrOps.fsetxattr(ring.nextSqe(), file, arena.allocateFrom("user.color"), red, 0).userData(1);
 * }</pre>
 */
public final class XattrOps {
    /** EEXIST when the attribute is there. */
    public static final int XATTR_CREATE = 1;

    /** ENODATA when the attribute is not there. */
    public static final int XATTR_REPLACE = 2;

    private XattrOps() {}

    /** Sets an attribute of a path, whose last symbolic link is followed. */
    public static Sqe setxattr(
            Sqe sqe, MemorySegment path, MemorySegment name, MemorySegment value, int flags) {
        return set(sqe.readsString(Abi.SQE_ADDR3, path), name, value, flags)
                .opcode(Opcode.SETXATTR);
    }

    /** Sets an attribute of an open file. */
    public static Sqe fsetxattr(
            Sqe sqe, Descriptor file, MemorySegment name, MemorySegment value, int flags) {
        return set(descriptor(sqe, file), name, value, flags).opcode(Opcode.FSETXATTR);
    }

    private static Sqe set(Sqe sqe, MemorySegment name, MemorySegment value, int flags) {
        return sqe.readsString(Abi.SQE_ADDR, name)
                .reads(Abi.SQE_OFF, value, 0, value.byteSize())
                .len(Math.toIntExact(value.byteSize()))
                .opFlags(flags);
    }

    /**
     * Reads an attribute of a path; the result is its length.
     *
     * @param value room for it: ERANGE when it is too small; when it is empty only the length is
     *     told
     */
    public static Sqe getxattr(
            Sqe sqe, MemorySegment path, MemorySegment name, MemorySegment value) {
        return get(sqe.readsString(Abi.SQE_ADDR3, path), name, value).opcode(Opcode.GETXATTR);
    }

    /** Reads an attribute of an open file; the result is its length. */
    public static Sqe fgetxattr(Sqe sqe, Descriptor file, MemorySegment name, MemorySegment value) {
        return get(descriptor(sqe, file), name, value).opcode(Opcode.FGETXATTR);
    }

    private static Sqe get(Sqe sqe, MemorySegment name, MemorySegment value) {
        return sqe.readsString(Abi.SQE_ADDR, name)
                .writes(Abi.SQE_OFF, value, 0, value.byteSize())
                .len(Math.toIntExact(value.byteSize()));
    }

    private static Sqe descriptor(Sqe sqe, Descriptor file) {
        if (file.direct()) {
            sqe.require(613, "an attribute of a slot's file");
        }
        return sqe.descriptor(file);
    }
}
