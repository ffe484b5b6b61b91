package io.uring.net;

import io.uring.reactor.EventLoopGroup;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A listener whose connections are accepted with a blocking call, from virtual or platform threads.
 * May be used from any thread; {@link #accept} not from a loop's. Interrupting a thread that waits
 * closes the listener, as it does with the JDK's channels; streams that were accepted go on.
 *
 * <pre>{@code
 * try (BlockingListener listener = BlockingListener.open(loops, ListenerConfig.tcp(7000))) {
 *     while (true) {
 *         BlockingStream stream = listener.accept();
 *         Thread.startVirtualThread(() -> serve(stream));
 *     }
 * }
 * }</pre>
 */
public final class BlockingListener implements AutoCloseable {
    /**
     * Connections accepted and not asked for; beyond these they wait in the kernel's backlog. A
     * burst between two calls of accept fits.
     */
    static final int MAX_READY = 256;

    private final EventLoopGroup loops;
    private final ConcurrentLinkedQueue<BlockingStream> ready = new ConcurrentLinkedQueue<>();
    private final AtomicInteger readyCount = new AtomicInteger();
    private final AtomicBoolean paused = new AtomicBoolean();
    private final Waiter waiter = new Waiter();
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile @Nullable Listener listener;

    private BlockingListener(EventLoopGroup loops) {
        this.loops = loops;
    }

    /**
     * Binds and listens.
     *
     * @throws IllegalArgumentException for a config with an executor
     * @throws java.net.BindException when the address is in use, foreign or not permitted
     */
    public static BlockingListener open(EventLoopGroup loops, ListenerConfig config)
            throws IOException {
        checkNoExecutor(config);
        BlockingListener result = new BlockingListener(loops);
        result.listener =
                Listener.open(loops, config, _ -> new BlockingStream(result::accepted).handler());
        return result;
    }

    /**
     * Listens and runs {@code server} for each connection on {@code executor}, then closes the
     * connection. With {@code Executors.newVirtualThreadPerTaskExecutor()} that is a virtual thread
     * per connection. A connection that the executor rejects is closed.
     *
     * @return the listener; closing it lets accepted connections go on
     * @throws IllegalArgumentException for a config with an executor
     */
    public static Listener serve(
            EventLoopGroup loops,
            ListenerConfig config,
            Executor executor,
            Consumer<BlockingStream> server)
            throws IOException {
        checkNoExecutor(config);
        return Listener.open(
                loops,
                config,
                _ -> new BlockingStream(stream -> start(executor, server, stream)).handler());
    }

    private static void checkNoExecutor(ListenerConfig config) {
        if (config.executor() != null) {
            throw new IllegalArgumentException(
                    "withExecutor is for callbacks: the threads that wait bring themselves");
        }
    }

    private static void start(
            Executor executor, Consumer<BlockingStream> server, BlockingStream stream) {
        try {
            executor.execute(() -> {
                try (stream) {
                    server.accept(stream);
                }
            });
        } catch (RejectedExecutionException e) {
            stream.close();
        }
    }

    /** On a loop. */
    private void accepted(BlockingStream stream) {
        int count = readyCount.incrementAndGet();
        ready.add(stream);
        if (count >= MAX_READY && listener != null && paused.compareAndSet(false, true)) {
            applyPause();
        }
        waiter.wake();
        if (closed.get()) {
            dropReady();
        }
    }

    /**
     * The next connection, waiting for it.
     *
     * @throws ClosedChannelException when the listener is or gets closed
     */
    public BlockingStream accept() throws IOException {
        return accept(Waiter.FOREVER);
    }

    /**
     * The next connection, waiting for it a limited time.
     *
     * @throws SocketTimeoutException when none came
     */
    public BlockingStream accept(long timeoutNanos) throws IOException {
        if (loops.loops().stream().anyMatch(io.uring.reactor.EventLoop::inLoop)) {
            throw BlockingStream.onTheLoop();
        }
        try {
            lock.lockInterruptibly();
            try {
                return next(timeoutNanos);
            } finally {
                lock.unlock();
            }
        } catch (InterruptedException e) {
            var _ = close0();
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        }
    }

    private BlockingStream next(long timeoutNanos) throws IOException, InterruptedException {
        if (closed.get()) {
            throw new ClosedChannelException();
        }
        if (!waiter.await(() -> !ready.isEmpty() || closed.get(), timeoutNanos)) {
            throw new SocketTimeoutException("no connection came to " + this);
        }
        BlockingStream stream = ready.poll();
        if (stream == null) {
            throw new AsynchronousCloseException();
        }
        int left = readyCount.decrementAndGet();
        if (left <= MAX_READY / 2 && paused.compareAndSet(true, false)) {
            applyPause();
        }
        return stream;
    }

    /** Until what was asked of the loops last is what holds: others may change it meanwhile. */
    private void applyPause() {
        try {
            boolean applied;
            do {
                applied = paused.get();
                if (applied) {
                    listener().pause();
                } else {
                    listener().resume();
                }
            } while (applied != paused.get());
        } catch (RejectedExecutionException e) {
            // The loops have closed: nothing comes any more.
        }
    }

    /** The address that is bound, with the port that was chosen for port 0. */
    public SocketAddress address() {
        return listener().address();
    }

    private Listener listener() {
        return java.util.Objects.requireNonNull(listener);
    }

    public boolean isOpen() {
        return !closed.get();
    }

    /** Stops listening; connections that nobody accepted are closed. From any thread. */
    @Override
    public void close() {
        CompletableFuture<Void> done = close0();
        if (loops.loops().stream().noneMatch(io.uring.reactor.EventLoop::inLoop)) {
            done.join(); // the address is free afterwards
        }
    }

    private CompletableFuture<Void> close0() {
        closed.set(true);
        CompletableFuture<Void> done = listener().close();
        dropReady();
        waiter.wake();
        return done;
    }

    private void dropReady() {
        for (BlockingStream left = ready.poll(); left != null; left = ready.poll()) {
            left.close();
        }
    }

    @Override
    public String toString() {
        return "BlockingListener[" + listener + "]";
    }
}
