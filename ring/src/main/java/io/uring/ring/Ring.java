package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.CurrentKernel;
import io.uring.ring.internal.Kernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One io_uring: two queues shared with the kernel, and the call that moves both. No thread, no
 * policy, no allocation after it is open.
 *
 * <p>A ring is owned by the platform thread that calls {@link #enable}; all other methods belong to
 * that thread, except {@link #message}. Several threads share one through a {@link ConcurrentRing}.
 *
 * <p>Memory that an operation names is kept reachable until its last completion, which is found by
 * its user data: operations that name memory have user data of their own, shared at most with
 * others that name memory. Memory of an arena that is closed while operations use it is gone all
 * the same: use {@link #newArena}, whose close refuses that, or arenas that are not closed.
 *
 * <pre>{@code
 * try (Ring ring = Ring.open(RingConfig.ofEntries(64, 256))) {
 *     ring.enable();
 *     ControlOps.nop(ring.sqe()).userData(42);
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

    private final Kernel kernel;
    private final RingConfig config;

    /** Owns everything the kernel may touch: the mappings, the buffers and the small structures. */
    private final Arena arena = Arena.ofShared();

    private final LastingMemory lasting;
    private final RingHandle handle;
    private final EnterCall call;
    private final RingQueues queues;
    private final Capabilities capabilities;
    private final KernelSupport support;
    private final Thread creator = Thread.currentThread();
    private final boolean extArg;
    private final boolean sqPoll;
    private final boolean enterBringsCompletions;

    private @Nullable Thread owner;
    private boolean closed;
    private boolean draining;

    private Ring(Kernel kernel, RingConfig config) {
        this.kernel = kernel;
        this.config = config;
        this.lasting = new LastingMemory(kernel);
        RingSetup setup;
        try {
            setup = new RingSetup(kernel, config, arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
        handle = new RingHandle(kernel, config, setup.fd);
        Set<Feature> features;
        try {
            RingProbe probe = new RingProbe(kernel, handle::register, setup, config, arena);
            features = probe.features();
            support = probe.support();
            capabilities =
                    new Capabilities(
                            features, probe.opcodes(), probe.setupFlags(), setup.params.features());
            queues = new RingQueues(kernel, handle, config, setup, features, support);
            int enterFlags = features.contains(Feature.NO_IOWAIT) ? Abi.ENTER_NO_IOWAIT : 0;
            call = new EnterCall(kernel, arena, setup.fd, enterFlags);
        } catch (RuntimeException | Error e) {
            handle.close();
            arena.close();
            throw e;
        }
        extArg = features.contains(Feature.EXT_ARG);
        sqPoll = config.has(Abi.SETUP_SQPOLL);
        boolean posted = sqPoll || features.contains(Feature.TASKRUN_FLAG);
        enterBringsCompletions = config.has(Abi.SETUP_IOPOLL) || !posted;
        if (!handle.hasDescriptor()) {
            call.useRegistered(setup.fd);
        }
    }

    /**
     * Makes a ring. It cannot be used before {@link #enable}.
     *
     * @throws UnavailableException when this process may not or cannot use io_uring
     * @throws RingException when the kernel has no memory or descriptors for it
     */
    public static Ring open(RingConfig config) {
        Availability.ensureSystemCalls();
        return open(config, CurrentKernel.get());
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
        Thread current = Thread.currentThread();
        if (current.isVirtual()) {
            throw new IllegalStateException(
                    "a ring belongs to a platform thread, not to a virtual one");
        }
        if (owner != null) {
            throw new IllegalStateException("the ring belongs to " + owner);
        }
        if (!handle.hasDescriptor() && current != creator) {
            throw new IllegalStateException(
                    "a ring without a descriptor belongs to the thread that made it, " + creator);
        }
        checkOpen();
        if (capabilities.has(Feature.R_DISABLED)) {
            register("ENABLE_RINGS", Abi.REGISTER_ENABLE_RINGS, 0, 0);
        }
        owner = current;
        if (handle.hasDescriptor() && capabilities.has(Feature.RING_FDS)) {
            handle.addToTable(call);
        }
    }

    /**
     * The next submission queue entry, cleared, or null when the queue is full: then {@link
     * #submit}. The object is the same each time.
     *
     * @throws OperationLimitException when as many operations are in flight as the completion queue
     *     holds, on a kernel that would drop more
     */
    public @Nullable Sqe nextSqe() {
        checkOwner();
        return queues.next();
    }

    /**
     * The next submission queue entry, cleared; when the queue is full, what is in it is submitted
     * first. A chain that must not be torn looks at {@link #pendingSqes} before.
     *
     * @throws RingException when the kernel takes nothing: EAGAIN or EBUSY, drain completions
     * @throws OperationLimitException as {@link #nextSqe}
     */
    public Sqe sqe() {
        Sqe next = nextSqe();
        if (next == null) {
            int taken = sqPoll ? waitForSpace() : submit();
            next = nextSqe();
            if (next == null) {
                throw new RingException(
                        "io_uring_enter on ring " + handle.number(),
                        taken < 0 ? -taken : Errno.EAGAIN,
                        "The submission queue stays full: drain completions, then try again.");
            }
        }
        return next;
    }

    /** For {@link RingShutdown}, which makes room. */
    @Nullable Sqe nextSqeBeyondLimit() {
        return queues.nextBeyondLimit();
    }

    /**
     * Submits what was prepared, without waiting. With SQPOLL that is a system call only when the
     * kernel thread sleeps.
     *
     * @return the number of entries the kernel took (with SQPOLL: that it will take), or {@code
     *     -errno} of a passing kind: EAGAIN and EBUSY (drain, then try again), EINTR
     * @throws RingException when the ring is unusable
     */
    public int submit() {
        checkOwner();
        int toSubmit = queues.publish();
        if (!sqPoll) {
            return call.enter(toSubmit, 0, 0);
        }
        int wakeup = queues.wakeup();
        return wakeup == 0 ? toSubmit : call.enter(toSubmit, 0, wakeup);
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
        checkMinComplete(minComplete);
        if (minComplete > 0 && timeoutNanos != FOREVER) {
            return waitWithTimeout(minComplete, Math.max(timeoutNanos, 0));
        }
        int toSubmit = queues.publish();
        return call.enter(toSubmit, minComplete, Abi.ENTER_GETEVENTS | queues.wakeup());
    }

    private int waitWithTimeout(int minComplete, long timeoutNanos) {
        if (extArg) {
            int toSubmit = queues.publish();
            return call.enterFor(toSubmit, minComplete, queues.wakeup(), timeoutNanos);
        }
        // Before 5.11 the deadline is an operation, which ends with the first other completion.
        Sqe deadline = queues.nextBeyondLimit();
        if (deadline == null) {
            return call.enter(queues.publish(), 0, Abi.ENTER_GETEVENTS | queues.wakeup());
        }
        TimeoutOps.timeout(deadline, call.timespec(timeoutNanos), minComplete)
                .userData(NO_USER_DATA);
        return call.enter(queues.publish(), minComplete, Abi.ENTER_GETEVENTS | queues.wakeup());
    }

    /**
     * Submits and waits as {@code wait} says.
     *
     * @return as {@link #submitAndWait(int, long)}
     * @throws UnavailableException when the kernel lacks what {@code wait} asks for
     */
    public int submitAndWait(int minComplete, Wait wait) {
        checkOwner();
        checkMinComplete(minComplete);
        int flags = wait.enterFlags(support) | Abi.ENTER_GETEVENTS;
        int toSubmit = queues.publish();
        try {
            return call.enter(
                    toSubmit,
                    minComplete,
                    flags | queues.wakeup(),
                    wait.address(),
                    Abi.GETEVENTS_ARG_BYTES);
        } finally {
            Reference.reachabilityFence(wait); // the kernel reads it until the call returns
        }
    }

    /**
     * Submits and waits as a record of a registered region says: the kernel reads it without
     * copying. Kernel 6.13.
     *
     * @return as {@link #submitAndWait(int, long)}
     */
    public int submitAndWait(int minComplete, RegisteredWaits waits, int index) {
        checkOwner();
        checkMinComplete(minComplete);
        long offset = waits.offset(this, index);
        int flags = Abi.ENTER_GETEVENTS | Abi.ENTER_EXT_ARG | Abi.ENTER_EXT_ARG_REG;
        int toSubmit = queues.publish();
        return call.enter(
                toSubmit, minComplete, flags | queues.wakeup(), offset, Abi.REG_WAIT_BYTES);
    }

    /**
     * With SQPOLL: waits until the kernel thread has taken entries, so that {@link #nextSqe} has
     * room again. Kernel 5.10.
     *
     * @return 0 or more, or {@code -errno} of a passing kind
     */
    public int waitForSpace() {
        checkOwner();
        if (!sqPoll) {
            throw new IllegalStateException("only a ring with SQPOLL waits for space: submit()");
        }
        int toSubmit = queues.publish();
        return call.enter(toSubmit, 0, Abi.ENTER_SQ_WAIT | queues.wakeup());
    }

    private static void checkMinComplete(int minComplete) {
        if (minComplete < 0) {
            throw new IllegalArgumentException("minComplete " + minComplete);
        }
    }

    /**
     * Hands every completion in the queue to {@code handler}, which may prepare and submit
     * operations, but neither drain, resize nor close the ring. No system call.
     *
     * @return how many there were
     */
    public int drain(CompletionHandler handler) {
        return drain(handler, null, Integer.MAX_VALUE);
    }

    /** The same, for at most {@code limit} completions; the others stay in the queue. */
    public int drain(CompletionHandler handler, int limit) {
        return drain(handler, null, limit);
    }

    /** The same, with the 16 bytes that larger entries carry. */
    public int drain(ExtendedCompletionHandler handler) {
        return drain(null, handler, Integer.MAX_VALUE);
    }

    private int drain(
            @Nullable CompletionHandler handler,
            @Nullable ExtendedCompletionHandler extended,
            int limit) {
        checkOwner();
        checkNotDraining();
        draining = true;
        try {
            return queues.drain(handler, extended, limit);
        } finally {
            draining = false;
        }
    }

    private void checkNotDraining() {
        if (draining) {
            throw new IllegalStateException("the ring is being drained");
        }
    }

    /**
     * Whether the kernel has, or without TASKRUN_FLAG may have, completions that only GETEVENTS
     * brings.
     */
    public boolean needsEnter() {
        checkOwner();
        int pending = queues.sq().flags() & (Abi.SQ_CQ_OVERFLOW | Abi.SQ_TASKRUN);
        return enterBringsCompletions || pending != 0;
    }

    /** Entries prepared and not yet taken by the kernel. */
    public int pendingSqes() {
        checkOwner();
        return queues.sq().pending();
    }

    /** Completions in the queue; where entries are mixed, the places they take. */
    public int readyCqes() {
        checkOwner();
        return queues.cq().ready();
    }

    public int sqEntries() {
        return queues.sq().entries();
    }

    public int cqEntries() {
        return queues.cq().entries();
    }

    /** How often the completion queue began to overflow; nothing is lost where NODROP is there. */
    public long overflows() {
        return queues.overflows();
    }

    /** Completions lost because the queue was full (without NODROP) or memory ran out. */
    public int lostCompletions() {
        checkOwner();
        return queues.cq().overflow();
    }

    /**
     * Makes the queues larger or smaller; what is in them is carried over. Needs DEFER_TASKRUN and
     * NO_SQARRAY, and queues that the kernel allocated. Kernel 6.13.
     *
     * @return false when the kernel has no memory for it: the ring stays as it was
     * @throws IllegalStateException when the ring is of another kind or being drained
     * @throws RingException EOVERFLOW when what is in the queues does not fit: the ring stays as it
     *     was; when the new queues cannot be mapped, the ring is unusable
     */
    public boolean resize(int sqEntries, int cqEntries) {
        checkOwner();
        checkNotDraining();
        return queues.resize(this, sqEntries, cqEntries);
    }

    /**
     * Mutes a registered eventfd, or lets it speak again; what completed meanwhile is not told.
     * Kernel 5.8.
     */
    public void muteEventFd(boolean muted) {
        checkOwner();
        queues.cq().muteEventFd(muted);
    }

    public Capabilities capabilities() {
        return capabilities;
    }

    KernelSupport support() {
        return support;
    }

    RingConfig config() {
        return config;
    }

    /** The ring's file descriptor; an {@link IllegalStateException} when it was made without. */
    public int fd() {
        return handle.descriptor();
    }

    /**
     * A waker for this ring, usable from any thread: each call of {@link RingMessage#send} puts a
     * completion with {@code userData} into the queue and ends the owner's wait. Needs {@link
     * Feature#SEND_MSG_RING}.
     */
    public RingMessage message(long userData, int result) {
        checkOpen();
        return new RingMessage(kernel, arena, fd(), userData, result);
    }

    /** Zeroed memory for the kernel, aligned to pages, that lives as long as the ring. */
    public MemorySegment allocate(long bytes) {
        checkOpen();
        return RingMapping.map(kernel, arena, bytes, -1, 0);
    }

    /**
     * The same, but it lives on when the ring is closed, for as long as anything refers to it: for
     * what is received, which others may still read.
     */
    public MemorySegment allocateLasting(long bytes) {
        checkOpen();
        return lasting.allocate(bytes);
    }

    /**
     * An arena for memory that this ring's operations use. Closing it throws while an operation in
     * flight names its memory. Belongs to the ring's owner, who closes it before or after the ring.
     */
    public Arena newArena() {
        checkOpen();
        return new OperationArena(this);
    }

    /** Whether an operation in flight names memory of an arena. */
    boolean isInFlight(MemorySegment.Scope scope) {
        queues.holdWhatIsNamed();
        return queues.inFlight().references(scope);
    }

    /** Memory of the ring's descriptor that belongs to the ring. */
    MemorySegment mapOwn(long bytes, long offset) {
        return RingMapping.map(kernel, arena, bytes, fd(), offset);
    }

    boolean isEnabled() {
        return owner != null;
    }

    /** A header for gathered sends that lives as long as the ring. */
    public MessageHeader newMessageHeader(int vectors) {
        return new MessageHeader(arena, vectors);
    }

    Kernel kernel() {
        return kernel;
    }

    /**
     * Makes a register call: before {@link #enable} from any thread, then for the ring's owner.
     *
     * @param name what is registered, for the message of a failure
     * @return what the kernel returned, not negative
     * @throws RingException when the kernel refuses
     */
    int register(String name, int opcode, long argument, int count) {
        int result = tryRegister(opcode, argument, count);
        if (result < 0) {
            throw new RingException(
                    "io_uring_register(" + name + ") on ring " + handle.number(), -result);
        }
        return result;
    }

    /** The same, for callers to whom {@code -errno} is an answer. */
    int tryRegister(int opcode, long argument, int count) {
        if (owner == null) {
            checkOpen(); // restrictions and the like come before enable
        } else {
            checkOwner();
        }
        return handle.register(opcode, argument, count);
    }

    void checkOwner() {
        if (Thread.currentThread() != owner) {
            throw wrongThread();
        }
        checkOpen();
    }

    boolean isClosed() {
        return closed;
    }

    /** Keeps what the kernel uses for as long as the ring is open. */
    void keep(Object used) {
        queues.inFlight().keepUntilClose(used);
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

    /** For {@link ConcurrentRing}: whoever holds its lock is the owner. */
    void passTo(@Nullable Thread thread) {
        owner = thread;
    }

    /**
     * Closes the ring and frees its memory. Operations in flight that name memory are cancelled and
     * waited for; when they do not end within a second, the memory is leaked, since the kernel may
     * still write into it. Closing again does nothing. Where the owner has ended, any thread may
     * close.
     */
    @Override
    public void close() {
        if (draining && Thread.currentThread() == owner) {
            throw new IllegalStateException("the ring is being drained");
        }
        if (closed) {
            return;
        }
        boolean settled = settle();
        if (release()) {
            if (settled) {
                queues.close();
                arena.close();
            } else {
                Leaks.keep(this, queues);
            }
        }
    }

    /** Cancels what is in flight and names memory, and waits until it has ended. */
    private boolean settle() {
        boolean mayCancel = Thread.currentThread() == owner;
        return mayCancel ? queues.settle(this) : queues.inFlight().isEmpty();
    }

    /**
     * Closes the descriptor but leaks the memory, because the kernel may still write into it: for a
     * ring whose operations did not end in time.
     */
    public void abandon() {
        if (release()) {
            Leaks.keep(this, queues);
        }
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
        queues.detach();
        if (current == owner && handle.hasDescriptor() && call.usesRegistered()) {
            handle.removeFromTable(call.fd());
        }
        handle.close();
        return true;
    }

    @Override
    public String toString() {
        return "Ring[fd=" + handle.number() + ", sq=" + sqEntries() + ", cq=" + cqEntries() + "]";
    }
}
