package io.uring.ring;

import io.uring.ring.internal.Abi;

/**
 * Preparation of operations on epoll instances, for programs that move to io_uring step by step.
 *
 * <pre>{@code
 * EpollEvents interest = new EpollEvents(arena, 1).set(0, PollOps.IN, 42);
 * EpollOps.add(ring.nextSqe(), epoll, socket, interest).userData(1);
 * }</pre>
 */
public final class EpollOps {
    private static final int ADD = 1;
    private static final int DELETE = 2;
    private static final int MODIFY = 3;

    private EpollOps() {}

    /** Adds a descriptor with the first of {@code interest}; EEXIST. Kernel 5.6. */
    public static Sqe add(Sqe sqe, Fd epoll, Fd target, EpollEvents interest) {
        return control(sqe, epoll, ADD, target).uses(Abi.SQE_ADDR, interest);
    }

    /** Changes what a descriptor was added with; ENOENT. Kernel 5.6. */
    public static Sqe modify(Sqe sqe, Fd epoll, Fd target, EpollEvents interest) {
        return control(sqe, epoll, MODIFY, target).uses(Abi.SQE_ADDR, interest);
    }

    /** Removes a descriptor; ENOENT. Kernel 5.6. */
    public static Sqe delete(Sqe sqe, Fd epoll, Fd target) {
        return control(sqe, epoll, DELETE, target);
    }

    private static Sqe control(Sqe sqe, Fd epoll, int operation, Fd target) {
        return sqe.descriptor(epoll).len(operation).off(target.number()).opcode(Opcode.EPOLL_CTL);
    }

    /** Waits for at least one event; the result is how many there are. Kernel 6.15. */
    public static Sqe await(Sqe sqe, Fd epoll, EpollEvents events) {
        return sqe.descriptor(epoll)
                .uses(Abi.SQE_ADDR, events)
                .len(events.capacity())
                .opcode(Opcode.EPOLL_WAIT);
    }
}
