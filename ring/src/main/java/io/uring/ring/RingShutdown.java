package io.uring.ring;

import io.uring.ring.internal.Abi;

/** Ends the operations that name memory, so that a ring can be closed and its memory freed. */
final class RingShutdown {
    /** How long closing a ring may take: what can be cancelled ends at once. */
    private static final long LIMIT_NANOS = 1_000_000_000L;

    /** Of the cancellation; a number that nobody would take. */
    private static final long CANCEL = 0xC105EC105EC105EDL;

    private final Ring ring;
    private final InFlight inFlight;
    private boolean cancelling;

    /** Whether a cancellation of everything has found nothing. */
    private boolean nothingFound;

    RingShutdown(Ring ring, InFlight inFlight) {
        this.ring = ring;
        this.inFlight = inFlight;
    }

    /** Returns whether all have ended. */
    boolean settle() {
        // Before 5.19 only what is known can be cancelled.
        boolean cancels = ring.capabilities().has(Feature.CANCEL_FD);
        long start = System.nanoTime();
        try {
            while (!hasEnded()) {
                long left = LIMIT_NANOS - (System.nanoTime() - start);
                if (left <= 0) {
                    return false;
                }
                if (cancels && !cancelling && !cancelEverything()) {
                    makeRoom(); // without the request nothing may ever complete
                } else {
                    ring.submitAndWait(1, left);
                }
                ring.drain(this::completed);
            }
            return true;
        } catch (RingException e) {
            return false; // the ring does not work any more, and nobody knows what is in flight
        }
    }

    private boolean hasEnded() {
        return inFlight.isEmpty() || (nothingFound && inFlight.mayHaveEnded());
    }

    /** Returns whether there was room for the request. */
    private boolean cancelEverything() {
        Sqe sqe = ring.nextSqeBeyondLimit();
        if (sqe == null) {
            return false;
        }
        CancelOps.cancelEverything(sqe).userData(CANCEL);
        cancelling = true;
        return true;
    }

    private void makeRoom() {
        if (ring.config().has(Abi.SETUP_SQPOLL)) {
            ring.waitForSpace();
        } else {
            ring.submit();
        }
    }

    private void completed(long userData, int result, int flags) {
        if (userData == CANCEL) {
            cancelling = false;
            nothingFound = result == 0;
        }
    }
}
