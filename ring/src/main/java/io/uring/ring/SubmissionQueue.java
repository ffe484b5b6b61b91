package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;

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
    private final Sqe sqe = new Sqe();

    /** Free-running, wraps at 2^32; so does the kernel's head. */
    private int tail;

    SubmissionQueue(long ring, long sqes, RingSetup setup, boolean indexArray) {
        this.sqes = sqes;
        this.headAddress = ring + setup.sqOffset(Abi.OFF_HEAD);
        this.tailAddress = ring + setup.sqOffset(Abi.OFF_TAIL);
        this.flagsAddress = ring + setup.sqOffset(Abi.SQ_OFF_FLAGS);
        this.droppedAddress = ring + setup.sqOffset(Abi.SQ_OFF_DROPPED);
        this.entries = setup.sqEntries();
        this.mask = NativeMemory.getInt(ring + setup.sqOffset(Abi.OFF_MASK));
        this.tail = NativeMemory.getInt(tailAddress);
        assert mask == entries - 1 : "mask " + mask + " of " + entries + " entries";
        if (indexArray) {
            fillIndexArray(ring + setup.sqOffset(Abi.SQ_OFF_ARRAY));
        }
    }

    /** Slot i holds entry i for good, so the array need never be written again. */
    private void fillIndexArray(long array) {
        for (int i = 0; i < entries; i++) {
            NativeMemory.putInt(array + (long) i * Integer.BYTES, i);
        }
    }

    /** The cleared next entry, or null when the queue is full. */
    @org.jspecify.annotations.Nullable
    Sqe next() {
        if (pending() == entries) {
            return null;
        }
        long slot = tail & mask;
        tail++;
        return sqe.at(sqes + slot * Abi.SQE_BYTES);
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

    /** From now on the entry that was handed out last is nowhere: the queue's memory goes. */
    void detach() {
        sqe.detach();
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
