package io.uring.ring;

import io.uring.ring.internal.Kernel;
import java.lang.foreign.MemorySegment;

/**
 * An eventfd whose counter a ring reads, and any thread raises: the way to wake a ring's owner on
 * kernels without {@link Feature#SEND_MSG_RING}.
 *
 * <pre>{@code
 * EventFd wake = EventFd.open(ring);
 * wake.prepareRead(ring.nextSqe()).userData(WAKE); // completes at the next signal
 * wake.signal();                                   // from any thread
 * }</pre>
 */
public final class EventFd implements AutoCloseable {
    private static final int COUNTER_BYTES = 8;

    private final Kernel kernel;
    private final Descriptor descriptor;
    private final MemorySegment counter;
    private volatile boolean closed;

    private EventFd(Kernel kernel, int fd, MemorySegment counter) {
        this.kernel = kernel;
        this.descriptor = Descriptor.of(fd);
        this.counter = counter;
    }

    /**
     * @throws RingException when there are no descriptors left
     */
    public static EventFd open(Ring ring) {
        MemorySegment counter = ring.allocate(COUNTER_BYTES);
        long fd = ring.kernel().eventfd();
        if (fd < 0) {
            int errno = (int) -fd;
            throw errno == Errno.EMFILE || errno == Errno.ENFILE
                    ? new RingException(
                            "eventfd", errno, "No descriptors left: raise ulimit -n (LimitNOFILE).")
                    : new RingException("eventfd", errno);
        }
        return new EventFd(ring.kernel(), (int) fd, counter);
    }

    /** Prepares a read that completes once the counter is not zero, and zeroes it. */
    public Sqe prepareRead(Sqe sqe) {
        return FileOps.read(sqe, descriptor, counter, 0);
    }

    /** Adds one to the counter; from any thread. Does nothing once closed. */
    public void signal() {
        if (!closed) { // the number may belong to somebody else by now
            kernel.signal(descriptor.number());
        }
    }

    /** Closes the descriptor. A read that is pending must be cancelled before. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            kernel.close(descriptor.number());
        }
    }
}
