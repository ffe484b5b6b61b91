package io.uring.ring;

import io.uring.ring.internal.Abi;

/**
 * Preparation of cancellations. What is cancelled completes by itself: with ECANCELED, EINTR, or
 * its result when it was faster.
 *
 * <pre>{@code
 * CancelOps.cancel(ring.nextSqe(), RECEIVE).userData(1); // result: 0, ENOENT or EALREADY
 * }</pre>
 */
public final class CancelOps {
    private static final int NO_FD = -1;

    /** What the kernel uses inside for interrupted calls; it can end up in a result. */
    private static final int FIRST_RESTART = -516;

    private static final int LAST_RESTART = -512;

    private CancelOps() {}

    /**
     * Cancels the operation submitted with {@code targetUserData}. The result is 0 (1 for futexes
     * and waits for processes), ENOENT (there is none) or EALREADY (it runs and cannot be stopped).
     * Kernel 5.5.
     */
    public static Sqe cancel(Sqe sqe, long targetUserData) {
        return sqe.opcode(Opcode.ASYNC_CANCEL).fd(NO_FD).addr(targetUserData);
    }

    /** Cancels all operations on a descriptor; the result is their number. Kernel 5.19. */
    public static Sqe cancelAll(Sqe sqe, Descriptor descriptor) {
        sqe.require(Feature.CANCEL_FD);
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
        return sqe.require(Feature.CANCEL_FD)
                .opcode(Opcode.ASYNC_CANCEL)
                .fd(NO_FD)
                .opFlags(Abi.ASYNC_CANCEL_ANY);
    }

    /** Cancels what matches; the result is as above, or a number for {@link Cancellation#all}. */
    public static Sqe cancel(Sqe sqe, Cancellation cancellation) {
        cancellation.check(sqe.support());
        return sqe.fd(cancellation.fd())
                .addr(cancellation.userData())
                .len(cancellation.opcode())
                .opFlags(cancellation.flags())
                .opcode(Opcode.ASYNC_CANCEL);
    }

    /**
     * Whether a result says that the operation was cancelled or interrupted. Besides ECANCELED and
     * EINTR an operation that blocked in a worker thread may report a number from -516 to -512.
     */
    public static boolean isCancelled(int result) {
        return result == -Errno.ECANCELED
                || result == -Errno.EINTR
                || (result >= FIRST_RESTART && result <= LAST_RESTART);
    }
}
