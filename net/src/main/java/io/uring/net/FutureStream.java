package io.uring.net;

import io.uring.reactor.EventLoop;
import io.uring.reactor.ReceivedBuffer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A connection whose operations are futures. Methods may be called from any thread; futures
 * complete on the loop, so what depends on them must not block. A future that fails carries an
 * IOException; a write beyond {@link StreamConfig#maxQueuedBytes} fails with IllegalStateException.
 * What had arrived and was not read when the connection ends is dropped. Cancelling a future gives
 * up waiting, it does not take back what was asked of the kernel.
 *
 * <pre>{@code
 * FutureStream.connect(loop, address, config, timeoutNanos)
 *         .thenCompose(stream -> stream.write(request)
 *                 .thenCompose(_ -> stream.read(response))
 *                 .thenCompose(count -> stream.close()));
 * }</pre>
 */
public final class FutureStream {
    /** What the end of input completes a read with. */
    public static final int END = -1;

    /** Behind a copied write in the queue, to hear when the kernel has taken all before it. */
    private static final MemorySegment MARK = Arena.global().allocate(1).asSlice(0, 0);

    private final StreamSocket socket;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    /** Received and not read; the loop's, as all below. */
    private final ArrayDeque<ReceivedBuffer> inbound = new ArrayDeque<>();

    private @Nullable CompletableFuture<Integer> reading;
    private @Nullable ByteBuffer target;
    private boolean ended;
    private boolean over;
    private @Nullable IOException cause;

    private FutureStream(StreamSocket socket) {
        this.socket = socket;
    }

    /**
     * Connects.
     *
     * @param timeoutNanos 0 for as long as the kernel tries
     * @return fails with what {@link Connector#connect} reports; cancelling it gives up
     */
    public static CompletableFuture<FutureStream> connect(
            EventLoop loop, SocketAddress address, StreamConfig config, long timeoutNanos) {
        CompletableFuture<FutureStream> result = new CompletableFuture<>();
        Connector attempt =
                Connector.connect(
                        loop,
                        address,
                        config,
                        timeoutNanos,
                        handler(stream -> {
                            if (!result.complete(stream)) {
                                stream.socket.close(); // nobody wants it any more
                            }
                        }),
                        result::completeExceptionally);
        var _ =
                result.whenComplete((_, _) -> {
                    if (result.isCancelled()) {
                        attempt.cancel();
                    }
                });
        return result;
    }

    /**
     * A handler for connections that are used by futures.
     *
     * @param onOpen gets each one, on its loop
     */
    public static StreamHandler handler(Consumer<FutureStream> onOpen) {
        return new Handler(onOpen);
    }

    /**
     * Reads at least one byte into {@code into}, which is the loop's until the future completes.
     *
     * @return the number of bytes, or {@link #END}; fails with ReadPendingException while another
     *     read waits
     */
    public CompletableFuture<Integer> read(ByteBuffer into) {
        if (into.isReadOnly()) {
            throw new IllegalArgumentException("read-only buffer");
        }
        if (!into.hasRemaining()) {
            return CompletableFuture.completedFuture(0);
        }
        CompletableFuture<Integer> result = new CompletableFuture<>();
        onLoop(
                result,
                () -> {
                    if (reading != null) {
                        result.completeExceptionally(new ReadPendingException());
                        return;
                    }
                    reading = result;
                    target = into;
                    serve();
                });
        return result;
    }

    /**
     * Writes all remaining bytes of {@code source}, which is the loop's until the future completes.
     *
     * @return completes when the kernel has taken the bytes; waiting for it before writing much
     *     more is the back-pressure
     */
    public CompletableFuture<Void> write(ByteBuffer source) {
        java.util.Objects.requireNonNull(source, "source");
        CompletableFuture<Void> result = new CompletableFuture<>();
        onLoop(
                result,
                () -> {
                    try {
                        boolean _ = socket.write(source);
                        boolean _ = socket.write(MARK, completing(result));
                    } catch (IllegalStateException e) {
                        result.completeExceptionally(e);
                    }
                });
        return result;
    }

    /**
     * Writes a part of a file; otherwise like the bytes.
     *
     * @see StreamSocket#write(OpenFile, long, long, WriteListener)
     */
    public CompletableFuture<Void> write(OpenFile file, long position, long length) {
        java.util.Objects.requireNonNull(file, "file");
        CompletableFuture<Void> result = new CompletableFuture<>();
        onLoop(
                result,
                () -> {
                    try {
                        boolean _ = socket.write(file, position, length, completing(result));
                    } catch (IllegalStateException | IllegalArgumentException e) {
                        result.completeExceptionally(e);
                    }
                });
        return result;
    }

    private static WriteListener completing(CompletableFuture<Void> result) {
        return failure -> {
            if (failure == null) {
                result.complete(null);
            } else {
                result.completeExceptionally(failure);
            }
        };
    }

    /** Sends FIN after the last byte; reading goes on. */
    public void shutdownOutput() {
        onLoop(null, socket::shutdownOutput);
    }

    /**
     * Closes after the last byte that was written.
     *
     * @return completes when the descriptor is closed, also for one that was closed before; fails
     *     with the cause when the connection broke
     */
    public CompletableFuture<Void> close() {
        onLoop(null, socket::close);
        return closed.copy();
    }

    /** Completes with the connection's end, whoever brings it about, as {@link #close} says. */
    public CompletableFuture<Void> closed() {
        return closed.copy();
    }

    /** What is underneath, for its addresses and options. */
    public StreamSocket socket() {
        return socket;
    }

    private void onLoop(@Nullable CompletableFuture<?> result, Runnable task) {
        try {
            socket.reactor().execute(task);
        } catch (RejectedExecutionException e) {
            if (result != null) {
                result.completeExceptionally(new IOException("the loop was closed", e));
            }
        }
    }

    /** Answers the read that waits, if there is something to answer. */
    private void serve() {
        CompletableFuture<Integer> waiting = reading;
        ByteBuffer into = target;
        if (waiting == null || into == null) {
            return;
        }
        int count = 0;
        for (ReceivedBuffer data = inbound.peekFirst();
                data != null && into.hasRemaining();
                data = inbound.peekFirst()) {
            count += data.read(into);
            if (data.remaining() == 0) {
                inbound.removeFirst().release();
            }
        }
        if (count == 0 && !ended && !over) {
            return;
        }
        reading = null; // before: what depends on it may read again
        target = null;
        if (count > 0) {
            waiting.complete(count);
        } else if (ended) {
            waiting.complete(END);
        } else {
            IOException failure = cause;
            waiting.completeExceptionally(failure != null ? failure : new ClosedChannelException());
        }
    }

    private void closed(@Nullable IOException failure) {
        over = true;
        cause = failure;
        inbound.forEach(ReceivedBuffer::release); // nobody need read on, and the memory is shared
        inbound.clear();
        serve();
        if (failure == null) {
            closed.complete(null);
        } else {
            closed.completeExceptionally(failure);
        }
    }

    private static final class Handler implements StreamHandler {
        private final Consumer<FutureStream> onOpen;
        private @Nullable FutureStream stream;

        Handler(Consumer<FutureStream> onOpen) {
            this.onOpen = onOpen;
        }

        private FutureStream stream() {
            return java.util.Objects.requireNonNull(stream);
        }

        @Override
        public void onOpen(StreamSocket opened) {
            FutureStream made = new FutureStream(opened);
            stream = made;
            onOpen.accept(made);
        }

        @Override
        public void onData(StreamSocket from, ReceivedBuffer data) {
            stream().inbound.addLast(data);
            stream().serve();
        }

        @Override
        public void onEndOfInput(StreamSocket from) {
            stream().ended = true;
            stream().serve();
        }

        @Override
        public void onClose(StreamSocket from, @Nullable IOException failure) {
            stream().closed(failure);
        }
    }
}
