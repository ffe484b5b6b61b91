package io.uring.ring;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.UnaryOperator;

/** The kinds of rings that a behaviour is proven on. */
@SuppressWarnings("ImmutableEnumChecker") // never changed after construction
enum RingType {
    /** None of the flags that the library takes by itself. */
    PLAIN(c -> c),
    COOP_TASKRUN(c -> c, Feature.COOP_TASKRUN, Feature.TASKRUN_FLAG),
    SINGLE_ISSUER(c -> c, Feature.R_DISABLED, Feature.SINGLE_ISSUER),
    DEFER_TASKRUN(
            c -> c,
            Feature.R_DISABLED,
            Feature.SINGLE_ISSUER,
            Feature.DEFER_TASKRUN,
            Feature.TASKRUN_FLAG),
    NO_SQARRAY(c -> c, Feature.NO_SQARRAY),
    /** All that the library takes by itself. */
    BEST(c -> c, RingType.ladder().toArray(new Feature[0])),
    SQPOLL(c -> c.sqPoll(50), Feature.NO_SQARRAY, Feature.SUBMIT_ALL),
    CQE32(RingConfig::cqe32, RingType.ladder().toArray(new Feature[0])),
    CQE_MIXED(RingConfig::mixedCqes, RingType.ladder().toArray(new Feature[0])),
    SQE128(RingConfig::sqe128, RingType.ladder().toArray(new Feature[0])),
    NO_MMAP(
            c -> c.inMemory(PagedMemory.allocate(c.memoryBytes())),
            RingType.ladder().toArray(new Feature[0]));

    private final UnaryOperator<RingConfig> asks;
    private final Set<Feature> masked;

    RingType(UnaryOperator<RingConfig> asks, Feature... taken) {
        this.asks = asks;
        this.masked = ladder();
        for (Feature feature : taken) {
            masked.remove(feature);
        }
    }

    /** The flags that make a ring faster. */
    private static Set<Feature> ladder() {
        return EnumSet.of(
                Feature.COOP_TASKRUN,
                Feature.TASKRUN_FLAG,
                Feature.SINGLE_ISSUER,
                Feature.DEFER_TASKRUN,
                Feature.NO_SQARRAY,
                Feature.R_DISABLED,
                Feature.SUBMIT_ALL);
    }

    RingConfig config(int sqEntries, int cqEntries) {
        return asks.apply(new RingConfig(sqEntries, cqEntries, masked));
    }

    RingConfig config() {
        return config(64, 256);
    }

    TestRing open() {
        return TestRing.open(config());
    }

    boolean polls() {
        return this == SQPOLL;
    }
}
