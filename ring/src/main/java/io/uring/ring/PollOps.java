package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.nio.ByteOrder;

/**
 * Preparation of readiness operations.
 *
 * <pre>{@code
 * PollOps.poll(ring.nextSqe(), pipe, PollOps.IN).userData(1); // result: the events that are there
 * }</pre>
 */
public final class PollOps {
    public static final int IN = 1;
    public static final int OUT = 4;
    public static final int ERR = 8;
    public static final int HUP = 0x10;
    public static final int RDHUP = 0x2000;

    private PollOps() {}

    /** Completes once, with the events that are there. Kernel 5.1. */
    public static Sqe poll(Sqe sqe, Descriptor descriptor, int events) {
        return sqe.descriptor(descriptor).opFlags(wire(events)).opcode(Opcode.POLL_ADD);
    }

    /** Completes with F_MORE at each wake-up of the file, not for each byte. Kernel 5.13. */
    public static Sqe pollMultishot(Sqe sqe, Descriptor descriptor, int events) {
        return poll(sqe, descriptor, events).len(Abi.POLL_ADD_MULTI);
    }

    /** Removes the poll that was submitted with {@code targetUserData}. Kernel 5.1. */
    public static Sqe pollRemove(Sqe sqe, long targetUserData) {
        return sqe.opcode(Opcode.POLL_REMOVE).fd(-1).addr(targetUserData);
    }

    /** Big-endian machines keep the old 16-bit field where it was by swapping the halves. */
    private static int wire(int events) {
        return ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN
                ? Integer.rotateLeft(events, 16)
                : events;
    }
}
