package io.uring.net;

import io.uring.reactor.EventLoopGroup;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Accepts connections for threads that wait. Any number of threads may accept.
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
    /** What wakes those who wait when the listener closes; each passes it on. */
    private record Accepted(@Nullable BlockingStream stream) {}

    private static final Accepted END = new Accepted(null);

    private final LinkedTransferQueue<Accepted> waiting = new LinkedTransferQueue<>();
    private final AtomicInteger waitingCount = new AtomicInteger();
    private final int limit;
    private @Nullable Listener listener;
    private volatile boolean closed;
    private volatile boolean paused;

    private BlockingListener(int limit) {
        this.limit = limit;
    }

    /**
     * Binds and listens. When about {@link ListenerConfig#backlog} connections wait for {@link
     * #accept}, further ones wait in the kernel.
     *
     * @throws java.net.BindException when the address is in use, foreign or not permitted
     */
    public static BlockingListener open(EventLoopGroup loops, ListenerConfig config)
            throws IOException {
        BlockingListener blocking = new BlockingListener(config.backlog());
        Listener listener =
                Listener.open(loops, config.withPaused(true), _ -> handler(blocking::arrived));
        blocking.listener = listener; // before the first connection
        if (!config.paused()) {
            listener.resume();
        }
        return blocking;
    }

    /**
     * Listens and runs {@code server} for each connection on {@code executor}, then closes the
     * connection. With {@code Executors.newVirtualThreadPerTaskExecutor()} that is a virtual thread
     * per connection. A connection that the executor rejects is closed.
     *
     * @return the listener; closing it lets accepted connections go on
     */
    public static Listener serve(
            EventLoopGroup loops,
            ListenerConfig config,
            Executor executor,
            Consumer<BlockingStream> server)
            throws IOException {
        return Listener.open(
                loops, config, _ -> handler(stream -> start(executor, server, stream)));
    }

    private static PendingStream handler(Consumer<BlockingStream> taker) {
        PendingStream pending = new PendingStream();
        var _ = pending.stream.thenAccept(taker);
        return pending;
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

    private void arrived(BlockingStream stream) {
        if (waitingCount.incrementAndGet() >= limit) {
            // In this order: whoever accepts this one then sees that the listener is paused.
            listener().pause();
            paused = true;
        }
        waiting.add(new Accepted(stream));
        if (closed) {
            closeWaiting();
        }
    }

    /**
     * Waits for a connection.
     *
     * @throws ClosedByInterruptException when the thread is interrupted, which closes the listener
     * @throws AsynchronousCloseException when another thread closes it
     */
    public BlockingStream accept() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        Accepted next;
        try {
            next = waiting.take();
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        }
        BlockingStream stream = next.stream();
        if (stream == null) {
            waiting.add(END);
            throw new AsynchronousCloseException();
        }
        if (waitingCount.decrementAndGet() <= limit / 2 && paused) {
            paused = false; // before the call, for the same reason
            listener().resume();
        }
        return stream;
    }

    /** The address that is bound, with the port that was chosen for port 0. */
    public SocketAddress address() {
        return listener().address();
    }

    /** Stops listening and wakes whoever waits. Connections that nobody accepted are closed. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            var _ = listener().close();
            closeWaiting();
            waiting.add(END);
        }
    }

    private void closeWaiting() {
        boolean ended = false;
        for (Accepted next = waiting.poll(); next != null; next = waiting.poll()) {
            BlockingStream stream = next.stream();
            if (stream == null) {
                ended = true;
            } else {
                stream.close();
            }
        }
        if (ended) {
            waiting.add(END);
        }
    }

    private Listener listener() {
        Listener open = listener;
        if (open == null) {
            throw new IllegalStateException("not open yet");
        }
        return open;
    }
}
