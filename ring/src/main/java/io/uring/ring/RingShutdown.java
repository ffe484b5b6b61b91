package io.uring.ring;

/** Ends the operations that name memory, so that a ring can be closed and its memory freed. */
final class RingShutdown {
    /** How long closing a ring may take: what can be cancelled ends at once. */
    private static final long LIMIT_NANOS = 1_000_000_000L;

    private static final CompletionHandler IGNORE = (userData, result, flags) -> {};

    private final Ring ring;
    private final InFlight inFlight;

    RingShutdown(Ring ring, InFlight inFlight) {
        this.ring = ring;
        this.inFlight = inFlight;
    }

    /** Returns whether all have ended. */
    boolean settle() {
        long start = System.nanoTime();
        boolean cancelled = false;
        try {
            while (!inFlight.isEmpty()) {
                ring.drain(IGNORE);
                long left = LIMIT_NANOS - (System.nanoTime() - start);
                if (left <= 0) {
                    return inFlight.isEmpty();
                }
                cancelled = cancelled || cancelEverything();
                if (!inFlight.isEmpty()) {
                    ring.submitAndWait(1, left);
                }
            }
            return true;
        } catch (RingException e) {
            return false; // the ring does not work any more, and nobody knows what is in flight
        }
    }

    /** Returns whether the request was prepared; it leaves with the next wait. */
    private boolean cancelEverything() {
        if (!ring.capabilities().has(Feature.CANCEL_FD)) {
            return true; // before 5.19 nothing can be cancelled that is not known by user data
        }
        Sqe sqe = ring.nextSqe();
        if (sqe == null) {
            ring.submit();
            return false;
        }
        CancelOps.cancelEverything(sqe).userData(Ring.NO_USER_DATA);
        return true;
    }
}
