package io.uring.ring;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Rings whose memory the kernel may still write into after they were closed: kept reachable for
 * good, with all that their operations name, because memory lost is better than memory overwritten.
 */
final class Leaks {
    private static final Set<Ring> RINGS = ConcurrentHashMap.newKeySet();

    private Leaks() {}

    static void keep(Ring ring, RingQueues queues) {
        // The kernel ends what is in flight only when nothing refers to the ring any more.
        queues.unmap();
        RINGS.add(ring);
        System.getLogger(Ring.class.getName())
                .log(
                        System.Logger.Level.WARNING,
                        "{0} closed with operations in flight; their memory is leaked, since the"
                                + " kernel may still use it",
                        ring);
    }
}
