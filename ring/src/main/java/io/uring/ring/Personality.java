package io.uring.ring;

import io.uring.ring.internal.Abi;

/**
 * The credentials of the thread that registered it, for operations that carry it. Kernel 5.6.
 * Belongs to the ring's owner.
 *
 * <pre>{@code
 * Personality root = Personality.register(ring); // then drop privileges
 * PathOps.openat(ring.nextSqe(), Fd.CWD, path, OpenFlags.O_RDONLY, 0).personality(root).userData(1);
 * }</pre>
 */
public final class Personality implements AutoCloseable {
    private final Ring ring;
    private final int id;
    private boolean closed;

    private Personality(Ring ring, int id) {
        this.ring = ring;
        this.id = id;
    }

    /**
     * @throws RingException when the kernel refuses
     */
    public static Personality register(Ring ring) {
        int id = ring.register("REGISTER_PERSONALITY", Abi.REGISTER_PERSONALITY, 0, 0);
        return new Personality(ring, id);
    }

    int id() {
        if (closed) {
            throw new IllegalStateException("the personality is unregistered");
        }
        return id;
    }

    /** Unregisters it; operations that were submitted keep it. Closing again does nothing. */
    @Override
    public void close() {
        if (!closed && !ring.isClosed()) {
            closed = true;
            ring.register("UNREGISTER_PERSONALITY", Abi.UNREGISTER_PERSONALITY, 0, id);
        }
    }
}
