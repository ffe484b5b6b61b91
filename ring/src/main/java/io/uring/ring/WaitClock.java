package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;

/**
 * The clock that the timeouts of a ring's waits go by. Kernel 6.12.
 *
 * <pre>{@code
 * WaitClock.BOOTTIME.register(ring);
 * }</pre>
 */
public enum WaitClock {
    /** What a ring has by itself; stands still while the machine sleeps. */
    MONOTONIC(1),
    /** Goes on while the machine sleeps. */
    BOOTTIME(7);

    private final int id;

    WaitClock(int id) {
        this.id = id;
    }

    public void register(Ring ring) {
        ring.support().require(612, "the clock of waits");
        try (Arena scratch = Arena.ofConfined()) {
            long argument = scratch.allocate(RegisterAbi.CLOCK_BYTES, Long.BYTES).address();
            NativeMemory.putInt(argument, id);
            ring.register("CLOCK", RegisterAbi.REGISTER_CLOCK, argument, 0);
        }
    }
}
