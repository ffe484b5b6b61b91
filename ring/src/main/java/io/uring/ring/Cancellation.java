package io.uring.ring;

import io.uring.ring.internal.Abi;
import org.jspecify.annotations.Nullable;

/**
 * Which operations to cancel: all keys that are given must match. Without {@link #all} the first
 * that is found. A value.
 *
 * <pre>{@code
 * Cancellation reads = Cancellation.of(socket).opcode(Opcode.RECV).all();
 * CancelOps.cancel(ring.nextSqe(), reads).userData(1); // result: how many
 * }</pre>
 */
public final class Cancellation {
    private static final Cancellation ANY = new Cancellation(Abi.ASYNC_CANCEL_ANY, 0, null, null);

    private final int flags;
    private final long userData;
    private final @Nullable Descriptor descriptor;
    private final @Nullable Opcode opcode;

    private Cancellation(
            int flags, long userData, @Nullable Descriptor descriptor, @Nullable Opcode opcode) {
        this.flags = flags;
        this.userData = userData;
        this.descriptor = descriptor;
        this.opcode = opcode;
    }

    /** Operations submitted with this user data. Kernel 5.5. */
    public static Cancellation of(long userData) {
        return new Cancellation(0, userData, null, null);
    }

    /** Operations on a descriptor (kernel 5.19) or a slot (6.0). */
    public static Cancellation of(Descriptor descriptor) {
        int flag = Abi.ASYNC_CANCEL_FD | (descriptor.direct() ? Abi.ASYNC_CANCEL_FD_FIXED : 0);
        return new Cancellation(flag, 0, descriptor, null);
    }

    /** Operations of a kind. Kernel 6.6. */
    public static Cancellation of(Opcode opcode) {
        return new Cancellation(Abi.ASYNC_CANCEL_OP, 0, null, opcode);
    }

    /** Every operation of the ring. Kernel 5.19. */
    public static Cancellation any() {
        return ANY;
    }

    /** And with this user data. Kernel 6.6. */
    public Cancellation userData(long alsoUserData) {
        checkKeys();
        return new Cancellation(
                flags | Abi.ASYNC_CANCEL_USERDATA, alsoUserData, descriptor, opcode);
    }

    /** And of this kind. Kernel 6.6. */
    public Cancellation opcode(Opcode alsoOpcode) {
        checkKeys();
        int key = descriptor == null && opcode == null ? Abi.ASYNC_CANCEL_USERDATA : 0;
        return new Cancellation(
                flags | key | Abi.ASYNC_CANCEL_OP, userData, descriptor, alsoOpcode);
    }

    private void checkKeys() {
        if ((flags & Abi.ASYNC_CANCEL_ANY) != 0) {
            throw new IllegalStateException("any operation takes no further key");
        }
    }

    /** All that match, instead of the first; the result is their number. Kernel 5.19. */
    public Cancellation all() {
        return new Cancellation(flags | Abi.ASYNC_CANCEL_ALL, userData, descriptor, opcode);
    }

    int flags() {
        return flags;
    }

    long userData() {
        return userData;
    }

    int fd() {
        return descriptor == null ? -1 : descriptor.number();
    }

    int opcode() {
        return opcode == null ? 0 : opcode.ordinal();
    }

    /** Throws when the kernel is older than one of the keys. */
    void check(KernelSupport support) {
        if (flags != 0) {
            support.require(Feature.CANCEL_FD);
        }
        if ((flags & Abi.ASYNC_CANCEL_FD_FIXED) != 0) {
            support.require(600, "cancellation by slot");
        }
        if ((flags & (Abi.ASYNC_CANCEL_OP | Abi.ASYNC_CANCEL_USERDATA)) != 0) {
            support.require(606, "cancellation by operation or by several keys");
        }
    }
}
