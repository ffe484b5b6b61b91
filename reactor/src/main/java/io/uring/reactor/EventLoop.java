package io.uring.reactor;

import io.uring.ring.Ring;
import io.uring.ring.RingException;
import io.uring.ring.internal.ThreadCalls;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A reactor with a thread of its own, named {@code uring-loop-N}.
 *
 * <pre>{@code
 * try (EventLoop loop = EventLoop.start(ReactorConfig.defaults())) {
 *     loop.execute(() -> loop.reactor().submit(operation));
 * }
 * }</pre>
 */
public final class EventLoop implements Executor, AutoCloseable {
    /** The {@link #cpu} of a loop that runs where the scheduler puts it. */
    public static final int ANY_CPU = -1;

    /** A second in a row without one turn: nothing gets on any more, and everybody is told. */
    private static final int MAX_TURNS_WITHOUT_MEMORY = 1_000;

    private static final long WITHOUT_MEMORY_NANOS = 1_000_000;

    private static final AtomicInteger COUNT = new AtomicInteger();

    private final Reactor reactor;
    private final Thread thread;
    private final int cpu;
    private final CompletableFuture<Void> started = new CompletableFuture<>();
    private final CompletableFuture<Void> terminated = new CompletableFuture<>();
    private volatile boolean stopping;
    private volatile @Nullable Throwable failure;

    private EventLoop(ReactorConfig config, int cpu) {
        this.cpu = cpu;
        reactor = new Reactor(config);
        thread =
                Thread.ofPlatform()
                        .name("uring-loop-" + COUNT.getAndIncrement())
                        .unstarted(this::run);
    }

    /** A loop without a thread: the calling one turns the reactor by hand, and closes it. */
    EventLoop(Reactor turned) {
        cpu = ANY_CPU;
        reactor = turned;
        thread = Thread.currentThread();
    }

    /**
     * Makes the ring and starts the thread.
     *
     * @throws io.uring.ring.RingException when the ring cannot be made
     */
    public static EventLoop start(ReactorConfig config) {
        return start(config, ANY_CPU);
    }

    /**
     * Makes the ring and starts the thread, which stays on one processor.
     *
     * @param cpu the processor's number, from 0
     * @throws io.uring.ring.RingException when the ring cannot be made, or there is no such
     *     processor for this process
     */
    public static EventLoop startPinned(int cpu, ReactorConfig config) {
        java.util.Objects.checkIndex(cpu, ThreadCalls.MAX_CPUS);
        return start(config, cpu);
    }

    private static EventLoop start(ReactorConfig config, int cpu) {
        EventLoop loop = new EventLoop(config, cpu);
        try {
            loop.thread.start();
        } catch (OutOfMemoryError e) {
            loop.reactor.close(); // no thread could be made
            throw e;
        }
        try {
            loop.started.join();
        } catch (java.util.concurrent.CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
        return loop;
    }

    private void run() {
        try {
            pin();
            reactor.start();
            started.complete(null);
            turn();
        } catch (Throwable t) {
            failure = t;
            if (!started.completeExceptionally(t)) {
                Reactor.report("failed and closes: ", this, t);
            }
        } finally {
            try {
                reactor.close();
            } catch (Throwable t) {
                Reactor.report("did not close: ", this, t);
            } finally {
                terminated.complete(null); // whoever waits must not wait for ever
            }
        }
    }

    /** Turns that find no memory are repeated, for a time: connections that end give some back. */
    private void turn() {
        int without = 0;
        while (!stopping) {
            try {
                reactor.poll(Ring.FOREVER);
                without = 0;
            } catch (OutOfMemoryError e) {
                if (++without == MAX_TURNS_WITHOUT_MEMORY) {
                    throw e;
                }
                if (without == 1) {
                    Reactor.report("found no memory, and tries again: ", this, e);
                }
                LockSupport.parkNanos(WITHOUT_MEMORY_NANOS);
            }
        }
    }

    /** Before the ring is enabled, so that the kernel's own memory of it is near, too. */
    private void pin() {
        int result = cpu == ANY_CPU ? 0 : ThreadCalls.pin(cpu);
        if (result < 0) {
            throw new RingException(
                    "sched_setaffinity to processor " + cpu,
                    -result,
                    "The machine has no such processor, or the container's cpuset leaves it out.");
        }
    }

    /** The processor this loop stays on, or {@link #ANY_CPU}. */
    public int cpu() {
        return cpu;
    }

    /** Runs {@code task} on the loop; from any thread. */
    @Override
    public void execute(Runnable task) {
        reactor.execute(task);
    }

    /** What the loop runs; its methods belong to the loop's thread. */
    public Reactor reactor() {
        return reactor;
    }

    /** What the loop has done; from any thread. */
    public LoopCounters counters() {
        return reactor.counters();
    }

    public boolean inLoop() {
        return Thread.currentThread() == thread;
    }

    /**
     * Why the loop ended by itself, or null. Its connections were told the same as their cause;
     * other loops are not concerned.
     */
    public @Nullable Throwable failure() {
        return failure;
    }

    /** Whether it takes tasks: it has neither failed nor been shut down. */
    public boolean isRunning() {
        return !stopping && failure == null;
    }

    /** Completes when the thread has ended. */
    public CompletableFuture<Void> terminated() {
        return terminated.copy();
    }

    /** Starts closing: all sockets and listeners of the loop end. Returns at once. */
    public void shutdown() {
        stopping = true;
        reactor.wakeup(); // also when it is just about to sleep
    }

    /**
     * Asks all sockets and listeners of the loop to {@linkplain io.uring.reactor.Resource#stop end
     * soon} and goes on; {@link EventLoopGroup#stop} closes afterwards. From any thread.
     *
     * @param graceNanos how long they have
     * @return how many were left when the time was over, or 0 as soon as none is
     */
    CompletableFuture<Integer> drain(long graceNanos) {
        CompletableFuture<Integer> left = new CompletableFuture<>();
        try {
            execute(() -> reactor.stop(graceNanos, left::complete));
        } catch (java.util.concurrent.RejectedExecutionException e) {
            return CompletableFuture.completedFuture(0); // its end has ended them
        }
        var _ = terminated.thenRun(() -> left.complete(0));
        return left;
    }

    /** Closes, and waits for the thread to end unless called on it. */
    @Override
    public void close() {
        shutdown();
        if (!inLoop()) {
            terminated.join();
        }
    }

    @Override
    public String toString() {
        return thread.getName();
    }
}
