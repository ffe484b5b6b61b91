package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import org.jspecify.annotations.Nullable;

/** The completion queue: read from the head, released to the kernel once per batch. */
final class CompletionQueue {
    private static final int SHIFT = 4;
    private static final int WIDE_SHIFT = 5;

    private final long cqes;
    private final long headAddress;
    private final long tailAddress;
    private final long overflowAddress;
    private final long flagsAddress;
    private final int entries;
    private final int mask;

    /** Of the size of a place; an entry of a mixed queue may take two. */
    private final int shift;

    private final boolean mixed;

    CompletionQueue(long ring, RingConfig config, RingParams params) {
        this.cqes = ring + params.cqOffset(Abi.CQ_OFF_CQES);
        this.headAddress = ring + params.cqOffset(Abi.OFF_HEAD);
        this.tailAddress = ring + params.cqOffset(Abi.OFF_TAIL);
        this.overflowAddress = ring + params.cqOffset(Abi.CQ_OFF_OVERFLOW);
        int flags = params.cqOffset(Abi.CQ_OFF_FLAGS);
        this.flagsAddress = flags == 0 ? 0 : ring + flags; // 0 before 5.8
        this.entries = params.cqEntries();
        this.mask = NativeMemory.getInt(ring + params.cqOffset(Abi.OFF_MASK));
        this.shift = config.has(Abi.SETUP_CQE32) ? WIDE_SHIFT : SHIFT;
        this.mixed = config.has(Abi.SETUP_CQE_MIXED);
    }

    /**
     * Hands completions that are there now to one of the handlers. The entries stay ours until the
     * end of the batch, so the handler may prepare and even submit operations.
     *
     * @param limit the most to hand out
     * @param inFlight is told of each operation that ends
     */
    int drain(
            @Nullable CompletionHandler handler,
            @Nullable ExtendedCompletionHandler extended,
            int limit,
            InFlight inFlight) {
        int head = NativeMemory.getInt(headAddress); // only we write it
        // The entries were written before the tail that covers them.
        int tail = NativeMemory.getIntAcquire(tailAddress);
        int count = 0;
        try {
            while (tail - head > 0 && count < limit) {
                long cqe = cqes + ((long) (head & mask) << shift);
                int flags = NativeMemory.getInt(cqe + Abi.CQE_FLAGS);
                boolean two = mixed && (flags & Cqe.F_32) != 0;
                if (two && tail - head == 1) {
                    head++; // half of an entry: what the kernel counted and never wrote
                    break;
                }
                head += two ? 2 : 1;
                if ((flags & Cqe.F_SKIP) != 0) {
                    continue;
                }
                count++;
                long userData = NativeMemory.getLong(cqe + Abi.CQE_USER_DATA);
                int result = NativeMemory.getInt(cqe + Abi.CQE_RES);
                if (mixed) {
                    makeFiller(cqe);
                }
                if ((flags & Cqe.F_MORE) == 0) {
                    inFlight.ended(userData);
                }
                if (handler != null) {
                    handler.completed(userData, result, flags);
                } else if (extended != null) {
                    boolean extra = two || shift == WIDE_SHIFT;
                    extended.completed(
                            userData,
                            result,
                            flags,
                            extra ? NativeMemory.getLong(cqe + Abi.CQE_EXTRA) : 0,
                            extra ? NativeMemory.getLong(cqe + Abi.CQE_EXTRA + Long.BYTES) : 0);
                }
                if (two) {
                    makeFiller(cqe + Abi.CQE_BYTES);
                }
            }
        } finally {
            // The kernel may overwrite the entries as soon as it sees the new head.
            NativeMemory.putIntRelease(headAddress, head);
        }
        return count;
    }

    /**
     * Linux 6.18 counts a place that it has not written when a large entry finds no room behind a
     * filler: what was there before is not to be taken for a completion.
     */
    private static void makeFiller(long cqe) {
        NativeMemory.putInt(cqe + Abi.CQE_FLAGS, Cqe.F_SKIP);
    }

    /** Completions that are there now; in a mixed queue the places they take. */
    int ready() {
        return NativeMemory.getIntAcquire(tailAddress) - NativeMemory.getInt(headAddress);
    }

    int entries() {
        return entries;
    }

    /** Completions lost for good: without NODROP, or when the kernel had no memory. */
    int overflow() {
        return NativeMemory.getIntOpaque(overflowAddress);
    }

    /** Whether the kernel raises a registered eventfd for new completions. */
    void muteEventFd(boolean muted) {
        if (flagsAddress == 0) {
            throw Availability.tooOld("muting an eventfd", "5.8");
        }
        NativeMemory.putIntRelease(flagsAddress, muted ? Abi.CQ_EVENTFD_DISABLED : 0);
    }
}
