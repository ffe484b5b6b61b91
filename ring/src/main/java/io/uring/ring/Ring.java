package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.LinuxKernel;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One io_uring: two queues shared with the kernel, and the call that moves both. No thread, no
 * policy, no allocation after it is open.
 *
 * <p>A ring is owned by the platform thread that calls {@link #enable}; all other methods belong to
 * that thread, except {@link #message}. The caller keeps memory that an operation names alive until
 * the operation's last completion.
 *
 * <pre>{@code
 * try (Ring ring = Ring.open(RingConfig.ofEntries(64, 256))) {
 *     ring.enable();
 *     ControlOps.nop(ring.nextSqe()).userData(42);
 *     ring.submitAndWait(1, Ring.FOREVER);
 *     ring.drain((userData, result, flags) -> System.out.println(userData + " " + result));
 * }
 * }</pre>
 */
public final class Ring implements AutoCloseable {
    /** A timeout that never comes. */
    public static final long FOREVER = Long.MAX_VALUE;

    /**
     * The user data of completions that mean nothing to anybody: internal timeouts and messages.
     * They are passed to the handler like any other; submissions that want no answer use it too.
     */
    public static final long NO_USER_DATA = 0;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final Kernel kernel;

    /** Owns everything the kernel may touch: the mappings, the buffers and the small structures. */
    private final Arena arena = Arena.ofShared();

    private final MemorySegment callState;
    private final int fd;
    private final SubmissionQueue sq;
    private final CompletionQueue cq;
    private final Set<Feature> features;
    private final Capabilities capabilities;
    private final boolean startsDisabled;

    /** The wait argument, and behind it the timespec it points to. */
    private final long waitArgument;

    private final long timespec;
    private final boolean extArg;
    private final boolean taskrunFlag;

    private @Nullable Thread owner;
    private int enterFd;
    private int enterFlags;
    private boolean closed;
    private boolean draining;
    private boolean overflowing;
    private long overflows;

    private Ring(Kernel kernel, RingConfig config) {
        this.kernel = kernel;
        RingSetup setup;
        try {
            callState = kernel.newCallState(arena);
            setup = new RingSetup(kernel, config, arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
        fd = setup.fd;
        try {
            RingProbe probe = new RingProbe(kernel, fd, setup, config, arena);
            features = probe.features();
            capabilities =
                    new Capabilities(
                            features, probe.opcodes(), probe.setupFlags(), setup.features());
            RingMapping mapping = new RingMapping(kernel, fd, setup, features, arena);
            sq = mapping.submissionQueue();
            cq = mapping.completionQueue();
            MemorySegment wait =
                    arena.allocate(Abi.GETEVENTS_ARG_BYTES + Abi.TIMESPEC_BYTES, Long.BYTES);
            waitArgument = wait.address();
            timespec = waitArgument + Abi.GETEVENTS_ARG_BYTES;
        } catch (RuntimeException | Error e) {
            kernel.close(fd);
            arena.close();
            throw e;
        }
        startsDisabled = features.contains(Feature.R_DISABLED);
        extArg = features.contains(Feature.EXT_ARG);
        taskrunFlag = features.contains(Feature.TASKRUN_FLAG);
        enterFd = fd;
        enterFlags = features.contains(Feature.NO_IOWAIT) ? Abi.ENTER_NO_IOWAIT : 0;
    }

    /**
     * Makes a ring. It cannot be used before {@link #enable}.
     *
     * @throws UnavailableException when this process may not or cannot use io_uring
     * @throws RingException when the kernel has no memory or descriptors for it
     */
    public static Ring open(RingConfig config) {
        Availability.ensureSystemCalls();
        return open(config, LinuxKernel.instance());
    }

    static Ring open(RingConfig config, Kernel kernel) {
        return new Ring(kernel, config);
    }

    /**
     * Makes the calling thread the owner and starts the ring.
     *
     * @throws IllegalStateException on a virtual thread, since the kernel ties a ring to the thread
     *     below it, or when the ring has an owner
     */
    public void enable() {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException(
                    "a ring belongs to a platform thread, not to a virtual one");
        }
        if (owner != null) {
            throw new IllegalStateException("the ring belongs to " + owner);
        }
        checkOpen();
        owner = Thread.currentThread();
        if (startsDisabled) {
            long result = kernel.register(fd, Abi.REGISTER_ENABLE_RINGS, 0, 0);
            if (result < 0) {
                throw new RingException("io_uring_register(ENABLE_RINGS)", (int) -result);
            }
        }
        if (features.contains(Feature.RING_FDS)) {
            registerRingFd();
        }
    }

    /**
     * Spares the look-up of the descriptor in each enter call. A full table (16 per thread) is no
     * error.
     */
    private void registerRingFd() {
        try (Arena scratch = Arena.ofConfined()) {
            long update = scratch.allocate(Abi.RSRC_UPDATE_BYTES, Long.BYTES).address();
            NativeMemory.putInt(update + Abi.RSRC_UPDATE_OFFSET, -1);
            NativeMemory.putLong(update + Abi.RSRC_UPDATE_DATA, fd);
            if (kernel.register(fd, Abi.REGISTER_RING_FDS, update, 1) == 1) {
                enterFd = NativeMemory.getInt(update + Abi.RSRC_UPDATE_OFFSET);
                enterFlags |= Abi.ENTER_REGISTERED_RING;
            }
        }
    }

    /**
     * The next submission queue entry, cleared, or null when the queue is full: then {@link
     * #submit}. The object is the same each time.
     */
    public @Nullable Sqe nextSqe() {
        checkOwner();
        return sq.next();
    }

    /**
     * Submits what was prepared, without waiting.
     *
     * @return the number of entries the kernel took, or {@code -errno} of a passing kind: EAGAIN
     *     and EBUSY (drain, then try again), EINTR
     * @throws RingException when the ring is unusable
     */
    public int submit() {
        checkOwner();
        return enter(0, 0);
    }

    /**
     * Submits what was prepared and waits, in one system call, until {@code minComplete}
     * completions are in the queue.
     *
     * @param minComplete 0 runs pending work and flushes an overflow without waiting
     * @param timeoutNanos at most so long; {@link #FOREVER}
     * @return the number of entries the kernel took, or {@code -errno} of a passing kind: ETIME,
     *     EINTR, EAGAIN and EBUSY (drain, then try again)
     * @throws RingException when the ring is unusable
     */
    public int submitAndWait(int minComplete, long timeoutNanos) {
        checkOwner();
        if (minComplete < 0) {
            throw new IllegalArgumentException("minComplete " + minComplete);
        }
        if (minComplete > 0 && timeoutNanos != FOREVER) {
            return waitWithTimeout(minComplete, Math.max(timeoutNanos, 0));
        }
        return enter(minComplete, Abi.ENTER_GETEVENTS);
    }

    private int waitWithTimeout(int minComplete, long timeoutNanos) {
        NativeMemory.putLong(timespec, timeoutNanos / NANOS_PER_SECOND);
        NativeMemory.putLong(timespec + Long.BYTES, timeoutNanos % NANOS_PER_SECOND);
        if (extArg) {
            NativeMemory.putLong(waitArgument + Abi.GETEVENTS_ARG_TS, timespec);
            return enter(minComplete, Abi.ENTER_GETEVENTS | Abi.ENTER_EXT_ARG);
        }
        // Before 5.11 the deadline is an operation, which ends with the first other completion.
        Sqe sqe = sq.next();
        if (sqe == null) {
            return enter(0, Abi.ENTER_GETEVENTS);
        }
        ControlOps.timeout(sqe, timespec, minComplete).userData(NO_USER_DATA);
        return enter(minComplete, Abi.ENTER_GETEVENTS);
    }

    private int enter(int minComplete, int flags) {
        sq.publish();
        countOverflow();
        boolean extended = (flags & Abi.ENTER_EXT_ARG) != 0;
        long result =
                kernel.enter(
                        callState,
                        enterFd,
                        sq.pending(),
                        minComplete,
                        flags | enterFlags,
                        extended ? waitArgument : 0,
                        extended ? Abi.GETEVENTS_ARG_BYTES : Abi.SIGSET_BYTES);
        if (result < 0) {
            checkPassing((int) -result);
        }
        return (int) result;
    }

    /**
     * The kernel clears the flag when GETEVENTS has moved everything that was stored into the
     * queue.
     */
    private void countOverflow() {
        boolean now = (sq.flags() & Abi.SQ_CQ_OVERFLOW) != 0;
        if (now && !overflowing) {
            overflows++;
        }
        overflowing = now;
    }

    private void checkPassing(int errno) {
        switch (errno) {
            case Errno.ETIME, Errno.EINTR, Errno.EAGAIN, Errno.EBUSY -> {}
            case Errno.EBADR ->
                    throw new RingException(
                            "io_uring_enter",
                            errno,
                            "The kernel had no memory and lost completions.");
            default -> throw new RingException("io_uring_enter on ring " + fd, errno);
        }
    }

    /**
     * Hands every completion in the queue to {@code handler}, which may prepare and submit
     * operations, but neither drain nor close the ring.
     *
     * @return how many there were
     */
    public int drain(CompletionHandler handler) {
        checkOwner();
        if (draining) {
            throw new IllegalStateException("the ring is being drained");
        }
        draining = true;
        try {
            return cq.drain(handler);
        } finally {
            draining = false;
        }
    }

    /**
     * Whether the kernel has, or without TASKRUN_FLAG may have, completions that only GETEVENTS
     * brings.
     */
    public boolean needsEnter() {
        checkOwner();
        int flags = sq.flags();
        int pending = flags & (Abi.SQ_CQ_OVERFLOW | Abi.SQ_TASKRUN);
        return !taskrunFlag || pending != 0;
    }

    /** Entries prepared and not yet taken by the kernel. */
    public int pendingSqes() {
        checkOwner();
        return sq.pending();
    }

    /** Completions in the queue. */
    public int readyCqes() {
        checkOwner();
        return cq.ready();
    }

    public int sqEntries() {
        return sq.entries();
    }

    public int cqEntries() {
        return cq.entries();
    }

    /** How often the completion queue began to overflow; nothing is lost where NODROP is there. */
    public long overflows() {
        return overflows;
    }

    /** Completions lost because the queue was full (without NODROP) or memory ran out. */
    public int lostCompletions() {
        checkOwner();
        return cq.overflow();
    }

    public Capabilities capabilities() {
        return capabilities;
    }

    /** The ring's file descriptor. */
    public int fd() {
        return fd;
    }

    /**
     * A waker for this ring, usable from any thread: each call of {@link RingMessage#send} puts a
     * completion with {@code userData} into the queue and ends the owner's wait. Needs {@link
     * Feature#SEND_MSG_RING}.
     */
    public RingMessage message(long userData, int result) {
        checkOpen();
        return new RingMessage(kernel, arena, fd, userData, result);
    }

    /**
     * Zeroed memory, aligned to pages, that lives as long as the ring: for buffers the kernel reads
     * and writes.
     */
    public MemorySegment allocate(long bytes) {
        checkOpen();
        return map(kernel, arena, bytes, -1, 0);
    }

    /** Mapped memory that belongs to {@code arena}. */
    static MemorySegment map(Kernel kernel, Arena arena, long bytes, int fd, long offset) {
        long address = kernel.map(bytes, fd, offset);
        if (address < 0) {
            String of = fd < 0 ? "" : " of ring " + fd;
            throw new RingException("mmap of " + bytes + " bytes" + of, (int) -address);
        }
        return kernel.own(arena, address, bytes);
    }

    /** A header for gathered sends that lives as long as the ring. */
    public MessageHeader newMessageHeader(int vectors) {
        return new MessageHeader(arena, vectors);
    }

    Kernel kernel() {
        return kernel;
    }

    void checkOwner() {
        if (Thread.currentThread() != owner) {
            throw wrongThread();
        }
        checkOpen();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the ring is closed");
        }
    }

    private IllegalStateException wrongThread() {
        return new IllegalStateException(
                owner == null
                        ? "the ring is not enabled"
                        : "the ring belongs to " + owner + ", not to " + Thread.currentThread());
    }

    /**
     * Closes the ring and frees its memory. The caller makes sure that no operation is in flight;
     * when that is not certain, use {@link #abandon}. Closing again does nothing. Where the owner
     * has ended, any thread may close.
     */
    @Override
    public void close() {
        if (draining && Thread.currentThread() == owner) {
            throw new IllegalStateException("the ring is being drained");
        }
        if (release()) {
            arena.close();
        }
    }

    /**
     * Closes the descriptor but leaks the memory, because the kernel may still write into it: for a
     * ring whose operations did not end in time.
     */
    public void abandon() {
        release();
    }

    private boolean release() {
        if (closed) {
            return false;
        }
        Thread current = Thread.currentThread();
        if (owner != null && current != owner && owner.isAlive()) {
            throw wrongThread();
        }
        closed = true;
        sq.detach();
        if (current == owner && (enterFlags & Abi.ENTER_REGISTERED_RING) != 0) {
            unregisterRingFd(); // the thread's table would keep the ring alive
        }
        kernel.close(fd);
        return true;
    }

    private void unregisterRingFd() {
        try (Arena scratch = Arena.ofConfined()) {
            long update = scratch.allocate(Abi.RSRC_UPDATE_BYTES, Long.BYTES).address();
            NativeMemory.putInt(update + Abi.RSRC_UPDATE_OFFSET, enterFd);
            kernel.register(fd, Abi.UNREGISTER_RING_FDS, update, 1);
        }
    }

    @Override
    public String toString() {
        return "Ring[fd=" + fd + ", sq=" + sq.entries() + ", cq=" + cq.entries() + "]";
    }
}
