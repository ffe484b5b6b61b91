package io.uring.net;

import io.uring.reactor.BufferGroup;
import io.uring.reactor.Chunk;
import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.Cqe;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a connection: a multishot receive from the loop's buffers where the kernel
 * has that, or one into a chunk when those are exhausted or missing. A slow application makes the
 * peer wait, not this process grow.
 */
final class Receiver extends ContinuousReceive {
    private final StreamSocket socket;
    private final BufferGroup buffers;
    private final boolean multishot;

    /** Set while a plain receive is armed. */
    private @Nullable Chunk chunk;

    private boolean endDelivered;

    Receiver(StreamSocket socket) {
        super(socket.reactor());
        this.socket = socket;
        this.buffers = reactor.buffers();
        this.multishot = reactor.ring().capabilities().has(Feature.MULTISHOT_RECV);
    }

    @Override
    BufferGroup buffers() {
        return buffers;
    }

    @Override
    protected void prepare(Sqe sqe) {
        if (buffers.isExhausted()) {
            if (buffers.isShared()) {
                reactor.counters().exhausted();
            }
            Chunk memory = buffers.takeChunk();
            chunk = memory;
            SocketOps.recv(sqe, socket.descriptor(), memory.memory(), 0);
        } else if (multishot) {
            SocketOps.recvMultishot(sqe, socket.descriptor(), buffers.group());
        } else {
            SocketOps.recvSelect(sqe, socket.descriptor(), buffers.group(), 0);
        }
    }

    @Override
    @Nullable ReceivedBuffer received(int result, int flags) {
        ReceivedBuffer data = lent(result, flags);
        if (data != null) {
            socket.active();
            reactor.counters().received(data.length());
        }
        return data;
    }

    private @Nullable ReceivedBuffer lent(int result, int flags) {
        if ((flags & Cqe.F_BUFFER) != 0) {
            return buffers.take(result, flags, this);
        }
        Chunk memory = chunk;
        chunk = null;
        if (memory != null && result > 0) {
            return buffers.lend(memory, result, this);
        }
        if (memory != null) {
            buffers.returnChunk(memory);
        }
        return null;
    }

    @Override
    void failed(int result) {
        switch (-result) {
            case 0 -> end();
            // The next receive, if the group still is exhausted, brings its own memory.
            case Errno.ENOBUFS -> reactor.counters().exhausted();
            case Errno.ECANCELED, Errno.EINTR, Errno.EAGAIN -> {}
            default -> {
                endSilently();
                socket.fail(SocketErrors.exception("recv from " + socket, -result));
            }
        }
    }

    @Override
    void deliver(ReceivedBuffer data) {
        try {
            socket.handler().onData(socket, data);
        } catch (Throwable e) {
            boolean forgotten = data.isLent() && !socket.isSending(data);
            try {
                socket.handlerFailed(e);
            } finally {
                if (forgotten) {
                    data.release(); // or each failure would cost the loop a buffer
                }
            }
        }
    }

    @Override
    void deliverEnd() {
        if (socket.direct.isUnderWay()) {
            deliverLater(); // whether it is an end is known when that is over
            return;
        }
        IOException failure = socket.direct.failure();
        if (failure != null) {
            socket.fail(failure);
        } else if (!endDelivered) {
            endDelivered = true;
            try {
                socket.handler().onEndOfInput(socket);
            } catch (Throwable e) {
                socket.handlerFailed(e);
            }
        }
    }

    @Override
    int cost(int bytes) {
        return bytes;
    }

    @Override
    long readAhead() {
        return socket.config().readAheadBytes();
    }

    @Override
    void refused(Throwable cause) {
        socket.handlerFailed(cause);
    }

    @Override
    void closeStep() {
        socket.closeStep();
    }

    @Override
    public String toString() {
        return "recv of " + socket;
    }
}
