package io.uring.reactor;

import io.uring.ring.Availability;
import io.uring.ring.CompletionHandler;
import io.uring.ring.Cqe;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.OperationLimitException;
import io.uring.ring.Ring;
import io.uring.ring.RingException;
import io.uring.ring.Sqe;
import io.uring.ring.internal.CurrentKernel;
import io.uring.ring.internal.Kernel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Turns completions into callbacks. It has no thread: whoever owns one calls {@link #poll} in a
 * loop, and each call is a turn with one {@code io_uring_enter}, which submits all that was
 * prepared and waits until the earliest deadline.
 *
 * <p>All methods belong to the thread that called {@link #start}, except {@link #execute}, {@link
 * #wakeup}, {@link #resourceCount} and {@link #inLoop}.
 *
 * <pre>{@code
 * Reactor reactor = new Reactor(ReactorConfig.defaults());
 * reactor.start();
 * reactor.submit(operation);
 * while (running) {
 *     reactor.poll(Ring.FOREVER);
 * }
 * reactor.close();
 * }</pre>
 */
public final class Reactor implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Reactor.class.getName());

    /** Tasks run in one turn, so that a flood of them cannot keep completions waiting. */
    private static final int TASKS_PER_TURN = 1024;

    /** Turns without any progress that are taken for a passing lack of kernel memory. */
    private static final int MAX_STALLED_TURNS = 10_000;

    private static final long STALL_NANOS = 100_000;

    /**
     * Restart codes of the kernel that leak out of operations cancelled in a worker: -512 to -516.
     */
    private static final int RESTART_FIRST = -516;

    private static final int RESTART_LAST = -512;

    private final ReactorConfig config;

    /** For its clock. */
    private final Kernel kernel;

    private final Ring ring;
    private final int operationLimit;
    private final OperationTable table = new OperationTable();
    private final ArrayDeque<Operation> backlog = new ArrayDeque<>();
    private final TimerQueue timers = new TimerQueue();
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final Wakeup wakeup;
    private final IdleWait idleWait;
    private final LoopCounters counters = new LoopCounters();
    private final CompletionHandler dispatch = this::dispatch;

    /** In the order they came, so that closing is the same each time. */
    private final Set<Resource> resources = new LinkedHashSet<>();

    private volatile int resourceCount;
    private ArrayList<Runnable> beforeSubmit = new ArrayList<>();
    private ArrayList<Runnable> running = new ArrayList<>();
    private @Nullable BufferGroup buffers;
    private volatile @Nullable Thread thread;
    private volatile boolean closed;
    private boolean closing;
    private boolean finished;

    /** Why the ring is unusable, once it is. */
    private @Nullable RingException failure;

    private long now;
    private long staleCompletions;
    private int stalledTurns;

    /**
     * Makes the ring, which {@link #start} enables.
     *
     * @throws io.uring.ring.UnavailableException when io_uring cannot be used here
     * @throws RingException when there is no memory or descriptor for another ring
     */
    public Reactor(ReactorConfig config) {
        this.config = config;
        this.kernel = CurrentKernel.get();
        this.now = kernel.nanoTime();
        this.ring = Ring.open(config.ring());
        try {
            Availability.requireSockets(ring.capabilities());
            this.wakeup = new Wakeup(ring);
            this.idleWait = new IdleWait(ring, kernel, wakeup, config.idle(), counters);
        } catch (RuntimeException e) {
            ring.close();
            throw e;
        }
        // Without NODROP a completion that finds the queue full is lost, so there must be room for
        // all.
        boolean noDrop = ring.capabilities().has(Feature.NODROP);
        this.operationLimit =
                noDrop
                        ? config.maxOperations()
                        : Math.min(config.maxOperations(), ring.cqEntries());
    }

    /** Makes the calling platform thread the loop's thread. */
    public void start() {
        ring.enable();
        thread = Thread.currentThread();
        buffers = new BufferGroup(this, ring, config);
        wakeup.start(this);
    }

    /**
     * One turn: submits, waits, completes, runs timers and tasks.
     *
     * @param timeoutNanos the longest wait, 0 for none, {@link Ring#FOREVER}
     * @return the number of completions
     * @throws RingException when the ring is unusable
     */
    public int poll(long timeoutNanos) {
        checkLoop();
        if (finished) {
            throw new IllegalStateException("the reactor is closed");
        }
        prepare();
        int result;
        try {
            result = enter(timers.isEmpty() ? timeoutNanos : untilTimer(timeoutNanos));
        } catch (RingException e) {
            failure = e;
            throw e;
        } finally {
            if (wakeup.awake()) {
                counters.woken();
            }
        }
        now = kernel.nanoTime();
        int completions = ring.drain(dispatch);
        counters.turned(completions, ring.overflows(), staleCompletions);
        checkProgress(result, completions);
        runTimers();
        runTasks();
        return completions;
    }

    /** All that must be in the submission queue before the kernel is called. */
    private void prepare() {
        while (!beforeSubmit.isEmpty()) {
            ArrayList<Runnable> due = beforeSubmit;
            beforeSubmit = running;
            running = due;
            for (int i = 0; i < due.size(); i++) {
                run(due.get(i));
            }
            due.clear();
        }
        BufferGroup group = buffers();
        group.takeBackReturned();
        group.publish();
        while (!backlog.isEmpty()) {
            Operation first = backlog.getFirst();
            first.queued = false;
            if (!beginLate(first)) {
                first.queued = true;
                return;
            }
            backlog.removeFirst();
        }
    }

    /** By the clock: since this turn's completions were read, callbacks may have taken long. */
    private long untilTimer(long timeoutNanos) {
        return Math.min(timeoutNanos, timers.untilFirst(kernel.nanoTime()));
    }

    private int enter(long timeoutNanos) {
        boolean idle = tasks.isEmpty() && beforeSubmit.isEmpty() && (backlog.isEmpty() || isFull());
        if (timeoutNanos > 0 && idle) {
            return idleWait.await(timeoutNanos);
        }
        boolean needed = ring.pendingSqes() > 0 || ring.needsEnter();
        return needed ? counters.entered(ring.submitAndWait(0, 0)) : 0;
    }

    /** Whether only a completion makes room for the first operation that waits. */
    private boolean isFull() {
        return table.size() >= operationLimit && !(backlog.getFirst() instanceof Cancel);
    }

    /**
     * EAGAIN and EBUSY mean that the kernel has no room now: completions were reaped, so try again.
     */
    private void checkProgress(int result, int completions) {
        if (completions > 0 || (result != -Errno.EAGAIN && result != -Errno.EBUSY)) {
            stalledTurns = 0;
            return;
        }
        if (++stalledTurns > MAX_STALLED_TURNS) {
            failure =
                    new RingException(
                            "io_uring_enter",
                            -result,
                            "The kernel took nothing for " + stalledTurns + " turns.");
            throw failure;
        }
        LockSupport.parkNanos(STALL_NANOS);
    }

    private void dispatch(long userData, int result, int flags) {
        if (userData == Ring.NO_USER_DATA) {
            return; // a wake-up
        }
        Operation operation = table.find(userData);
        if (operation == null) {
            staleCompletions++;
            return;
        }
        if ((flags & Cqe.F_MORE) == 0) {
            table.remove(userData);
            operation.userData = 0;
        }
        boolean restart = result >= RESTART_FIRST && result <= RESTART_LAST;
        try {
            operation.complete(restart ? -Errno.ECANCELED : result, flags);
        } catch (Throwable t) {
            report(operation, t);
        }
    }

    private void runTimers() {
        for (Timer due = timers.pollDue(now); due != null; due = timers.pollDue(now)) {
            run(due.task);
        }
    }

    private void runTasks() {
        for (int i = 0; i < TASKS_PER_TURN; i++) {
            Runnable task = tasks.poll();
            if (task == null) {
                return;
            }
            run(task);
        }
    }

    /** One callback's failure is not the loop's. */
    private void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable t) {
            report(task, t);
        }
    }

    /** Logs the failure of a callback. Never throws, whatever state logging is in. */
    public static void report(Object callback, Throwable failure) {
        try {
            LOG.log(
                    System.Logger.Level.ERROR,
                    "a callback on the loop failed: " + callback,
                    failure);
        } catch (Throwable t) {
            // Without descriptors or memory logging fails as well; the loop must go on.
        }
    }

    /**
     * Gives an operation to the kernel with the next turn. Without room in the queues it waits, in
     * order, and goes as soon as there is room.
     *
     * @throws IllegalStateException when it is pending
     * @throws OperationLimitException when too many operations wait
     */
    public void submit(Operation operation) {
        checkLoop();
        if (operation.isPending()) {
            throw new IllegalStateException("the operation is pending: " + operation);
        }
        if (failure != null) {
            return; // its resource is told by lost()
        }
        // A cancel overtakes those that wait: it may be what they wait for.
        boolean cancel = operation instanceof Cancel;
        if ((cancel || backlog.isEmpty()) && begin(operation)) {
            return;
        }
        if (backlog.size() >= config.maxOperations() && !cancel) {
            throw new OperationLimitException(
                    config.maxOperations(), "raise ReactorConfig.maxOperations or use more loops");
        }
        operation.queued = true;
        if (cancel) {
            backlog.addFirst(operation);
        } else {
            backlog.addLast(operation);
        }
    }

    /** Whoever submitted it is gone from the stack, so a preparation that fails is a completion. */
    private boolean beginLate(Operation operation) {
        try {
            return begin(operation);
        } catch (RuntimeException | Error e) {
            report(operation, e);
            tasks.add(() -> operation.complete(-Errno.EINVAL, 0));
            return true;
        }
    }

    private boolean begin(Operation operation) {
        // Cancelling must go on at the limit, or nothing would ever end.
        if (table.size() >= operationLimit && !(operation instanceof Cancel)) {
            return false;
        }
        Sqe sqe = ring.nextSqe();
        if (sqe == null) {
            counters.entered(ring.submit());
            sqe = ring.nextSqe();
        }
        if (sqe == null) {
            return false;
        }
        try {
            operation.prepare(sqe);
        } catch (RuntimeException | Error e) {
            sqe.clear(); // the entry cannot be taken back, but it can do nothing
            throw e;
        }
        operation.userData = table.add(operation);
        sqe.userData(operation.userData);
        return true;
    }

    /** Asks the kernel to end every operation on a descriptor, with one SQE where it can (5.19). */
    public void cancelAll(Descriptor descriptor, Operation... operations) {
        checkLoop();
        if (ring.capabilities().has(Feature.CANCEL_FD)) {
            submit(Cancel.all(descriptor));
        }
        for (Operation operation : operations) {
            if (operation.queued || !ring.capabilities().has(Feature.CANCEL_FD)) {
                cancel(operation);
            }
        }
    }

    /**
     * Asks the kernel to end an operation. It completes in any case, with ECANCELED or its result.
     */
    public void cancel(Operation operation) {
        checkLoop();
        if (operation.queued) {
            if (backlog.remove(operation)) { // or it was cancelled already
                tasks.add(() -> {
                    operation.queued = false;
                    operation.complete(-Errno.ECANCELED, 0);
                });
            }
        } else if (operation.userData != 0) {
            submit(Cancel.of(operation.userData));
        }
    }

    /**
     * Runs {@code task} once, at the end of this turn, before the kernel is called: the place to
     * make one operation out of all that was asked for in the turn.
     */
    public void beforeSubmit(Runnable task) {
        checkLoop();
        beforeSubmit.add(task);
    }

    /** Runs {@code task} on the loop, in a later step; from any thread. */
    public void execute(Runnable task) {
        boolean outside = !inLoop();
        if (closed && (outside || finished)) {
            throw rejected();
        }
        tasks.add(task);
        if (outside) {
            wakeup.wake();
            // The loop may have closed since we looked: then nobody runs the task any more.
            if (closed && tasks.remove(task)) {
                throw rejected();
            }
        }
    }

    private static RejectedExecutionException rejected() {
        return new RejectedExecutionException("the loop is closed");
    }

    /** Ends the wait of the current or next {@link #poll}, if the loop sleeps; from any thread. */
    public void wakeup() {
        wakeup.wake();
    }

    public boolean inLoop() {
        return Thread.currentThread() == thread;
    }

    /** Runs a timer's task once, {@code delayNanos} from now; a timer that is scheduled moves. */
    public void schedule(Timer timer, long delayNanos) {
        checkLoop();
        // From the clock, not from the turn's start: a task may have taken long.
        timers.schedule(timer, kernel.nanoTime() + Math.min(delayNanos, Long.MAX_VALUE >> 1));
    }

    public void cancel(Timer timer) {
        checkLoop();
        timers.remove(timer);
    }

    /** Whether the ring has become unusable: what is submitted from then on is dropped. */
    public boolean hasFailed() {
        return failure != null;
    }

    /** {@link System#nanoTime} when this turn's completions were read. */
    public long now() {
        return now;
    }

    /** The loop's receive memory. */
    public BufferGroup buffers() {
        BufferGroup group = buffers;
        if (group == null) {
            throw new IllegalStateException("the reactor was not started");
        }
        return group;
    }

    public Ring ring() {
        return ring;
    }

    /** Closing the loop shuts {@code resource} down and waits for its {@link #detach}. */
    public void attach(Resource resource) {
        checkLoop();
        resources.add(resource);
        resourceCount = resources.size();
        if (closing) {
            execute(resource::shutdown); // it came too late to be shut down with the others
        }
    }

    public void detach(Resource resource) {
        checkLoop();
        resources.remove(resource);
        resourceCount = resources.size();
    }

    /** Sockets, listeners and what else is attached; from any thread, a moment old. */
    public int resourceCount() {
        return resourceCount;
    }

    /** Operations the kernel has, or that wait for it. */
    public int pendingOperations() {
        return table.size() + backlog.size();
    }

    /** What the loop has done; may be read by any thread. */
    public LoopCounters counters() {
        return counters;
    }

    private void checkLoop() {
        if (!inLoop()) {
            throw new IllegalStateException(
                    "the loop is " + thread + ", not " + Thread.currentThread() + ": use execute");
        }
    }

    /**
     * Shuts all resources down, waits for their operations, and closes the ring. What has not ended
     * after {@link ReactorConfig#drainNanos} is cancelled; memory that the kernel still holds after
     * that is leaked and logged, not freed.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        if (thread == null) {
            closed = true; // never started: nothing is pending
            finished = true;
            wakeup.close();
            ring.close();
            return;
        }
        checkLoop();
        closing = true;
        if (failure == null) {
            shutdownResources();
        }
        closed = true;
        if (failure == null && !tasks.isEmpty()) { // they came last, and may have begun something
            drain(() -> tasks.isEmpty() && resources.isEmpty() && pendingOperations() == 0);
        }
        RingException broken = failure;
        if (broken != null) {
            loseResources(broken);
        }
        finished = true;
        wakeup.close();
        if (pendingOperations() == 0) {
            ring.close();
        } else {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} operations did not end in time; their memory is not freed",
                    pendingOperations());
            ring.abandon();
        }
    }

    private void shutdownResources() {
        for (Resource resource : new ArrayList<>(resources)) {
            run(resource::shutdown);
        }
        drain(() -> resources.isEmpty());
        wakeup.stop(this);
        cancelEverything();
        drain(() -> pendingOperations() == 0);
    }

    /** Tasks first: they may have descriptors in hand, which their resources then give back. */
    private void loseResources(RingException cause) {
        while (!tasks.isEmpty() || !resources.isEmpty()) {
            runTasks();
            for (Resource resource : new ArrayList<>(resources)) {
                resources.remove(resource);
                run(() -> resource.lost(cause));
            }
        }
    }

    private void cancelEverything() {
        for (Operation waiting : new ArrayList<>(backlog)) {
            cancel(waiting);
        }
        if (table.size() == 0) {
            return;
        }
        if (ring.capabilities().has(Feature.CANCEL_FD)) {
            submit(Cancel.everything());
        } else {
            table.pending().forEach(this::cancel);
        }
    }

    private void drain(java.util.function.BooleanSupplier done) {
        long deadline = kernel.nanoTime() + config.drainNanos();
        while (!done.getAsBoolean() && failure == null) {
            long left = deadline - kernel.nanoTime();
            if (left <= 0) {
                return;
            }
            try {
                poll(left);
            } catch (RingException e) {
                report(this, e);
                return;
            }
        }
    }
}
