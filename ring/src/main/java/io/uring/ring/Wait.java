package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * How long to wait for completions, and what may interrupt it. Reusable; belongs to the thread that
 * waits. Kernel 5.11, except where said.
 *
 * <pre>{@code
 * Wait batch = new Wait(arena).timeoutNanos(1_000_000).minWaitMicros(50);
 * ring.submitAndWait(32, batch); // 32 completions, or what there is after 50 microseconds
 * }</pre>
 */
public final class Wait {
    private static final int SIGSET = Abi.GETEVENTS_ARG_BYTES + Abi.TIMESPEC_BYTES;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final MemorySegment memory;
    private final long base;
    private boolean absolute;

    /** Waits for ever. */
    public Wait(Arena arena) {
        memory = arena.allocate(SIGSET + (long) Abi.SIGSET_BYTES, Long.BYTES);
        base = memory.address();
    }

    /** At most so long from the call on; {@link Ring#FOREVER}. Negative polls. */
    public Wait timeoutNanos(long nanos) {
        absolute = false;
        return time(Math.max(nanos, 0));
    }

    /**
     * At most until the ring's clock shows this time; the clock is CLOCK_MONOTONIC, which is also
     * what {@link System#nanoTime} shows on Linux, unless another was registered. Kernel 6.12.
     */
    public Wait deadlineNanos(long nanos) {
        absolute = true;
        return time(nanos);
    }

    private Wait time(long nanos) {
        address();
        if (nanos == Ring.FOREVER) {
            NativeMemory.putLong(base + Abi.GETEVENTS_ARG_TS, 0);
            return this;
        }
        long timespec = base + Abi.GETEVENTS_ARG_BYTES;
        NativeMemory.putLong(timespec, Math.floorDiv(nanos, NANOS_PER_SECOND));
        NativeMemory.putLong(timespec + Long.BYTES, Math.floorMod(nanos, NANOS_PER_SECOND));
        NativeMemory.putLong(base + Abi.GETEVENTS_ARG_TS, timespec);
        return this;
    }

    /**
     * For so long only all the completions that are wanted end the wait; from then on the first
     * does. Without a timeout the wait ends then in any case (ETIME). Kernel 6.12.
     *
     * @param micros 0 for none
     */
    public Wait minWaitMicros(int micros) {
        if (micros < 0) {
            throw new IllegalArgumentException("minWaitMicros " + micros);
        }
        NativeMemory.putInt(address() + Abi.GETEVENTS_ARG_MIN_WAIT_USEC, micros);
        return this;
    }

    /**
     * The signals that are blocked while waiting, instead of those that the thread blocks.
     *
     * @param mask bit n - 1 for signal n
     */
    public Wait blockedSignals(long mask) {
        NativeMemory.putLong(address() + SIGSET, mask);
        NativeMemory.putLong(base + Abi.GETEVENTS_ARG_SIGMASK, base + SIGSET);
        NativeMemory.putInt(base + Abi.GETEVENTS_ARG_SIGMASK_SZ, Abi.SIGSET_BYTES);
        return this;
    }

    /** Signals as the thread has them. */
    public Wait threadSignals() {
        NativeMemory.putLong(address() + Abi.GETEVENTS_ARG_SIGMASK, 0);
        NativeMemory.putInt(base + Abi.GETEVENTS_ARG_SIGMASK_SZ, 0);
        return this;
    }

    /** The io_uring_getevents_arg. */
    long address() {
        return NativeMemory.address(memory);
    }

    /** Throws when the ring's kernel lacks what the wait wants. */
    int enterFlags(KernelSupport support) {
        support.require(Feature.EXT_ARG);
        if (NativeMemory.getInt(base + Abi.GETEVENTS_ARG_MIN_WAIT_USEC) != 0) {
            support.require(Feature.MIN_TIMEOUT);
        }
        if (!absolute) {
            return Abi.ENTER_EXT_ARG;
        }
        support.require(612, "an absolute timeout of a wait");
        return Abi.ENTER_EXT_ARG | Abi.ENTER_ABS_TIMER;
    }
}
