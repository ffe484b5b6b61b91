package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import org.jspecify.annotations.Nullable;

/**
 * The submission queue: entries are filled at a local tail, which {@link #publish} shows the
 * kernel.
 */
final class SubmissionQueue {
    private final long sqes;
    private final long headAddress;
    private final long tailAddress;
    private final long flagsAddress;
    private final long droppedAddress;
    private final int entries;
    private final int mask;
    private final int sqeBytes;
    private final Sqe sqe;

    /** Free-running, wraps at 2^32; so does the kernel's head. */
    private int tail;

    SubmissionQueue(
            long ring, long sqes, int sqeBytes, RingParams params, boolean indexArray, Sqe sqe) {
        this.sqes = sqes;
        this.sqeBytes = sqeBytes;
        this.sqe = sqe;
        this.headAddress = ring + params.sqOffset(Abi.OFF_HEAD);
        this.tailAddress = ring + params.sqOffset(Abi.OFF_TAIL);
        this.flagsAddress = ring + params.sqOffset(Abi.SQ_OFF_FLAGS);
        this.droppedAddress = ring + params.sqOffset(Abi.SQ_OFF_DROPPED);
        this.entries = params.sqEntries();
        this.mask = NativeMemory.getInt(ring + params.sqOffset(Abi.OFF_MASK));
        this.tail = NativeMemory.getInt(tailAddress);
        assert mask == entries - 1 : "mask " + mask + " of " + entries + " entries";
        if (indexArray) {
            fillIndexArray(ring + params.sqOffset(Abi.SQ_OFF_ARRAY));
        }
    }

    /** Slot i holds entry i for good, so the array need never be written again. */
    private void fillIndexArray(long array) {
        for (int i = 0; i < entries; i++) {
            NativeMemory.putInt(array + (long) i * Integer.BYTES, i);
        }
    }

    /** The cleared next entry, or null when the queue is full. */
    @Nullable Sqe next() {
        if (pending() == entries) {
            return null;
        }
        long slot = tail & mask;
        tail++;
        return sqe.at(sqes + slot * sqeBytes);
    }

    /** Entries filled that the kernel has not consumed. */
    int pending() {
        // The kernel has read an entry before it moves the head past it.
        return tail - NativeMemory.getIntAcquire(headAddress);
    }

    void publish() {
        // The kernel must see the entries before the tail that covers them.
        NativeMemory.putIntRelease(tailAddress, tail);
    }

    /**
     * Makes NOPs of the entries that the kernel has not seen; their user data stays, so that each
     * still has its completion.
     *
     * @param polled whether the kernel reads what is published at any time
     */
    void neutralize(boolean polled) {
        int unseen = NativeMemory.getIntAcquire(polled ? tailAddress : headAddress);
        for (int i = unseen; i != tail; i++) {
            long entry = sqes + (long) (i & mask) * sqeBytes;
            long userData = NativeMemory.getLong(entry + Abi.SQE_USER_DATA);
            NativeMemory.clear64(entry);
            NativeMemory.putLong(entry + Abi.SQE_USER_DATA, userData);
        }
    }

    int entries() {
        return entries;
    }

    int flags() {
        return NativeMemory.getIntOpaque(flagsAddress);
    }

    int dropped() {
        return NativeMemory.getIntOpaque(droppedAddress);
    }
}
