package io.uring.net;

import io.uring.reactor.EventLoop;
import io.uring.reactor.ReceivedBuffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A connection to read from and write to with blocking calls, from virtual or platform threads; not
 * from the loop's own thread, where they throw IllegalStateException. A thread that has to wait
 * parks, so a virtual thread leaves its carrier. One thread may read while another one writes;
 * several readers, or several writers, take turns.
 *
 * <p>A write returns when the kernel has taken all bytes. A read that was not answered within
 * {@link #readTimeoutNanos} throws {@link java.net.SocketTimeoutException}, and the stream can be
 * used on. Interrupting a thread that waits closes the stream, and the thread gets {@link
 * ClosedByInterruptException} with its interrupt status set; an interrupt does not disturb a call
 * that need not wait. Closing, from any thread, makes those that wait throw {@link
 * AsynchronousCloseException} and later calls {@link ClosedChannelException}. When the connection
 * breaks, what had arrived can still be read; then, and for writes at once, its cause is thrown.
 *
 * <p>A stream must be closed, also after it broke: until then it may hold received memory.
 *
 * <pre>{@code
 * try (BlockingStream stream = BlockingStream.connect(loop, address, config, timeoutNanos)) {
 *     stream.output().write(request);
 *     stream.shutdownOutput();
 *     byte[] response = stream.input().readAllBytes();
 * }
 * }</pre>
 */
public final class BlockingStream implements ByteChannel {
    static final int END = -1;

    private final BlockingReader reader = new BlockingReader(this);
    private final BlockingWriter writer = new BlockingWriter(this);
    private final InputStream input = new Input();
    private final OutputStream output = new Output();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Consumer<BlockingStream> onOpen;
    private volatile @Nullable StreamSocket socket;
    private volatile boolean over;
    private volatile boolean stopping;
    private volatile @Nullable IOException cause;

    /**
     * @param onOpen told on the loop when the stream can be used
     */
    BlockingStream(Consumer<BlockingStream> onOpen) {
        this.onOpen = onOpen;
    }

    /**
     * Connects, and waits for it. Interrupting gives up.
     *
     * @param timeoutNanos 0 for as long as the kernel tries
     * @throws java.net.ConnectException when nobody listens, and what else the JDK's sockets throw
     */
    public static BlockingStream connect(
            EventLoop loop, SocketAddress address, StreamConfig config, long timeoutNanos)
            throws IOException {
        if (loop.inLoop()) {
            throw onTheLoop();
        }
        Waiter waiter = new Waiter();
        CompletableFuture<BlockingStream> result = new CompletableFuture<>();
        BlockingStream stream =
                new BlockingStream(opened -> {
                    if (!result.complete(opened)) {
                        opened.close(); // it was given up a moment before
                    }
                    waiter.wake();
                });
        Connector attempt;
        try {
            attempt =
                    Connector.connect(
                            loop,
                            address,
                            config,
                            timeoutNanos,
                            stream.handler(),
                            failure -> {
                                result.completeExceptionally(failure);
                                waiter.wake();
                            });
        } catch (RejectedExecutionException e) {
            throw new IOException("connect " + address + ": the loop was closed", e);
        }
        try {
            boolean _ = waiter.await(result::isDone, Waiter.FOREVER);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            attempt.cancel();
            ClosedByInterruptException interrupted = new ClosedByInterruptException();
            if (!result.completeExceptionally(interrupted) && !result.isCompletedExceptionally()) {
                stream.close();
            }
            throw interrupted;
        }
        if (result.isCompletedExceptionally()) {
            throw SocketErrors.again((IOException) result.exceptionNow());
        }
        return stream;
    }

    StreamHandler handler() {
        return new Handler();
    }

    /** Bytes received. Its close closes the stream. */
    public InputStream input() {
        return input;
    }

    /** Bytes to send, without a buffer of its own. Its close closes the stream. */
    public OutputStream output() {
        return output;
    }

    /**
     * Reads at least one byte.
     *
     * @return the number of bytes, or -1 at the end of input
     */
    @Override
    public int read(ByteBuffer target) throws IOException {
        return reader.read(target);
    }

    /** Writes all remaining bytes of {@code source}; those of a direct buffer without a copy. */
    @Override
    public int write(ByteBuffer source) throws IOException {
        return writer.write(source);
    }

    /** How long a read waits, from now on; 0 for ever. From any thread. */
    public BlockingStream readTimeoutNanos(long nanos) {
        if (nanos < 0) {
            throw new IllegalArgumentException("nanos " + nanos);
        }
        reader.timeoutNanos(nanos);
        return this;
    }

    /** Reads end here; what has arrived and what still comes is dropped. From any thread. */
    public void shutdownInput() throws IOException {
        checkOpen();
        reader.shutdown();
    }

    /** Sends FIN; reading goes on. Waits for a writer that is at work. */
    public void shutdownOutput() throws IOException {
        writer.end();
    }

    /** Closes; what was written is still sent. From any thread, without waiting. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            execute(StreamSocket::close);
            reader.refuse();
            writer.wake();
        }
    }

    /** Whether {@link #close} was not called. A connection that broke stays open in this sense. */
    @Override
    public boolean isOpen() {
        return !closed.get();
    }

    /** What is underneath, for its addresses and options. */
    public StreamSocket socket() {
        StreamSocket current = socket;
        if (current == null) {
            throw new IllegalStateException("not connected");
        }
        return current;
    }

    /** Runs something on the loop; when that has closed, there is nothing left to do it to. */
    void execute(Consumer<StreamSocket> task) {
        StreamSocket current = socket();
        try {
            current.reactor().execute(() -> task.accept(current));
        } catch (RejectedExecutionException e) {
            // Closing the loop has closed the socket.
        }
    }

    /** Whether waiting has no sense any more. */
    boolean isOver() {
        return over || closed.get();
    }

    void checkBlocking() {
        if (socket().reactor().inLoop()) {
            throw onTheLoop();
        }
    }

    static IllegalStateException onTheLoop() {
        return new IllegalStateException(
                "a blocking call on the loop's thread would stop the loop: use a StreamHandler, or"
                        + " another thread");
    }

    void checkOpen() throws ClosedChannelException {
        if (closed.get()) {
            throw new ClosedChannelException();
        }
    }

    /**
     * Whether the listener or the loops {@linkplain Listener#stop stop} and will cut the connection
     * after a time. A thread that waits goes on waiting: use a read timeout and ask again.
     */
    public boolean isStopping() {
        return stopping;
    }

    void checkNotClosedMeanwhile() throws AsynchronousCloseException {
        if (closed.get()) {
            throw new AsynchronousCloseException();
        }
    }

    void checkNotFailed() throws IOException {
        IOException failure = cause;
        if (failure != null) {
            // Each caller gets one of his own: several threads may fill in and print them.
            throw SocketErrors.again(failure);
        }
        if (over) {
            throw new java.net.SocketException("Socket closed");
        }
    }

    ClosedByInterruptException interrupted() {
        close();
        Thread.currentThread().interrupt();
        return new ClosedByInterruptException();
    }

    @Override
    public String toString() {
        return "BlockingStream[" + socket + "]";
    }

    /** The loop's side. */
    private final class Handler implements StreamHandler {
        @Override
        public void onOpen(StreamSocket opened) {
            socket = opened;
            onOpen.accept(BlockingStream.this);
        }

        @Override
        public void onData(StreamSocket from, ReceivedBuffer data) {
            reader.received(from, data);
        }

        @Override
        public void onEndOfInput(StreamSocket from) {
            reader.ended();
        }

        @Override
        public void onIdle(StreamSocket from) {
            // An idle timeout is for connections nobody waits for; here the reader has its own.
        }

        @Override
        public void onStop(StreamSocket from) {
            stopping = true;
        }

        @Override
        public void onClose(StreamSocket from, @Nullable IOException failure) {
            cause = failure;
            over = true;
            if (from.isLoopClosed()) {
                reader.refuse(); // the loop's memory goes with it
            }
            reader.wake();
            writer.wake();
        }
    }

    private final class Input extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return reader.read(one, 0, 1) == END ? END : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return reader.read(target, offset, length);
        }

        @Override
        public int available() throws IOException {
            return reader.available();
        }

        @Override
        public void close() {
            BlockingStream.this.close();
        }
    }

    private final class Output extends OutputStream {
        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            writer.write(source, offset, length);
        }

        @Override
        public void close() {
            BlockingStream.this.close();
        }
    }
}
