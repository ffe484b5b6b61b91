package io.uring.ring;

import static io.uring.ring.Feature.Kind.FEATURE;
import static io.uring.ring.Feature.Kind.OTHER;
import static io.uring.ring.Feature.Kind.SETUP;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The optional features of the kernel that this library uses where they exist. Each can be masked,
 * so that the code for kernels without it runs on a kernel with it:
 *
 * <pre>{@code
 * java -Dio.uring.mask=pbuf_ring,defer_taskrun -jar server.jar
 * }</pre>
 */
public enum Feature {
    /** The whole of io_uring: masked, it is unavailable. */
    IO_URING(OTHER, 0, "5.1"),

    CQSIZE(SETUP, 1 << 3, "5.5"),
    CLAMP(SETUP, 1 << 4, "5.6"),
    R_DISABLED(SETUP, 1 << 6, "5.10"),
    SUBMIT_ALL(SETUP, 1 << 7, "5.18"),
    COOP_TASKRUN(SETUP, 1 << 8, "5.19"),
    TASKRUN_FLAG(SETUP, 1 << 9, "5.19"),
    SINGLE_ISSUER(SETUP, 1 << 12, "6.0"),
    DEFER_TASKRUN(SETUP, 1 << 13, "6.1"),
    NO_SQARRAY(SETUP, 1 << 16, "6.6"),

    SINGLE_MMAP(FEATURE, 1, "5.4"),
    NODROP(FEATURE, 1 << 1, "5.5"),
    SUBMIT_STABLE(FEATURE, 1 << 2, "5.5"),
    RW_CUR_POS(FEATURE, 1 << 3, "5.6"),
    CUR_PERSONALITY(FEATURE, 1 << 4, "5.6"),
    FAST_POLL(FEATURE, 1 << 5, "5.7"),
    POLL_32BITS(FEATURE, 1 << 6, "5.9"),
    SQPOLL_NONFIXED(FEATURE, 1 << 7, "5.11"),
    EXT_ARG(FEATURE, 1 << 8, "5.11"),
    NATIVE_WORKERS(FEATURE, 1 << 9, "5.12"),
    RSRC_TAGS(FEATURE, 1 << 10, "5.13"),
    CQE_SKIP(FEATURE, 1 << 11, "5.17"),
    LINKED_FILE(FEATURE, 1 << 12, "5.17"),
    REG_REG_RING(FEATURE, 1 << 13, "6.3"),
    RECVSEND_BUNDLE(FEATURE, 1 << 14, "6.10"),
    MIN_TIMEOUT(FEATURE, 1 << 15, "6.12"),
    RW_ATTR(FEATURE, 1 << 16, "6.14"),
    NO_IOWAIT(FEATURE, 1 << 17, "6.15"),

    /** A registered ring descriptor: no descriptor look-up in the enter call. */
    RING_FDS(OTHER, 0, "5.18"),
    /** One accept operation that reports every connection. */
    MULTISHOT_ACCEPT(OTHER, 0, "5.19"),
    /** Cancellation by descriptor. */
    CANCEL_FD(OTHER, 0, "5.19"),
    /** Provided buffer rings. */
    PBUF_RING(OTHER, 0, "5.19"),
    /** One receive operation that reports all that arrives. */
    MULTISHOT_RECV(OTHER, 0, "6.0"),
    /** Incremental consumption of provided buffers. */
    PBUF_RING_INC(OTHER, 0, "6.12"),
    /** A message to a ring from a thread that has none. */
    SEND_MSG_RING(OTHER, 0, "6.13"),
    /** Queues that become larger or smaller, with DEFER_TASKRUN and NO_SQARRAY. */
    RESIZE_RINGS(OTHER, 0, "6.13");

    /** Where the kernel says whether it has a feature. */
    enum Kind {
        /** A flag of io_uring_setup. */
        SETUP,
        /** A bit of the features word that io_uring_setup returns. */
        FEATURE,
        /** Found by asking for it, or by an operation that came with the same release. */
        OTHER
    }

    /** The system property that lists masked features, separated by commas. */
    public static final String MASK_PROPERTY = "io.uring.mask";

    private final Kind kind;
    private final int bit;
    private final String since;

    Feature(Kind kind, int bit, String since) {
        this.kind = kind;
        this.bit = bit;
        this.since = since;
    }

    Kind kind() {
        return kind;
    }

    int bit() {
        return bit;
    }

    /** The first kernel release that has it. */
    public String since() {
        return since;
    }

    /** The features that {@value #MASK_PROPERTY} names. */
    static Set<Feature> maskedByProperty() {
        return parse(System.getProperty(MASK_PROPERTY, ""));
    }

    /**
     * Features named in a list separated by commas, in any case.
     *
     * @throws IllegalArgumentException for a name that is none of ours
     */
    public static Set<Feature> parse(String names) {
        Set<Feature> features = EnumSet.noneOf(Feature.class);
        for (String name : names.split(",", -1)) {
            String trimmed = name.strip();
            if (!trimmed.isEmpty()) {
                features.add(byName(trimmed));
            }
        }
        return features;
    }

    private static Feature byName(String name) {
        for (Feature feature : values()) {
            if (feature.name().equalsIgnoreCase(name)) {
                return feature;
            }
        }
        throw new IllegalArgumentException(
                "unknown io_uring feature '" + name + "' in a mask; known: " + known());
    }

    private static String known() {
        return String.join(
                ", ",
                EnumSet.allOf(Feature.class).stream()
                        .map(f -> f.name().toLowerCase(Locale.ROOT))
                        .toList());
    }
}
