package io.uring.net;

import io.uring.reactor.EventLoop;
import io.uring.reactor.ReceivedBuffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.nio.channels.WritePendingException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A connection for threads that wait, above all virtual ones: those give their carrier back while
 * they wait. The loop receives ahead, up to {@link StreamConfig#readAheadBytes}; a write goes into
 * the kernel on the caller's thread and waits while the kernel takes no more.
 *
 * <p>One thread may read while another writes; {@link #close} may come from any. Interrupting a
 * thread that waits closes the connection, as with every {@link
 * java.nio.channels.InterruptibleChannel}.
 *
 * <pre>{@code
 * try (BlockingStream stream = BlockingStream.connect(loops.next(), address, config, timeout)) {
 *     stream.outputStream().write(request);
 *     stream.shutdownOutput();
 *     byte[] answer = stream.inputStream().readAllBytes();
 * }
 * }</pre>
 */
public final class BlockingStream implements ByteChannel {
    private final StreamSocket socket;
    private final StreamQueue received = new StreamQueue();
    private final BlockingSide reader = new BlockingSide();
    private final BlockingSide writer = new BlockingSide();
    private final BlockingInput input = new BlockingInput(this);
    private final BlockingOutput output = new BlockingOutput(this);
    private volatile boolean closed;

    /** The connection is gone, and why: null after {@link #close}. */
    private volatile boolean gone;

    private volatile @Nullable IOException cause;
    private volatile long readTimeoutNanos;
    private volatile boolean outputEnded;
    private volatile boolean roomMade;

    BlockingStream(StreamSocket socket) {
        this.socket = socket;
    }

    /**
     * Connects, and waits for it.
     *
     * @param timeoutNanos 0 for as long as the kernel tries
     * @throws ClosedByInterruptException when the thread is interrupted, which gives up
     */
    public static BlockingStream connect(
            EventLoop loop, SocketAddress address, StreamConfig config, long timeoutNanos)
            throws IOException {
        if (loop.inLoop()) {
            throw onLoop();
        }
        PendingStream pending = new PendingStream();
        Connector attempt =
                Connector.connect(loop, address, config, timeoutNanos, pending, pending::failed);
        try {
            return pending.stream.get();
        } catch (InterruptedException e) {
            attempt.cancel();
            var _ = pending.stream.thenAccept(BlockingStream::close); // it was faster
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e);
        }
    }

    /**
     * Connects without waiting. When the future was cancelled, a connection that comes is closed.
     */
    public static CompletableFuture<BlockingStream> connectAsync(
            EventLoop loop, SocketAddress address, StreamConfig config, long timeoutNanos) {
        PendingStream pending = new PendingStream();
        Connector.connect(loop, address, config, timeoutNanos, pending, pending::failed);
        return pending.stream;
    }

    /** How long a read waits for the first byte, 0 for ever. A read that times out took nothing. */
    public BlockingStream readTimeoutNanos(long nanos) {
        if (nanos < 0) {
            throw new IllegalArgumentException("readTimeoutNanos " + nanos);
        }
        readTimeoutNanos = nanos;
        return this;
    }

    /**
     * Waits for bytes and takes as many as there are and fit.
     *
     * @return their number, or -1 at the end of input
     * @throws java.net.SocketTimeoutException after {@link #readTimeoutNanos}
     * @throws AsynchronousCloseException when another thread closes meanwhile
     * @throws ReadPendingException when another thread reads
     */
    @Override
    public int read(ByteBuffer target) throws IOException {
        checkThread();
        if (!reader.enter()) {
            throw closedOr(new ReadPendingException());
        }
        try {
            if (closed) {
                throw new ClosedChannelException();
            }
            if (!target.hasRemaining()) {
                return 0;
            }
            reader.await(
                    () -> closed || gone || !received.isEmpty() || received.isEnd(),
                    readTimeoutNanos);
            return take(target);
        } finally {
            reader.exit();
            releaseIfClosed();
        }
    }

    private int take(ByteBuffer target) throws IOException {
        checkWait();
        ReceivedBuffer first = received.first();
        if (first != null) {
            int count = first.read(target);
            received.removeIfRead(first);
            return count;
        }
        if (received.isEnd()) {
            return -1;
        }
        throw failure();
    }

    /** Bytes that a read takes without waiting; a lower bound. */
    int available() {
        if (!reader.enter()) {
            return 0;
        }
        try {
            ReceivedBuffer first = closed ? null : received.first();
            return first == null ? 0 : first.remaining();
        } finally {
            reader.exit();
            releaseIfClosed();
        }
    }

    /**
     * Writes all bytes of {@code source}, and waits until the kernel has them.
     *
     * @return their number
     * @throws AsynchronousCloseException when another thread closes meanwhile
     * @throws WritePendingException when another thread writes
     */
    @Override
    public int write(ByteBuffer source) throws IOException {
        checkThread();
        if (!writer.enter()) {
            throw closedOr(new WritePendingException());
        }
        try {
            if (closed || outputEnded) {
                throw new ClosedChannelException();
            }
            int count = source.remaining();
            while (source.hasRemaining()) {
                if (send(source) == 0) {
                    awaitRoom();
                }
            }
            return count;
        } finally {
            writer.exit();
        }
    }

    private int send(ByteBuffer source) throws IOException {
        checkWait();
        if (gone) {
            throw failure();
        }
        try {
            return source.isDirect() ? sendDirect(source) : sendCopy(source);
        } catch (ClosedChannelException e) {
            throw closed ? new AsynchronousCloseException() : failure();
        }
    }

    private int sendDirect(ByteBuffer source) throws IOException {
        int taken = socket.trySend(MemorySegment.ofBuffer(source), 0, source.remaining());
        source.position(source.position() + taken);
        return taken;
    }

    private int sendCopy(ByteBuffer source) throws IOException {
        MemorySegment memory = StagingMemory.take();
        try {
            int length = Math.min(source.remaining(), StagingMemory.BYTES);
            MemorySegment.copy(MemorySegment.ofBuffer(source), 0, memory, 0, length);
            int taken = socket.trySend(memory, 0, length);
            source.position(source.position() + taken);
            return taken;
        } finally {
            StagingMemory.giveBack(memory);
        }
    }

    private void awaitRoom() throws IOException {
        roomMade = false;
        Runnable room =
                () -> {
                    roomMade = true;
                    writer.wake();
                };
        try {
            socket.reactor().execute(() -> socket.awaitWritable(room));
        } catch (RejectedExecutionException e) {
            throw failure();
        }
        writer.await(() -> closed || gone || roomMade, 0);
    }

    /** After a wait: whether it ended because the stream did, or the thread has to. */
    private void checkWait() throws IOException {
        if (Thread.currentThread().isInterrupted()) {
            close();
            throw new ClosedByInterruptException();
        }
        if (closed) {
            throw new AsynchronousCloseException();
        }
    }

    /** Whoever closes is inside for a moment, too. */
    private RuntimeException closedOr(RuntimeException pending) throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
        return pending;
    }

    /** Why the connection is gone. A new exception each time, since each has its own stack. */
    private IOException failure() {
        IOException why = cause;
        return why == null
                ? new AsynchronousCloseException()
                : new IOException(why.getMessage(), why);
    }

    private void checkThread() {
        if (socket.reactor().inLoop()) {
            throw onLoop();
        }
    }

    static IllegalStateException onLoop() {
        return new IllegalStateException(
                "a blocking call on the loop would wait for itself: use another thread");
    }

    /** The bytes that come. Closing it closes the connection. */
    public InputStream inputStream() {
        return input;
    }

    /** Bytes go at once: wrap it in a BufferedOutputStream for many small writes. */
    public OutputStream outputStream() {
        return output;
    }

    /** Sends FIN after what was written; reading goes on. */
    public void shutdownOutput() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        outputEnded = true;
        onLoop(socket::shutdownOutput);
    }

    @Override
    public boolean isOpen() {
        return !closed && !gone;
    }

    /** Closes, and wakes whoever waits in another thread. What was written is still sent. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            reader.wake();
            writer.wake();
            onLoop(socket::close);
            releaseIfClosed();
        }
    }

    private void onLoop(Runnable task) {
        try {
            socket.reactor().execute(task);
        } catch (RejectedExecutionException e) {
            // The loop has closed, and the connection with it.
        }
    }

    /** Whoever leaves last gives back what nobody will read. */
    private void releaseIfClosed() {
        if (closed && reader.enter()) {
            received.releaseAll();
            reader.exit();
        }
    }

    /** The connection itself: addresses, options. Its methods belong to the loop's thread. */
    public StreamSocket socket() {
        return socket;
    }

    @Override
    public String toString() {
        return "BlockingStream[" + socket + "]";
    }

    /** On the loop. */
    void arrived(ReceivedBuffer data) {
        received.add(data);
        reader.wake();
        releaseIfClosed();
    }

    /** On the loop. */
    void ended() {
        received.end();
        reader.wake();
    }

    /** On the loop: nothing follows. */
    void gone(@Nullable IOException why) {
        cause = why;
        gone = true;
        reader.wake();
        writer.wake();
    }
}
