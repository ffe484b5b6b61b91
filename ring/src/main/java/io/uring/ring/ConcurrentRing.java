package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A ring that several platform threads share: a lock around the queues, and none around waiting.
 * Costs the lock, and the kernel's fast paths for a single issuer; a ring for each thread is
 * faster.
 *
 * <pre>{@code
 * try (ConcurrentRing ring = ConcurrentRing.open(RingConfig.ofEntries(64, 256))) {
 *     ring.submit(sqe -> ControlOps.nop(sqe).userData(42)); // from any thread
 *     ring.await(1, Ring.FOREVER);                          // any thread
 *     ring.drain((userData, result, flags) -> System.out.println(userData));
 * }
 * }</pre>
 */
public final class ConcurrentRing implements AutoCloseable {
    /** Fills in an entry. */
    @FunctionalInterface
    public interface Preparation {
        void prepare(Sqe sqe);
    }

    /** The owner of the ring while nobody holds the lock. */
    private static final Thread NOBODY = new Thread(() -> {}, "nobody holds the ring's lock");

    /** How long closing leaves the waiting threads before it looks again. */
    private static final long CLOSE_PAUSE_NANOS = 100_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final Ring ring;
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile boolean closing;

    private ConcurrentRing(Ring ring) {
        this.ring = ring;
    }

    /**
     * Makes a ring and starts it; never with SINGLE_ISSUER.
     *
     * @throws UnavailableException when this process may not or cannot use io_uring
     * @throws RingException when the kernel has no memory or descriptors for it
     */
    public static ConcurrentRing open(RingConfig config) {
        if (config.has(Abi.SETUP_REGISTERED_FD_ONLY)) {
            throw new IllegalArgumentException(
                    "a ring without a descriptor is known to one thread only");
        }
        // A registered descriptor, too, is known to one thread only.
        Ring ring =
                Ring.open(
                        config.masking(Feature.SINGLE_ISSUER)
                                .masking(Feature.DEFER_TASKRUN)
                                .masking(Feature.RING_FDS));
        try {
            ring.enable();
        } catch (RuntimeException e) {
            ring.close();
            throw e;
        }
        ring.passTo(NOBODY);
        return new ConcurrentRing(ring);
    }

    /**
     * Makes the calling thread the owner of the plain ring for as long as {@code use} runs: for
     * registrations, and for several entries that belong together. It must not wait for completions
     * nor keep the ring.
     *
     * @throws IllegalStateException when the ring is closed
     */
    public void with(Consumer<Ring> use) {
        lock.lock();
        try {
            if (closing) {
                throw new IllegalStateException("the ring is closed");
            }
            own(use);
        } finally {
            lock.unlock();
        }
    }

    private void own(Consumer<Ring> use) {
        ring.passTo(Thread.currentThread());
        try {
            use.accept(ring);
        } finally {
            if (lock.getHoldCount() == 1) {
                ring.passTo(NOBODY);
            }
        }
    }

    /**
     * Prepares entries and submits them together, so that a chain stays whole. Waits for room in
     * the submission queue.
     *
     * @param preparations one for each entry, not more than the queue has entries
     * @return the number of entries the kernel took, or {@code -errno} of a passing kind: EAGAIN
     *     and EBUSY (drain, then submit with no preparation), EINTR
     */
    public int submit(Preparation... preparations) {
        if (preparations.length > ring.sqEntries()) {
            throw new IllegalArgumentException(
                    preparations.length + " entries, the queue has " + ring.sqEntries());
        }
        int[] result = new int[1];
        with(owned -> {
            while (owned.sqEntries() - owned.pendingSqes() < preparations.length) {
                int taken = makeRoom(owned);
                if (taken < 0) {
                    result[0] = taken;
                    return;
                }
            }
            for (Preparation preparation : preparations) {
                preparation.prepare(Objects.requireNonNull(owned.nextSqe()));
            }
            result[0] = owned.submit();
        });
        return result[0];
    }

    private static int makeRoom(Ring owned) {
        return owned.config().has(Abi.SETUP_SQPOLL) ? owned.waitForSpace() : owned.submit();
    }

    /**
     * Waits until {@code minComplete} completions are in the queue, without holding the lock:
     * several threads may wait.
     *
     * @param timeoutNanos at most so long; {@link Ring#FOREVER}; needs EXT_ARG (kernel 5.11)
     * @return 0, or {@code -errno} of a passing kind: ETIME, EINTR
     * @throws IllegalStateException when the ring is closed, also while waiting
     */
    public int await(int minComplete, long timeoutNanos) {
        waiting.incrementAndGet();
        try (Arena arena = Arena.ofConfined()) {
            if (closing) {
                throw new IllegalStateException("the ring is closed");
            }
            EnterCall call = new EnterCall(ring.kernel(), arena, ring.fd(), 0);
            int result;
            if (timeoutNanos == Ring.FOREVER) {
                result = call.enter(0, minComplete, Abi.ENTER_GETEVENTS);
            } else {
                ring.support().require(Feature.EXT_ARG);
                result = call.enterFor(0, minComplete, 0, Math.max(timeoutNanos, 0));
            }
            if (closing) {
                throw new IllegalStateException("the ring is closed");
            }
            return result;
        } finally {
            waiting.decrementAndGet();
        }
    }

    /**
     * Hands every completion in the queue to {@code handler}, which holds the lock and may submit.
     *
     * @return how many there were
     */
    public int drain(CompletionHandler handler) {
        int[] count = new int[1];
        with(owned -> count[0] = owned.drain(handler));
        return count[0];
    }

    public Capabilities capabilities() {
        return ring.capabilities();
    }

    /**
     * Wakes the threads that wait, which then throw, and closes the ring as {@link Ring#close}
     * does. Closing again does nothing.
     */
    @Override
    public void close() {
        if (lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("the ring is in use by this thread");
        }
        lock.lock();
        try {
            if (closing) {
                return;
            }
            closing = true; // before anybody is woken, so that nobody waits again
            own(this::close);
        } finally {
            lock.unlock();
        }
    }

    private void close(Ring owned) {
        // A descriptor that is closed wakes nobody: completions do, at the latest a full queue.
        while (waiting.get() > 0) {
            for (Sqe sqe = owned.nextSqe(); sqe != null; sqe = owned.nextSqe()) {
                ControlOps.nop(sqe).userData(Ring.NO_USER_DATA);
            }
            owned.submit();
            LockSupport.parkNanos(CLOSE_PAUSE_NANOS);
        }
        owned.close();
    }
}
