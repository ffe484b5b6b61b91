package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * io_uring_enter as one thread makes it: the descriptor or registered index, the flags that go with
 * every call, and memory for errno and for the argument of a wait with a timeout.
 */
final class EnterCall {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final Kernel kernel;
    private final MemorySegment callState;

    /** An io_uring_getevents_arg, and behind it the timespec it points to. */
    private final long waitArgument;

    private final long timespec;
    private int fd;
    private int flags;

    EnterCall(Kernel kernel, Arena arena, int fd, int flags) {
        this.kernel = kernel;
        this.callState = kernel.newCallState(arena);
        this.waitArgument =
                arena.allocate(Abi.GETEVENTS_ARG_BYTES + Abi.TIMESPEC_BYTES, Long.BYTES).address();
        this.timespec = waitArgument + Abi.GETEVENTS_ARG_BYTES;
        this.fd = fd;
        this.flags = flags;
    }

    /** From now on the ring is named by its index in the thread's table. */
    void useRegistered(int index) {
        fd = index;
        flags |= Abi.ENTER_REGISTERED_RING;
    }

    boolean usesRegistered() {
        return (flags & Abi.ENTER_REGISTERED_RING) != 0;
    }

    int fd() {
        return fd;
    }

    /** Sets the seconds and nanoseconds of a timeout. */
    long timespec(long timeoutNanos) {
        NativeMemory.putLong(timespec, timeoutNanos / NANOS_PER_SECOND);
        NativeMemory.putLong(timespec + Long.BYTES, timeoutNanos % NANOS_PER_SECOND);
        return timespec;
    }

    /** Submits and, with GETEVENTS, waits without a limit. */
    int enter(int toSubmit, int minComplete, int callFlags) {
        return enter(toSubmit, minComplete, callFlags, 0, Abi.SIGSET_BYTES);
    }

    /** Submits and waits for at most so long. */
    int enterFor(int toSubmit, int minComplete, int callFlags, long timeoutNanos) {
        NativeMemory.putLong(waitArgument + Abi.GETEVENTS_ARG_TS, timespec(timeoutNanos));
        return enter(
                toSubmit,
                minComplete,
                callFlags | Abi.ENTER_GETEVENTS | Abi.ENTER_EXT_ARG,
                waitArgument,
                Abi.GETEVENTS_ARG_BYTES);
    }

    int enter(int toSubmit, int minComplete, int callFlags, long argument, int argumentBytes) {
        int named = callFlags | flags;
        return checked(
                kernel.enter(callState, fd, toSubmit, minComplete, named, argument, argumentBytes));
    }

    /**
     * What a caller may be told: a count, or {@code -errno} of a kind that passes.
     *
     * @throws RingException when the ring is unusable
     */
    private static int checked(long result) {
        return switch ((int) -Math.min(result, 0)) {
            case 0, Errno.ETIME, Errno.EINTR, Errno.EAGAIN, Errno.EBUSY -> (int) result;
            case Errno.EBADR ->
                    throw new RingException(
                            "io_uring_enter",
                            Errno.EBADR,
                            "The kernel had no memory and lost completions.");
            default -> throw new RingException("io_uring_enter", (int) -result);
        };
    }
}
