package io.uring.jetty;

import io.uring.net.StreamHandler;
import io.uring.net.StreamSocket;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReceivedBuffer;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import org.eclipse.jetty.io.AbstractEndPoint;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.io.RetainableByteBuffer;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.thread.Invocable;
import org.jspecify.annotations.Nullable;

/**
 * A connection as Jetty sees it. Bytes that arrive wait here, in the loop's memory, until Jetty
 * fills its own buffer from them. Bytes to send are copied before {@link #flush} returns, on the
 * loop into memory of the loop's, on another thread straight into the kernel: so Jetty may recycle
 * its buffers whenever it likes, also when a timeout fails a write whose bytes are still on their
 * way.
 *
 * <p>Callbacks that do not block run on the loop; others go to Jetty's threads.
 */
final class UringEndPoint extends AbstractEndPoint implements StreamHandler {
    /** One gathered send from a thread that is not the loop's. */
    private static final int SCRATCH_BYTES = 32 * 1024;

    private final UringConnector connector;
    private final StreamSocket socket;
    private final Reactor reactor;
    private final AcceptedChannel channel;
    private final Invocable.Task fillable = new FillableTask();
    private final Invocable.Task completeWrite = new CompleteWriteTask();

    /** Filled by the loop, emptied by whoever fills; guarded by itself, like the flags below. */
    private final ArrayDeque<ReceivedBuffer> received = new ArrayDeque<>(2);

    /** Somebody waits for a signal, and gets exactly one: a second could hit the next callback. */
    private boolean signalWanted;

    private boolean ended;
    private boolean released;

    /** Bytes are queued on the loop, so that a direct send would overtake them. */
    private volatile boolean sending;

    /** A write waits until the loop has sent; only the loop uses it. */
    private boolean writeWaits;

    private volatile @Nullable IOException failure;

    UringEndPoint(UringConnector connector, StreamSocket socket, AcceptedChannel channel) {
        super(connector.getScheduler());
        this.connector = connector;
        this.socket = socket;
        this.reactor = socket.reactor();
        this.channel = channel;
    }

    @Override
    public void onOpen(StreamSocket opened) {
        connector.opened(this, channel);
    }

    @Override
    public void onData(StreamSocket from, ReceivedBuffer data) {
        synchronized (received) {
            if (released) {
                data.release();
                return;
            }
            received.addLast(data);
        }
        signalFillable();
    }

    @Override
    public void onEndOfInput(StreamSocket from) {
        synchronized (received) {
            ended = true;
        }
        signalFillable();
    }

    @Override
    public void onClose(StreamSocket closed, @Nullable IOException cause) {
        failure = cause != null ? cause : new EOFException("closed");
        sending = false;
        onEndOfInput(closed);
        if (writeWaits) {
            writeWaits = false;
            runOnLoop(completeWrite);
        }
    }

    private void signalFillable() {
        synchronized (received) {
            if (!signalWanted) {
                return;
            }
            signalWanted = false;
        }
        runOnLoop(fillable);
    }

    /** Runs what does not block here, and hands over what may. */
    private void runOnLoop(Invocable.Task task) {
        try {
            switch (task.getInvocationType()) {
                case NON_BLOCKING -> task.run();
                case EITHER -> Invocable.invokeNonBlocking(task);
                case BLOCKING -> dispatch(task);
            }
        } catch (RuntimeException | Error e) {
            // Must not reach the receiver, which would give back a buffer that still waits here.
            Reactor.report(task, e);
            close(e);
        }
    }

    private void dispatch(Runnable task) {
        try {
            connector.dispatch(task);
        } catch (RejectedExecutionException e) {
            close(e); // Jetty's thread pool is stopped or full
        }
    }

    /** Never runs the callback here: the caller is in the middle of something. */
    @Override
    protected void needsFillInterest() {
        boolean inLoop = reactor.inLoop();
        synchronized (received) {
            boolean ready = ended || !received.isEmpty();
            signalWanted = !ready || inLoop;
            if (!ready) {
                return;
            }
        }
        if (inLoop) {
            reactor.execute(this::signalFillable);
        } else {
            dispatch(fillable);
        }
    }

    @Override
    public int fill(ByteBuffer buffer) {
        if (isInputShutdown()) {
            return -1;
        }
        int position = BufferUtil.flipToFill(buffer);
        int filled;
        try {
            filled = read(buffer);
        } finally {
            BufferUtil.flipToFlush(buffer, position);
        }
        if (filled > 0) {
            notIdle();
        } else if (filled < 0) {
            shutdownInput();
        }
        return filled;
    }

    private int read(ByteBuffer target) {
        synchronized (received) {
            int count = 0;
            ReceivedBuffer first = received.peekFirst();
            while (first != null && target.hasRemaining()) {
                count += first.read(target);
                if (first.remaining() == 0) {
                    received.removeFirst().release();
                    first = received.peekFirst();
                }
            }
            return count == 0 && first == null && ended ? -1 : count;
        }
    }

