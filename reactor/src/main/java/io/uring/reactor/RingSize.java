package io.uring.reactor;

import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;

/**
 * How large a loop's ring is. Where the kernel can resize it (6.13) it starts small and grows with
 * the operations in flight, each of which may complete in the same turn; elsewhere it starts as
 * large as the configured connections may need. It does not shrink: a load that was there comes
 * again, and moving the queues costs system calls.
 */
final class RingSize {
    private static final System.Logger LOG = System.getLogger(Reactor.class.getName());

    /** 16 KiB together: enough for a hundred connections. */
    private static final int FIRST_SQ_ENTRIES = 128;

    private static final int FIRST_CQ_ENTRIES = 512;

    /** One turn rarely prepares more; when it does, the queue is submitted in between. */
    private static final int LAST_SQ_ENTRIES = 4096;

    /** The kernel's limit. Beyond that completions overflow into its own memory, and come later. */
    private static final int LAST_CQ_ENTRIES = 65536;

    private static final int NEVER = Integer.MAX_VALUE;

    private final Ring ring;

    /** The completion queue never needs to hold more than may be in flight. */
    private final int lastCqEntries;

    /** With more operations than this in flight the completion queue is too small. */
    private int growAbove;

    private boolean submissionsFull;
    private long overflows;

    RingSize(Ring ring, ReactorConfig config) {
        this.ring = ring;
        int operations = Math.clamp(config.maxOperations(), 2, LAST_CQ_ENTRIES);
        int budget = Integer.highestOneBit(operations * 2 - 1);
        lastCqEntries = Math.min(Math.max(budget, FIRST_CQ_ENTRIES), LAST_CQ_ENTRIES);
        growAbove = canResize(ring) ? ring.cqEntries() : NEVER;
    }

    /** A small ring where it can grow, otherwise one for all the connections. */
    static Ring open(ReactorConfig config) {
        // Operations hold their memory themselves, and the reactor counts them.
        RingConfig large = RingConfig.forConnections(config.connections()).bare();
        RingConfig small = RingConfig.ofEntries(FIRST_SQ_ENTRIES, FIRST_CQ_ENTRIES).bare();
        Ring ring = Ring.open(small);
        if (canResize(ring)) {
            return ring;
        }
        ring.close();
        return Ring.open(large);
    }

    /** Without NODROP operations are limited by the queue's first size. */
    private static boolean canResize(Ring ring) {
        return ring.capabilities().has(Feature.RESIZE_RINGS)
                && ring.capabilities().has(Feature.NODROP);
    }

    /** A turn has prepared more than fits. */
    void submissionsFull() {
        submissionsFull = true;
    }

    /**
     * Makes the ring larger when it is too small; once a turn, not while it is drained.
     *
     * @throws io.uring.ring.RingException when the ring has become unusable
     */
    void adjust(int operations) {
        if (operations > growAbove || submissionsFull || ring.overflows() != overflows) {
            grow(operations);
        }
    }

    private void grow(int operations) {
        int sq = ring.sqEntries();
        int cq = ring.cqEntries();
        boolean overflowed = ring.overflows() != overflows;
        boolean moreSq = submissionsFull && sq < LAST_SQ_ENTRIES;
        overflows = ring.overflows();
        submissionsFull = false;
        if (growAbove == NEVER) {
            return;
        }
        int newSq = moreSq ? sq * 2 : sq;
        int newCq = overflowed ? cq * 2 : cq;
        while (newCq < operations || newCq < newSq) {
            newCq *= 2;
        }
        newCq = Math.max(Math.min(newCq, lastCqEntries), newSq);
        boolean done = newSq == sq && newCq == cq;
        if (!done && !ring.resize(newSq, newCq)) {
            growAbove = NEVER;
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the ring stays at {0} and {1} entries: {2}",
                    sq,
                    cq,
                    Errno.name(Errno.ENOMEM));
        } else if (newCq >= lastCqEntries && newSq >= LAST_SQ_ENTRIES) {
            growAbove = NEVER;
        } else {
            growAbove = newCq >= lastCqEntries ? NEVER - 1 : newCq;
        }
    }
}
