package io.uring.ring;

import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;

/**
 * An eventfd that the kernel raises when completions come, so that a program can wait for them with
 * poll or epoll. A ring has one. One signal may stand for many completions, and with DEFER_TASKRUN
 * they come with the next enter call.
 *
 * <pre>{@code
 * EventFdRegistration signal = EventFdRegistration.register(ring, eventFd, false);
 * ring.muteEventFd(true); // while completions are looked for anyway
 * }</pre>
 */
public final class EventFdRegistration implements AutoCloseable {
    private final Ring ring;
    private boolean closed;

    private EventFdRegistration(Ring ring) {
        this.ring = ring;
    }

    /**
     * @param eventFd an eventfd, which stays the caller's
     * @param async whether completions that the submission itself brings are not signalled: kernel
     *     5.6, else 5.2
     * @throws RingException when the kernel refuses: EBUSY (there is one), EINVAL (no eventfd)
     */
    public static EventFdRegistration register(Ring ring, Fd eventFd, boolean async) {
        int opcode = async ? RegisterAbi.REGISTER_EVENTFD_ASYNC : RegisterAbi.REGISTER_EVENTFD;
        try (Arena scratch = Arena.ofConfined()) {
            long fd = scratch.allocateFrom(ValueLayout.JAVA_INT, eventFd.number()).address();
            ResourceTable.check(ring, "EVENTFD", ring.tryRegister(opcode, fd, 1));
        }
        return new EventFdRegistration(ring);
    }

    /** Unregisters it. Closing again does nothing. */
    @Override
    public void close() {
        if (!closed && !ring.isClosed()) {
            int result = ring.tryRegister(RegisterAbi.UNREGISTER_EVENTFD, 0, 0);
            closed = true; // only now: another thread may not, and has released nothing
            ResourceTable.check(ring, "UNREGISTER_EVENTFD", result);
        }
    }
}
