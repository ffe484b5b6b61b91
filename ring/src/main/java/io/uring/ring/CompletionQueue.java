package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;

/** The completion queue: read from the head, released to the kernel once per batch. */
final class CompletionQueue {
    private final long cqes;
    private final long headAddress;
    private final long tailAddress;
    private final long overflowAddress;
    private final int entries;
    private final int mask;

    CompletionQueue(long ring, RingSetup setup) {
        this.cqes = ring + setup.cqOffset(Abi.CQ_OFF_CQES);
        this.headAddress = ring + setup.cqOffset(Abi.OFF_HEAD);
        this.tailAddress = ring + setup.cqOffset(Abi.OFF_TAIL);
        this.overflowAddress = ring + setup.cqOffset(Abi.CQ_OFF_OVERFLOW);
        this.entries = setup.cqEntries();
        this.mask = NativeMemory.getInt(ring + setup.cqOffset(Abi.OFF_MASK));
    }

    /**
     * Hands all completions that are there now to {@code handler}. The entries stay ours until the
     * end of the batch, so the handler may prepare and even submit operations.
     */
    int drain(CompletionHandler handler) {
        int first = NativeMemory.getInt(headAddress); // only we write it
        int head = first;
        // The entries were written before the tail that covers them.
        int tail = NativeMemory.getIntAcquire(tailAddress);
        try {
            while (head != tail) {
                long cqe = cqes + ((long) (head & mask) << Abi.CQE_BYTES_SHIFT);
                head++;
                int flags = NativeMemory.getInt(cqe + Abi.CQE_FLAGS);
                if ((flags & Cqe.F_SKIP) == 0) {
                    handler.completed(
                            NativeMemory.getLong(cqe + Abi.CQE_USER_DATA),
                            NativeMemory.getInt(cqe + Abi.CQE_RES),
                            flags);
                }
            }
        } finally {
            // The kernel may overwrite the entries as soon as it sees the new head.
            NativeMemory.putIntRelease(headAddress, head);
        }
        return head - first;
    }

    /** Completions that are there now. */
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
}