    @Override
    public boolean flush(ByteBuffer... buffers) throws IOException {
        IOException failed = failure;
        if (failed != null) {
            throw new EofException(failed);
        }
        if (isOutputShutdown() || !socket.isOpen()) {
            throw new EofException("the connection is closed");
        }
        long before = BufferUtil.remaining(buffers);
        if (before == 0) {
            return true;
        }
        if (reactor.inLoop()) {
            queue(buffers);
        } else if (!sending) {
            send(buffers);
        }
        long after = BufferUtil.remaining(buffers);
        if (after < before) {
            notIdle();
        }
        return after == 0;
    }

    /**
     * Copies as much as the loop's queue should hold; the end of the turn sends all of it at once.
     */
    private void queue(ByteBuffer[] buffers) {
        for (ByteBuffer buffer : buffers) {
            long room = UringConnector.HIGH_WATER_BYTES - socket.queuedBytes();
            if (room <= 0) {
                return;
            }
            int limit = buffer.limit();
            if (buffer.remaining() > room) {
                buffer.limit(buffer.position() + (int) room);
            }
            sending = true;
            socket.write(buffer);
            buffer.limit(limit);
        }
    }

    /** Sends what the kernel takes now, in as few calls as small buffers allow. */
    private void send(ByteBuffer[] buffers) throws IOException {
        try {
            if (buffers.length == 1 && buffers[0].isDirect()) {
                ByteBuffer buffer = buffers[0];
                int sent = socket.trySend(MemorySegment.ofBuffer(buffer), 0, buffer.remaining());
                buffer.position(buffer.position() + sent);
            } else {
                gather(buffers);
            }
        } catch (IOException e) {
            throw new EofException(e);
        }
    }

    private void gather(ByteBuffer[] buffers) throws IOException {
        RetainableByteBuffer pooled = connector.getByteBufferPool().acquire(SCRATCH_BYTES, true);
        try {
            ByteBuffer scratch = pooled.getByteBuffer();
            BufferUtil.clearToFill(scratch);
            for (ByteBuffer buffer : buffers) {
                int count = Math.min(buffer.remaining(), scratch.remaining());
                scratch.put(scratch.position(), buffer, buffer.position(), count);
                scratch.position(scratch.position() + count);
            }
            scratch.flip();
            skip(buffers, socket.trySend(MemorySegment.ofBuffer(scratch), 0, scratch.remaining()));
        } finally {
            pooled.release();
        }
    }

    private static void skip(ByteBuffer[] buffers, int bytes) {
        int left = bytes;
        for (ByteBuffer buffer : buffers) {
            int count = Math.min(buffer.remaining(), left);
            buffer.position(buffer.position() + count);
            left -= count;
        }
    }

    @Override
    protected void onIncompleteFlush() {
        onLoop(this::awaitSent);
    }

    private void awaitSent() {
        if (failure != null || !socket.isOpen()) {
            runOnLoop(completeWrite);
        } else if (socket.queuedBytes() > 0) {
            writeWaits = true;
        } else {
            socket.awaitWritable(() -> runOnLoop(completeWrite));
        }
    }

    @Override
    public void onWritable(StreamSocket from) {
        // A write from another thread must wait until the queue is empty, or it would overtake.
        if (completeWrite.getInvocationType() != Invocable.InvocationType.BLOCKING) {
            goOnWriting();
        }
    }

    @Override
    public void onDrained(StreamSocket from) {
        sending = false;
        goOnWriting();
    }

    private void goOnWriting() {
        if (writeWaits) {
            writeWaits = false;
            runOnLoop(completeWrite);
        }
    }

    private void onLoop(Runnable task) {
        if (reactor.inLoop()) {
            task.run();
            return;
        }
        try {
            reactor.execute(task);
        } catch (RejectedExecutionException e) {
            close(e);
        }
    }

    @Override
    protected void doShutdownOutput() {
        onLoop(socket::shutdownOutput);
    }

    @Override
    protected void doClose() {
        synchronized (received) {
            released = true;
            received.forEach(ReceivedBuffer::release);
            received.clear();
        }
        onLoop(this::abortIncompleteWrite);
        try {
            channel.close();
        } catch (IOException | RejectedExecutionException e) {
            // The loop has ended, and closed its sockets.
        }
    }

    /** What the peer gets is cut off anyway: do not wait for a peer that may never read it. */
    private void abortIncompleteWrite() {
        if (writeWaits) {
            socket.abort(new EofException("closed in the middle of a write"));
        }
    }

    @Override
    public void onClose(@Nullable Throwable cause) {
        try {
            super.onClose(cause);
        } finally {
            connector.closed(this, cause);
        }
    }

    @Override
    public Object getTransport() {
        return channel;
    }

    @Override
    public @Nullable SocketAddress getLocalSocketAddress() {
        return socket.localAddress();
    }

    @Override
    public @Nullable SocketAddress getRemoteSocketAddress() {
        return socket.remoteAddress();
    }

    private final class FillableTask implements Invocable.Task {
        @Override
        public void run() {
            getFillInterest().fillable();
        }

        @Override
        public InvocationType getInvocationType() {
            return getFillInterest().getCallbackInvocationType();
        }
    }

    private final class CompleteWriteTask implements Invocable.Task {
        @Override
        public void run() {
            getWriteFlusher().completeWrite();
        }

        @Override
        public InvocationType getInvocationType() {
            return getWriteFlusher().getCallbackInvocationType();
        }
    }
}
