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
    public static final int PRI = 2;
    public static final int OUT = 4;
    public static final int ERR = 8;
    public static final int HUP = 0x10;
    public static final int RDHUP = 0x2000;

    /** Of several that wait for the same event, wakes one. Kernel 5.9. */
    public static final int EXCLUSIVE = 1 << 28;

    private static final int UPDATE_EVENTS = 1 << 1;
    private static final int UPDATE_USER_DATA = 1 << 2;
    private static final int HIGH_BITS = 0xffff0000;
    private static final int NO_FD = -1;

    private PollOps() {}

    /** Completes once, with the events that are there. Kernel 5.1. */
    public static Sqe poll(Sqe sqe, Descriptor descriptor, int events) {
        return sqe.descriptor(descriptor).opFlags(wire(sqe, events)).opcode(Opcode.POLL_ADD);
    }

    /** Completes with F_MORE at each wake-up of the file, not for each byte. Kernel 5.13. */
    public static Sqe pollMultishot(Sqe sqe, Descriptor descriptor, int events) {
        sqe.require(513, "a multishot poll");
        return poll(sqe, descriptor, events).len(Abi.POLL_ADD_MULTI);
    }

    /** Removes the poll that was submitted with {@code targetUserData}. Kernel 5.1. */
    public static Sqe pollRemove(Sqe sqe, long targetUserData) {
        return sqe.opcode(Opcode.POLL_REMOVE).fd(NO_FD).addr(targetUserData);
    }

    /** Changes the events of the poll submitted with {@code targetUserData}. Kernel 5.13. */
    public static Sqe pollUpdate(Sqe sqe, long targetUserData, int events) {
        return update(sqe, targetUserData, UPDATE_EVENTS).opFlags(wire(sqe, events));
    }

    /** Changes the user data of the poll submitted with {@code targetUserData}. Kernel 5.13. */
    public static Sqe pollUpdate(Sqe sqe, long targetUserData, long newUserData) {
        return update(sqe, targetUserData, UPDATE_USER_DATA).off(newUserData);
    }

    /** Changes both. Kernel 5.13. */
    public static Sqe pollUpdate(Sqe sqe, long targetUserData, long newUserData, int events) {
        return update(sqe, targetUserData, UPDATE_EVENTS | UPDATE_USER_DATA)
                .off(newUserData)
                .opFlags(wire(sqe, events));
    }

    private static Sqe update(Sqe sqe, long targetUserData, int what) {
        return pollRemove(sqe.require(513, "updating a poll"), targetUserData).len(what);
    }

    /** Big-endian machines keep the old 16-bit field where it was by swapping the halves. */
    private static int wire(Sqe sqe, int events) {
        if ((events & HIGH_BITS) != 0) {
            sqe.require(Feature.POLL_32BITS);
        }
        return ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN
                ? Integer.rotateLeft(events, 16)
                : events;
    }
}
