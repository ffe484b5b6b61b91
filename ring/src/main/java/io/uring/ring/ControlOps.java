package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of operations on the ring itself and on other operations: no-op, close, cancel,
 * timeout, message.
 *
 * <pre>{@code
 * ControlOps.cancel(ring.nextSqe(), RECEIVE).userData(Ring.NO_USER_DATA);
 * }</pre>
 */
public final class ControlOps {
    private static final int NO_FD = -1;

    private ControlOps() {}

    /** Does nothing and completes with 0. Kernel 5.1. */
    public static Sqe nop(Sqe sqe) {
        return sqe.opcode(Opcode.NOP).fd(NO_FD);
    }

    /**
     * Closes a descriptor or empties a slot. Pending operations on it go on: cancel them first.
     * Kernel 5.6.
     */
    public static Sqe close(Sqe sqe, Descriptor descriptor) {
        if (descriptor.direct()) {
            sqe.fileIndex(descriptor.number() + 1); // 1-based, 0 means a file descriptor
        } else {
            sqe.fd(descriptor.number());
        }
        return sqe.opcode(Opcode.CLOSE);
    }

    /**
     * Cancels the operation submitted with {@code targetUserData}, which then completes by itself.
     * The result is 0, ENOENT (there is none) or EALREADY (it runs and cannot be stopped). Kernel
     * 5.5.
     */
    public static Sqe cancel(Sqe sqe, long targetUserData) {
        return sqe.opcode(Opcode.ASYNC_CANCEL).fd(NO_FD).addr(targetUserData);
    }

    /** Cancels all operations on a descriptor; the result is their number. Kernel 5.19. */
    public static Sqe cancelAll(Sqe sqe, Descriptor descriptor) {
        int kind =
                descriptor.direct()
                        ? Abi.ASYNC_CANCEL_FD | Abi.ASYNC_CANCEL_FD_FIXED
                        : Abi.ASYNC_CANCEL_FD;
        return sqe.fd(descriptor.number())
                .opFlags(kind | Abi.ASYNC_CANCEL_ALL)
                .opcode(Opcode.ASYNC_CANCEL);
    }

    /** Cancels every operation of the ring; the result is their number. Kernel 5.19. */
    public static Sqe cancelEverything(Sqe sqe) {
        return sqe.opcode(Opcode.ASYNC_CANCEL).fd(NO_FD).opFlags(Abi.ASYNC_CANCEL_ANY);
    }

    /**
     * Completes with ETIME after a time, or with 0 after {@code completions} others. Kernel 5.4.
     *
     * @param timespec 16 bytes: seconds and nanoseconds, relative
     * @param completions 0 for none
     */
    public static Sqe timeout(Sqe sqe, MemorySegment timespec, int completions) {
        return timeout(sqe, NativeMemory.address(timespec, 0, Abi.TIMESPEC_BYTES), completions);
    }

    static Sqe timeout(Sqe sqe, long timespec, int completions) {
        return sqe.opcode(Opcode.TIMEOUT).fd(NO_FD).addr(timespec).len(1).off(completions);
    }

    /** Removes the timeout submitted with {@code targetUserData}. Kernel 5.5. */
    public static Sqe timeoutRemove(Sqe sqe, long targetUserData) {
        return sqe.opcode(Opcode.TIMEOUT_REMOVE).fd(NO_FD).addr(targetUserData);
    }

    /**
     * Puts a completion with {@code userData} and {@code result} into the queue of another ring.
     * Kernel 5.18.
     */
    public static Sqe msgRing(Sqe sqe, Descriptor targetRing, long userData, int result) {
        return sqe.descriptor(targetRing)
                .addr(Abi.MSG_RING_DATA)
                .off(userData)
                .len(result)
                .opcode(Opcode.MSG_RING);
    }
}
