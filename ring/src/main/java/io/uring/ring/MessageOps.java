package io.uring.ring;

import io.uring.ring.internal.Abi;

/**
 * Preparation of messages to other rings. They work from any thread's ring to any ring.
 *
 * <pre>{@code
 * MessageOps.send(ring.nextSqe(), Descriptor.of(other.fd()), WAKE, 0).userData(1);
 * }</pre>
 */
public final class MessageOps {
    private static final int COMMAND_SEND_FD = 1;
    private static final int CQE_SKIP = 1;
    private static final int FLAGS_PASS = 2;

    private MessageOps() {}

    /**
     * Puts a completion with {@code userData} and {@code result} into the queue of a ring. Kernel
     * 5.18.
     */
    public static Sqe send(Sqe sqe, Descriptor targetRing, long userData, int result) {
        return sqe.descriptor(targetRing)
                .addr(Abi.MSG_RING_DATA)
                .off(userData)
                .len(result)
                .opcode(Opcode.MSG_RING);
    }

    /** The same, with the flags of the completion. Kernel 6.3. */
    public static Sqe send(
            Sqe sqe, Descriptor targetRing, long userData, int result, int completionFlags) {
        return send(sqe.require(603, "a message with flags"), targetRing, userData, result)
                .fileIndex(completionFlags)
                .opFlags(FLAGS_PASS);
    }

    /**
     * Puts the file of a slot into a slot of another ring; the result is 0 or, for {@link
     * DirectDescriptor#ANY}, the slot. Kernel 6.0.
     *
     * @param source a slot of this ring
     * @param userData of the completion in the other ring, whose result is the same
     * @param silent whether the other ring has no completion
     */
    public static Sqe sendFile(
            Sqe sqe,
            Descriptor targetRing,
            DirectDescriptor source,
            DirectDescriptor target,
            long userData,
            boolean silent) {
        if (source.number() < 0) {
            throw new IllegalArgumentException("any slot is a target, not a source");
        }
        return sqe.require(600, "passing a file to a ring")
                .descriptor(targetRing)
                .addr(COMMAND_SEND_FD)
                .addr3(source.number())
                .target(target)
                .off(userData)
                .opFlags(silent ? CQE_SKIP : 0)
                .opcode(Opcode.MSG_RING);
    }
}
