package io.uring.reactor;

import io.uring.ring.Feature;
import io.uring.ring.Ring;
import io.uring.ring.RingMessage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * How other threads end the loop's wait. A thread pays a system call only when the loop sleeps, and
 * of many threads only one does.
 *
 * <p>Each turn ends with {@link #awake}, and then runs the tasks that are there. A wake after that
 * point leaves NOTIFIED behind, and the loop does not fall asleep over it. All steps are atomic
 * read-modify-writes, so a task put into the queue before a wake is visible to the turn that the
 * wake causes.
 */
final class Wakeup {
    private static final int AWAKE = 0;
    private static final int ASLEEP = 1;
    private static final int NOTIFIED = 2;
    private static final int CLOSED = 3;

    private final AtomicInteger state = new AtomicInteger(AWAKE);

    /** Threads between finding the loop asleep and having woken it; closing waits for them. */
    private final AtomicInteger wakers = new AtomicInteger();

    private final @Nullable RingMessage message;
    private final @Nullable EventFd eventFd;

    Wakeup(Ring ring) {
        if (ring.capabilities().has(Feature.SEND_MSG_RING)) {
            message = ring.message(Ring.NO_USER_DATA, 0);
            eventFd = null;
        } else {
            message = null;
            eventFd = new EventFd(ring);
        }
    }

    /** Starts listening; on the loop. */
    void start(Reactor reactor) {
        if (eventFd != null) {
            eventFd.start(reactor);
        }
    }

    /** Says that the loop is about to sleep; false when it was woken before it slept. */
    boolean fallAsleep() {
        return state.compareAndSet(AWAKE, ASLEEP);
    }

    /** Whether somebody asked for a turn since the last one. */
    boolean isNotified() {
        return state.get() == NOTIFIED;
    }

    /** The loop is up; what it was woken for is done in this turn. Returns whether it was woken. */
    boolean awake() {
        return state.getAndSet(AWAKE) == NOTIFIED; // a full fence: the queues are read after this
    }

    /** Ends the loop's sleep, or keeps it from falling asleep in this turn. From any thread. */
    void wake() {
        int seen = state.get();
        if (seen == AWAKE && !state.compareAndSet(AWAKE, NOTIFIED)) {
            seen = state.get(); // it fell asleep just now, or was notified by somebody else
        }
        if (seen != ASLEEP) {
            return;
        }
        wakers.incrementAndGet();
        try {
            if (state.compareAndSet(ASLEEP, NOTIFIED)) {
                signal();
            }
        } finally {
            wakers.decrementAndGet();
        }
    }

    private void signal() {
        if (message != null) {
            // Fails only for lack of memory; then the loop must still hear of it, or wake by
            // itself.
            while (message.send() < 0 && state.get() == NOTIFIED) {
                Thread.onSpinWait();
            }
        } else if (eventFd != null) {
            eventFd.signal();
        }
    }

    /** Stops listening, so that the operation table can drain; on the loop. */
    void stop(Reactor reactor) {
        if (eventFd != null) {
            eventFd.stop(reactor);
        }
    }

    /** After this no thread touches the ring any more. */
    void close() {
        state.set(CLOSED);
        while (wakers.get() > 0) {
            Thread.onSpinWait(); // a waker is inside one short system call
        }
        if (eventFd != null) {
            eventFd.close();
        }
    }

    /** A wait that is a read from an eventfd: the way of kernels before 6.13. */
    private static final class EventFd extends Operation {
        private final io.uring.ring.EventFd descriptor;
        private @Nullable Reactor reactor;

        EventFd(Ring ring) {
            descriptor = io.uring.ring.EventFd.open(ring);
        }

        void start(Reactor owner) {
            reactor = owner;
            owner.submit(this);
        }

        void stop(Reactor owner) {
            reactor = null;
            if (isPending()) {
                owner.cancel(this);
            }
        }

        void signal() {
            descriptor.signal();
        }

        void close() {
            descriptor.close();
        }

        @Override
        protected void prepare(io.uring.ring.Sqe sqe) {
            descriptor.prepareRead(sqe);
        }

        @Override
        protected void complete(int result, int flags) {
            // Also after an error: a loop that cannot be woken is worse than a loop that reads
            // again.
            if (reactor != null) {
                reactor.submit(this);
            }
        }
    }
}
