package io.uring.ring;

import java.util.Set;

/**
 * What the running kernel can do, in a form that can be asked for each operation: what cannot work
 * says so before it is submitted.
 */
final class KernelSupport {
    private static final int RELEASE_MAJOR = 100;

    /** For entries outside of a ring. */
    static final KernelSupport ALL = new KernelSupport(-1L, -1L, Integer.MAX_VALUE);

    /** A bit for each operation, by its number. */
    private final long opcodes;

    /** A bit for each feature, by its ordinal. */
    private final long features;

    private final int release;

    private KernelSupport(long opcodes, long features, int release) {
        this.opcodes = opcodes;
        this.features = features;
        this.release = release;
    }

    static KernelSupport of(Set<Opcode> opcodes, Set<Feature> features, int release) {
        long opcodeBits = 0;
        for (Opcode opcode : opcodes) {
            opcodeBits |= 1L << opcode.ordinal();
        }
        long featureBits = 0;
        for (Feature feature : features) {
            featureBits |= 1L << feature.ordinal();
        }
        return new KernelSupport(opcodeBits, featureBits, release);
    }

    void require(Opcode opcode) {
        if ((opcodes >>> opcode.ordinal() & 1) == 0) {
            throw Availability.tooOld("operation " + opcode, opcode.since());
        }
    }

    void require(Feature feature) {
        if ((features >>> feature.ordinal() & 1) == 0) {
            throw Availability.tooOld("feature " + feature, feature.since());
        }
    }

    /**
     * @param needed as in {@code 617} for 6.17
     */
    void require(int needed, String what) {
        if (release < needed) {
            throw Availability.tooOld(what, needed / RELEASE_MAJOR + "." + needed % RELEASE_MAJOR);
        }
    }

    /** Of the running kernel, by its own account. */
    static int runningRelease() {
        return release(System.getProperty("os.version", "0.0"));
    }

    /** The number of a release: 617 for {@code 6.17}. */
    static int release(String version) {
        String[] parts = version.split("[^0-9]+", 3);
        return Integer.parseInt(parts[0]) * RELEASE_MAJOR + Integer.parseInt(parts[1]);
    }
}
