package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Arguments of waits in memory that is shared with the kernel, so that a wait copies nothing: set
 * once, used often. Registered before the ring is enabled. Kernel 6.13.
 *
 * <pre>{@code
 * Ring ring = Ring.open(config);
 * RegisteredWaits waits = RegisteredWaits.register(ring, 1);
 * ring.enable();
 * waits.timeoutNanos(0, 1_000_000).minWaitMicros(0, 50);
 * ring.submitAndWait(32, waits, 0);
 * }</pre>
 */
public final class RegisteredWaits {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final Ring ring;
    private final MemorySegment memory;
    private final int records;

    private RegisteredWaits(Ring ring, MemorySegment memory, int records) {
        this.ring = ring;
        this.memory = memory;
        this.records = records;
    }

    /**
     * @param records how many different arguments, from 1
     * @throws IllegalStateException when the ring is enabled
     * @throws RingException when the kernel refuses
     */
    public static RegisteredWaits register(Ring ring, int records) {
        if (records < 1) {
            throw new IllegalArgumentException("records " + records);
        }
        long bytes = (long) records * Abi.REG_WAIT_BYTES;
        MemoryRegion region = MemoryRegion.register(ring, bytes, true);
        return new RegisteredWaits(ring, region.memory(), records);
    }

    /** The record waits at most so long; {@link Ring#FOREVER}. */
    public RegisteredWaits timeoutNanos(int index, long nanos) {
        long record = record(index);
        boolean forever = nanos == Ring.FOREVER;
        long positive = Math.max(nanos, 0);
        NativeMemory.putLong(record, positive / NANOS_PER_SECOND);
        NativeMemory.putLong(record + Long.BYTES, positive % NANOS_PER_SECOND);
        NativeMemory.putInt(record + Abi.REG_WAIT_FLAGS, forever ? 0 : Abi.REG_WAIT_TS);
        return this;
    }

    /** As {@link Wait#minWaitMicros}. */
    public RegisteredWaits minWaitMicros(int index, int micros) {
        if (micros < 0) {
            throw new IllegalArgumentException("minWaitMicros " + micros);
        }
        NativeMemory.putInt(record(index) + Abi.REG_WAIT_MIN_WAIT_USEC, micros);
        return this;
    }

    private long record(int index) {
        long offset = (long) Objects.checkIndex(index, records) * Abi.REG_WAIT_BYTES;
        return NativeMemory.address(memory) + offset;
    }

    /** Where in the region a record is. */
    long offset(Ring waiting, int index) {
        if (waiting != ring) {
            throw new IllegalArgumentException("the waits belong to " + ring);
        }
        return (long) Objects.checkIndex(index, records) * Abi.REG_WAIT_BYTES;
    }
}
