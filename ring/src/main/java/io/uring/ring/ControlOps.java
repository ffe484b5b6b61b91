package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Preparation of operations on the ring itself: no-op, close, and its registered files.
 *
 * <pre>{@code
 * ControlOps.close(ring.nextSqe(), socket).userData(1);
 * }</pre>
 */
public final class ControlOps {
    private static final int NO_FD = -1;
    private static final int NOP_INJECT_RESULT = 1;
    private static final int NOP_FILE = 1 << 1;
    private static final int NOP_FIXED_FILE = 1 << 2;
    private static final int NOP_FIXED_BUFFER = 1 << 3;
    private static final int NOP_TW = 1 << 4;
    private static final int NOP_CQE32 = 1 << 5;
    private static final int INSTALL_NO_CLOEXEC = 1;
    private static final int FILE_INDEX_ALLOC = -1;

    private ControlOps() {}

    /** Does nothing and completes with 0. Kernel 5.1. */
    public static Sqe nop(Sqe sqe) {
        return sqe.opcode(Opcode.NOP).fd(NO_FD);
    }

    /** Does nothing and completes with {@code result}; negative ones break chains. Kernel 6.10. */
    public static Sqe nop(Sqe sqe, int result) {
        return nop(sqe.require(610, "a NOP with a result")).len(result).opFlags(NOP_INJECT_RESULT);
    }

    /** Looks a descriptor up and does nothing: EBADF when there is none. Kernel 6.13. */
    public static Sqe nopFile(Sqe sqe, Descriptor descriptor) {
        sqe.require(613, "a NOP with a file").opcode(Opcode.NOP).fd(descriptor.number());
        return sqe.opFlags(descriptor.direct() ? NOP_FILE | NOP_FIXED_FILE : NOP_FILE);
    }

    /** Looks a registered buffer up and does nothing: EFAULT when there is none. Kernel 6.13. */
    public static Sqe nopBuffer(Sqe sqe, int bufferIndex) {
        return nop(sqe.require(613, "a NOP with a buffer"))
                .bufferIndex(bufferIndex)
                .opFlags(NOP_FIXED_BUFFER);
    }

    /** Does nothing and completes through the task's pending work, not at once. Kernel 6.16. */
    public static Sqe nopTaskWork(Sqe sqe) {
        return nop(sqe.require(616, "a NOP through task work")).opFlags(NOP_TW);
    }

    /** Does nothing and completes with an entry of 32 bytes. Kernel 6.18. */
    public static Sqe nopExtended(Sqe sqe, long extra1, long extra2) {
        return nop(sqe.require(618, "a NOP with a large completion"))
                .off(extra1)
                .addr(extra2)
                .opFlags(NOP_CQE32);
    }

    /**
     * Closes a descriptor or empties a slot. Pending operations on it go on: cancel them first.
     * Kernel 5.6; slots 5.15.
     */
    public static Sqe close(Sqe sqe, Descriptor descriptor) {
        if (descriptor instanceof DirectDescriptor slot) {
            if (slot.number() < 0) {
                throw new IllegalArgumentException("any slot is a target, not a file to close");
            }
            sqe.require(515, "closing a slot").fileIndex(slot.fileIndex());
        } else {
            sqe.fd(descriptor.number());
        }
        return sqe.opcode(Opcode.CLOSE);
    }

    /**
     * Changes slots of the registered files; the result is how many. Kernel 5.6.
     *
     * @param fds descriptors as 32-bit numbers, -1 to empty a slot, -2 to leave it
     * @param firstSlot from 0
     */
    public static Sqe filesUpdate(Sqe sqe, MemorySegment fds, int firstSlot) {
        if (firstSlot < 0) {
            throw new IllegalArgumentException("slot " + firstSlot);
        }
        return files(sqe.reads(Abi.SQE_ADDR, fds, 0, fds.byteSize()), fds, firstSlot);
    }

    /**
     * Puts descriptors into free slots, whose numbers replace the descriptors in {@code fds}; the
     * result is how many. Kernel 5.19.
     */
    public static Sqe filesAllocate(Sqe sqe, MemorySegment fds) {
        sqe.require(519, "slots that the kernel chooses");
        return files(sqe.writes(Abi.SQE_ADDR, fds, 0, fds.byteSize()), fds, FILE_INDEX_ALLOC);
    }

    private static Sqe files(Sqe sqe, MemorySegment fds, int offset) {
        long count = fds.byteSize() / ValueLayout.JAVA_INT.byteSize();
        return sqe.fd(NO_FD)
                .len(Math.toIntExact(count))
                .off(Integer.toUnsignedLong(offset))
                .opcode(Opcode.FILES_UPDATE);
    }

    /**
     * Gives a slot's file an ordinary descriptor, which is the result. Kernel 6.8.
     *
     * @param closeOnExec as is usual
     */
    public static Sqe fixedFdInstall(Sqe sqe, DirectDescriptor slot, boolean closeOnExec) {
        return sqe.descriptor(slot)
                .opFlags(closeOnExec ? 0 : INSTALL_NO_CLOEXEC)
                .opcode(Opcode.FIXED_FD_INSTALL);
    }
}
