package io.uring.simulation;

import io.uring.ring.Feature;

/** The bits by which a kernel shows what it has, in the order of the kernel's header. */
final class Features {
    private static final Feature[] SETUP = {
        Feature.CQSIZE, // 1 << 3
        Feature.CLAMP, // 1 << 4
        Feature.R_DISABLED, // 1 << 6
        Feature.SUBMIT_ALL, // 1 << 7
        Feature.COOP_TASKRUN, // 1 << 8
        Feature.TASKRUN_FLAG, // 1 << 9
        Feature.SINGLE_ISSUER, // 1 << 12
        Feature.DEFER_TASKRUN, // 1 << 13
        Feature.NO_SQARRAY // 1 << 16
    };
    private static final int[] SETUP_SHIFTS = {3, 4, 6, 7, 8, 9, 12, 13, 16};

    /** From 1 << 0 on. */
    private static final Feature[] FEATURES = {
        Feature.SINGLE_MMAP,
        Feature.NODROP,
        Feature.SUBMIT_STABLE,
        Feature.RW_CUR_POS,
        Feature.CUR_PERSONALITY,
        Feature.FAST_POLL,
        Feature.POLL_32BITS,
        Feature.SQPOLL_NONFIXED,
        Feature.EXT_ARG,
        Feature.NATIVE_WORKERS,
        Feature.RSRC_TAGS,
        Feature.CQE_SKIP,
        Feature.LINKED_FILE,
        Feature.REG_REG_RING,
        Feature.RECVSEND_BUNDLE,
        Feature.MIN_TIMEOUT,
        Feature.RW_ATTR,
        Feature.NO_IOWAIT
    };

    private Features() {}

    static int setupFlags(FaultPlan plan) {
        int bits = 0;
        for (int i = 0; i < SETUP.length; i++) {
            bits |= plan.has(SETUP[i]) ? 1 << SETUP_SHIFTS[i] : 0;
        }
        return bits;
    }

    static int featureBits(FaultPlan plan) {
        int bits = 0;
        for (int i = 0; i < FEATURES.length; i++) {
            bits |= plan.has(FEATURES[i]) ? 1 << i : 0;
        }
        return bits;
    }
}
