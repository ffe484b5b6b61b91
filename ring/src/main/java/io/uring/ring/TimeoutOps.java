package io.uring.ring;

import io.uring.ring.internal.Abi;

/**
 * Preparation of timeouts. A timeout ends with ETIME when its time has come, with 0 when enough
 * others completed, with ECANCELED when it was removed.
 *
 * <pre>{@code
 * Timespec second = new Timespec(arena).nanos(1_000_000_000L);
 * TimeoutOps.timeout(ring.nextSqe(), second, 0).userData(TICK);
 * SocketOps.recv(ring.nextSqe(), socket, buffer, 0).userData(RECEIVE).link();
 * TimeoutOps.linkTimeout(ring.nextSqe(), second, 0).userData(LIMIT); // of the receive
 * }</pre>
 */
public final class TimeoutOps {
    /** The time is one on the clock, not from now. */
    public static final int ABS = 1;

    /** The clock goes on while the machine sleeps. Kernel 5.15. */
    public static final int BOOTTIME = 1 << 2;

    /** The wall clock. Kernel 5.15. */
    public static final int REALTIME = 1 << 3;

    /** A timeout that is over does not break a chain. Kernel 5.16. */
    public static final int ETIME_SUCCESS = 1 << 5;

    private static final int UPDATE = 1 << 1;
    private static final int LINK_TIMEOUT_UPDATE = 1 << 4;
    private static final int MULTISHOT = 1 << 6;
    private static final int FLAGS = ABS | BOOTTIME | REALTIME | ETIME_SUCCESS;
    private static final int NO_FD = -1;

    private TimeoutOps() {}

    /** Ends after a time by CLOCK_MONOTONIC, or after {@code completions} others. Kernel 5.4. */
    public static Sqe timeout(Sqe sqe, Timespec time, int completions) {
        return timeout(sqe, time, completions, 0);
    }

    /**
     * @param completions how many others end it before its time, 0 for none
     * @param flags {@link #ABS}, {@link #BOOTTIME}, {@link #REALTIME}, {@link #ETIME_SUCCESS}
     */
    public static Sqe timeout(Sqe sqe, Timespec time, int completions, int flags) {
        check(sqe, flags);
        if (completions < 0) {
            throw new IllegalArgumentException("completions " + completions);
        }
        return sqe.uses(Abi.SQE_ADDR, time)
                .fd(NO_FD)
                .len(1)
                .off(completions)
                .opFlags(flags)
                .opcode(Opcode.TIMEOUT);
    }

    /** For the ring's own deadlines, whose timespec belongs to the ring. */
    static Sqe timeout(Sqe sqe, long timespec, int completions) {
        return sqe.opcode(Opcode.TIMEOUT).fd(NO_FD).addr(timespec).len(1).off(completions);
    }

    /**
     * Ends with ETIME each time the interval is over, with F_MORE but for the last. Kernel 6.4.
     *
     * @param repetitions 0 for no end
     * @param flags {@link #BOOTTIME}, {@link #REALTIME}
     */
    public static Sqe timeoutMultishot(Sqe sqe, Timespec interval, int repetitions, int flags) {
        if ((flags & ABS) != 0) {
            throw new IllegalArgumentException("a repeated timeout is relative");
        }
        sqe.require(604, "a multishot timeout");
        return timeout(sqe, interval, repetitions, flags).opFlags(flags | MULTISHOT);
    }

    /**
     * Limits the operation of the entry before, which has {@link Sqe#link}: when the time is over
     * that one is cancelled. An operation that blocks inside of a kernel worker (splice, fsync,
     * buffered file I/O) is not bounded by kernel 6.15 and later: use a timeout and a cancellation.
     * Kernel 5.5.
     */
    public static Sqe linkTimeout(Sqe sqe, Timespec time, int flags) {
        check(sqe, flags);
        return sqe.uses(Abi.SQE_ADDR, time)
                .fd(NO_FD)
                .len(1)
                .opFlags(flags)
                .opcode(Opcode.LINK_TIMEOUT);
    }

    /** Removes the timeout submitted with {@code targetUserData}, or ENOENT. Kernel 5.5. */
    public static Sqe timeoutRemove(Sqe sqe, long targetUserData) {
        return sqe.opcode(Opcode.TIMEOUT_REMOVE).fd(NO_FD).addr(targetUserData);
    }

    /**
     * Sets another time for the timeout submitted with {@code targetUserData}, or ENOENT. Kernel
     * 5.11.
     */
    public static Sqe timeoutUpdate(Sqe sqe, long targetUserData, Timespec time, int flags) {
        return update(sqe, targetUserData, time, flags, UPDATE);
    }

    /** The same for a link timeout. Kernel 5.15. */
    public static Sqe linkTimeoutUpdate(Sqe sqe, long targetUserData, Timespec time, int flags) {
        sqe.require(515, "updating a link timeout");
        return update(sqe, targetUserData, time, flags, UPDATE | LINK_TIMEOUT_UPDATE);
    }

    private static Sqe update(Sqe sqe, long target, Timespec time, int flags, int kind) {
        check(sqe, flags);
        return sqe.require(511, "updating a timeout")
                .uses(Abi.SQE_OFF, time)
                .fd(NO_FD)
                .addr(target)
                .opFlags(flags | kind)
                .opcode(Opcode.TIMEOUT_REMOVE);
    }

    private static void check(Sqe sqe, int flags) {
        if ((flags & ~FLAGS) != 0) {
            throw new IllegalArgumentException("timeout flags 0x" + Integer.toHexString(flags));
        }
        if ((flags & (BOOTTIME | REALTIME)) != 0) {
            sqe.require(515, "a clock other than CLOCK_MONOTONIC");
        }
        if ((flags & ETIME_SUCCESS) != 0) {
            sqe.require(516, "ETIME_SUCCESS");
        }
    }
}
