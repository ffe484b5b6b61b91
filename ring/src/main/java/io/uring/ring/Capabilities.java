package io.uring.ring;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What one ring can do: what the kernel has, less what is masked. Immutable.
 *
 * <pre>{@code
 * if (ring.capabilities().has(Feature.PBUF_RING)) {
 *     BufferRing buffers = BufferRing.register(ring, 0, 64, 65536);
 * }
 * }</pre>
 */
public final class Capabilities {
    private final Set<Feature> features;
    private final Set<Opcode> opcodes;
    private final int setupFlags;
    private final int featureBits;

    Capabilities(Set<Feature> features, Set<Opcode> opcodes, int setupFlags, int featureBits) {
        this.features = Collections.unmodifiableSet(features);
        this.opcodes = Collections.unmodifiableSet(opcodes);
        this.setupFlags = setupFlags;
        this.featureBits = featureBits;
    }

    public boolean has(Feature feature) {
        return features.contains(feature);
    }

    public boolean supports(Opcode opcode) {
        return opcodes.contains(opcode);
    }

    /** All features in use. */
    public Set<Feature> features() {
        return features;
    }

    /** All operations the kernel accepts. */
    public Set<Opcode> opcodes() {
        return opcodes;
    }

    /** The IORING_SETUP flags the ring was made with. */
    public int setupFlags() {
        return setupFlags;
    }

    /** The IORING_FEAT bits as the kernel reported them. */
    public int featureBits() {
        return featureBits;
    }

    @Override
    public String toString() {
        return "Capabilities" + EnumSet.copyOf(features) + ", " + opcodes.size() + " operations";
    }
}
