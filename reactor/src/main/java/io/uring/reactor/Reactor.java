package io.uring.reactor;

import io.uring.ring.Availability;
import io.uring.ring.CompletionHandler;
import io.uring.ring.Cqe;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.OperationLimitException;
import io.uring.ring.Ring;
import io.uring.ring.RingException;
import io.uring.ring.internal.CurrentKernel;
import io.uring.ring.internal.Kernel;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
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
    private final RingSize size;
    private final Submissions submissions;
    private final TimerQueue timers = new TimerQueue();
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final Wakeup wakeup;
    private final IdleWait idleWait;
    private final LoopCounters counters = new LoopCounters();
    private final CompletionHandler dispatch = this::dispatch;
    private final Resources resources = new Resources(this);
    private final EndOfTurn endOfTurn = new EndOfTurn(this);
    private @Nullable BufferGroup buffers;
    private @Nullable DatagramBuffers datagrams;
    private @Nullable LoopEvents events;

    /** Whether the flight recorder wants to know how long callbacks take. */
    private boolean timing;

    private volatile @Nullable Thread thread;
    private volatile boolean closed;
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
        this.ring = RingSize.open(config);
        try {
            Availability.requireSockets(ring.capabilities());
            this.size = new RingSize(ring, config);
            this.submissions = new Submissions(ring, size, config, counters, tasks);
            this.wakeup = new Wakeup(ring);
            this.idleWait = new IdleWait(ring, kernel, wakeup, config.idle(), counters);
        } catch (RuntimeException e) {
            ring.close();
            throw e;
        }
    }

    /** Makes the calling platform thread the loop's thread. */
    public void start() {
        ring.enable();
        thread = Thread.currentThread();
        buffers = BufferGroup.forStreams(this, ring, config);
        wakeup.start(this);
        if (FlightRecording.isOn()) {
            record();
        }
    }

    /** Tells the flight recorder, once there is a recording. */
    private void record() {
        LoopEvents told = events;
        if (told == null) {
            told = new LoopEvents(this, ring, counters);
            told.started();
            events = told;
        }
        told.turned();
        timing = LoopEvents.timesCallbacks();
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
            size.adjust(submissions.inFlight());
            result = enter(longestWait(timeoutNanos));
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
        if (FlightRecording.isOn()) {
            record();
        }
        checkProgress(result, completions);
        runTimers();
        runTasks();
        if (resources.isRetrying()) {
            resources.retryEnds();
        }
        return completions;
    }

    /** All that must be in the submission queue before the kernel is called. */
    private void prepare() {
        endOfTurn.run();
        BufferGroup group = buffers();
        group.takeBackReturned();
        group.publish();
        if (datagrams != null) {
            datagrams.publish();
        }
        submissions.goOn();
    }

    private long longestWait(long timeoutNanos) {
        long longest =
                resources.isRetrying()
                        ? Math.min(timeoutNanos, Resources.RETRY_NANOS)
                        : timeoutNanos;
        // By the clock: since this turn's completions were read, callbacks may have taken long.
        return timers.isEmpty() ? longest : Math.min(longest, timers.untilFirst(kernel.nanoTime()));
    }

    private int enter(long timeoutNanos) {
        boolean idle = tasks.isEmpty() && endOfTurn.isEmpty() && !submissions.canGo();
        if (timeoutNanos > 0 && idle) {
            return idleWait.await(timeoutNanos);
        }
        boolean needed = ring.pendingSqes() > 0 || ring.needsEnter();
        return needed ? counters.entered(ring.submitAndWait(0, 0)) : 0;
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
        Operation operation = submissions.find(userData);
        if (operation == null) {
            staleCompletions++;
            return;
        }
        if ((flags & Cqe.F_MORE) == 0) {
            submissions.ended(operation);
        }
        boolean restart = result >= RESTART_FIRST && result <= RESTART_LAST;
        complete(operation, restart ? -Errno.ECANCELED : result, flags);
    }

    private void complete(Operation operation, int result, int flags) {
        if (FlightRecording.AVAILABLE && timing) {
            LoopEvents.SlowCallback timed = LoopEvents.begin();
            timing = false; // what is called from inside is a part of it
            complete(operation, result, flags);
            timing = true;
            timed.end(operation);
            return;
        }
        try {
            operation.complete(result, flags);
        } catch (Throwable t) {
            failed(operation, t);
            try {
                operation.completionFailed(t);
            } catch (Throwable again) {
                failed(operation, again);
            }
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
    void run(Runnable task) {
        if (FlightRecording.AVAILABLE && timing) {
            LoopEvents.SlowCallback timed = LoopEvents.begin();
            timing = false;
            run(task);
            timing = true;
            timed.end(task);
            return;
        }
        try {
            task.run();
        } catch (Throwable t) {
            failed(task, t);
        }
    }

    /** A callback's failure is reported; one of memory may have left something half done. */
    void failed(Object callback, Throwable failure) {
        boolean outOfMemory = failure instanceof OutOfMemoryError;
        if (!outOfMemory || !resources.isRetrying()) { // those that follow are no news
            report(callback, failure);
        }
        if (outOfMemory) {
            resources.outOfMemory();
        }
    }

    /** Logs the failure of a callback. Never throws, whatever state logging is in. */
    public static void report(Object callback, Throwable failure) {
        report("a callback on the loop failed: ", callback, failure);
    }

    static void report(String what, Object subject, Throwable failure) {
        try {
            LOG.log(System.Logger.Level.ERROR, what + subject, failure);
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
        if (failure == null) { // or its resource is told by lost()
            submissions.submit(operation);
        }
    }

    /**
     * Submits what has been prepared in this turn before its end, for one more system call: for
     * what must leave even if a callback then takes long.
     *
     * @throws RingException when the ring is unusable
     */
    public void submitNow() {
        checkLoop();
        if (failure == null && ring.pendingSqes() > 0) {
            counters.entered(ring.submit());
        }
    }

    /** Asks the kernel to end every operation on a descriptor, with one SQE where it can (5.19). */
    public void cancelAll(Descriptor descriptor, Operation... operations) {
        checkLoop();
        if (failure == null) {
            submissions.cancelAll(descriptor, operations);
            return;
        }
        for (Operation operation : operations) {
            cancel(operation);
        }
    }

    /**
     * Asks the kernel to end an operation. It completes in any case, with ECANCELED or its result.
     */
    public void cancel(Operation operation) {
        checkLoop();
        if (failure == null || operation.queued) {
            submissions.cancel(operation);
        }
    }

    /**
     * Runs {@code task} once, at the end of this turn, before the kernel is called: the place to
     * make one operation out of all that was asked for in the turn.
     */
    public void beforeSubmit(Runnable task) {
        checkLoop();
        endOfTurn.add(task);
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

    /** Whether {@link #close} has closed the ring; on the loop. */
    boolean isFinished() {
        return finished;
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

    /** The loop's memory for datagrams, from the first use on. */
    public DatagramBuffers datagrams() {
        DatagramBuffers memory = datagrams;
        if (memory == null) {
            checkLoop();
            memory = new DatagramBuffers(this, ring, config);
            datagrams = memory;
        }
        return memory;
    }

    public Ring ring() {
        return ring;
    }

    /** Closing the loop shuts {@code resource} down and waits for its {@link #detach}. */
    public void attach(Resource resource) {
        checkLoop();
        resources.attach(resource);
    }

    public void detach(Resource resource) {
        checkLoop();
        resources.detach(resource);
    }

    /** A copy of what is attached. */
    public List<Resource> resources() {
        checkLoop();
        return resources.all();
    }

    /** Sockets, listeners and what else is attached; from any thread, a moment old. */
    public int resourceCount() {
        return resources.count();
    }

    /**
     * Asks all resources to {@linkplain Resource#stop end soon}, and those that are attached later
     * too. The reactor goes on.
     *
     * @param graceNanos how long they have
     * @param done told on the loop, once, when none is left or the time is over: how many are left.
     *     That of a loop which closes meanwhile is not told.
     */
    public void stop(long graceNanos, IntConsumer done) {
        checkLoop();
        Timer[] deadline = new Timer[1];
        Runnable empty =
                () -> {
                    cancel(deadline[0]);
                    done.accept(0);
                };
        deadline[0] =
                new Timer(() -> {
                    resources.forget(empty);
                    done.accept(resources.count());
                });
        schedule(deadline[0], graceNanos);
        resources.stop(empty);
    }

    /** Operations the kernel has, or that wait for it. */
    public int pendingOperations() {
        return submissions.pending();
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
        timing = false;
        LoopEvents told = events;
        if (FlightRecording.AVAILABLE && told != null) {
            told.ended(failure);
        }
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
        resources.shutdown();
        drain(resources::isEmpty);
        wakeup.stop(this);
        submissions.cancelEverything();
        drain(() -> pendingOperations() == 0);
    }

    /** Tasks first: they may have descriptors in hand, which their resources then give back. */
    private void loseResources(RingException cause) {
        while (!tasks.isEmpty() || !resources.isEmpty()) {
            runTasks();
            resources.lose(cause);
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
