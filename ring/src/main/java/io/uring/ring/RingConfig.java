package io.uring.ring;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * How a ring is made. Sizes are wishes: the kernel rounds them up to powers of two, and too little
 * memory halves them; {@link Ring} tells what came out.
 *
 * <pre>{@code
 * RingConfig config = RingConfig.forConnections(10_000).masking(Feature.DEFER_TASKRUN);
 * }</pre>
 *
 * @param sqEntries submission queue entries, 1 to 32768
 * @param cqEntries completion queue entries, at least {@code sqEntries}, to 65536
 * @param masked features to leave unused even where the kernel has them
 */
public record RingConfig(int sqEntries, int cqEntries, Set<Feature> masked) {
    static final int MAX_SQ_ENTRIES = 32768;
    static final int MAX_CQ_ENTRIES = 65536;

    /**
     * Completion entries per submission entry. A multishot operation has one SQE for any number of
     * completions, so the completion queue must be the larger one.
     */
    private static final int CQ_PER_SQ = 4;

    /** Enough for the turn of a small server, and 80 KiB with the completion queue. */
    private static final int MIN_SQ_ENTRIES = 256;

    /** One turn rarely prepares more; when it does, the queue is submitted in between. */
    private static final int USEFUL_SQ_ENTRIES = 4096;

    public RingConfig {
        if (sqEntries < 1 || sqEntries > MAX_SQ_ENTRIES) {
            throw new IllegalArgumentException("sqEntries " + sqEntries + ", not 1 to 32768");
        }
        if (cqEntries < sqEntries || cqEntries > MAX_CQ_ENTRIES) {
            throw new IllegalArgumentException(
                    "cqEntries " + cqEntries + ", not " + sqEntries + " to 65536");
        }
        Set<Feature> copy = EnumSet.noneOf(Feature.class);
        copy.addAll(masked);
        masked = Collections.unmodifiableSet(copy);
    }

    /** The given sizes, with the features masked that the property {@code io.uring.mask} names. */
    public static RingConfig ofEntries(int sqEntries, int cqEntries) {
        return new RingConfig(sqEntries, cqEntries, Feature.maskedByProperty());
    }

    /**
     * Sizes for a loop that serves about so many connections, of which a quarter have something to
     * do in one turn.
     */
    public static RingConfig forConnections(int connections) {
        int wanted = Math.clamp(connections / 4, MIN_SQ_ENTRIES, USEFUL_SQ_ENTRIES);
        int entries = Integer.highestOneBit(wanted * 2 - 1);
        return ofEntries(entries, Math.min(entries * CQ_PER_SQ, MAX_CQ_ENTRIES));
    }

    /** The same, with one more feature left unused. */
    public RingConfig masking(Feature feature) {
        Set<Feature> more = EnumSet.of(feature);
        more.addAll(masked);
        return new RingConfig(sqEntries, cqEntries, more);
    }
}
