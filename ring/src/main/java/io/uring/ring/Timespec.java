package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;

/**
 * A {@code __kernel_timespec}: seconds at 0, nanoseconds at 8. The kernel reads it when the
 * operation is submitted.
 *
 * <pre>{@code
 * Timespec second = new Timespec(arena).nanos(1_000_000_000L);
 * TimeoutOps.timeout(ring.nextSqe(), second, 0).userData(1);
 * }</pre>
 */
public final class Timespec extends KernelStruct {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    public Timespec(Arena arena) {
        super(arena, Abi.TIMESPEC_BYTES);
    }

    /** Sets the time in nanoseconds: from now, or on the clock of an absolute timeout. */
    public Timespec nanos(long nanos) {
        return set(Math.floorDiv(nanos, NANOS_PER_SECOND), Math.floorMod(nanos, NANOS_PER_SECOND));
    }

    /** Sets both fields as they are; the kernel refuses negative ones (EINVAL). */
    public Timespec set(long seconds, long nanos) {
        checkMutable();
        NativeMemory.putLong(base(), seconds);
        NativeMemory.putLong(base() + Long.BYTES, nanos);
        return this;
    }
}
