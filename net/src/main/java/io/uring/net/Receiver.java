package io.uring.net;

import io.uring.reactor.BufferGroup;
import io.uring.reactor.Chunk;
import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.Cqe;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import java.io.IOException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a connection. One receive is armed while the application wants data: a
 * multishot one from the loop's buffers where the kernel has that, or one into a chunk when those
 * are exhausted or missing. It stops at a bound of bytes the application holds, so that a slow
 * application makes the peer wait, not this process grow.
 */
final class Receiver extends Operation implements ReceivedBuffer.Owner {
    private final StreamSocket socket;
    private final Reactor reactor;
    private final BufferGroup buffers;
    private final boolean multishot;

    /** Set while a plain receive is armed. */
    private @Nullable Chunk chunk;

    /** What came while reading was paused. */
    private final ArrayDeque<ReceivedBuffer> held = new ArrayDeque<>(0);

    private boolean started;
    private boolean paused;
    private boolean throttled;
    private boolean cancelling;
    private boolean ended;
    private boolean endDelivered;
    private boolean closed;
    private long unreleasedBytes;

    Receiver(StreamSocket socket) {
        this.socket = socket;
        this.reactor = socket.reactor();
        this.buffers = reactor.buffers();
        this.multishot = reactor.ring().capabilities().has(Feature.MULTISHOT_RECV);
    }

    boolean hasEnded() {
        return ended;
    }

    void start() {
        started = true;
        arm();
    }

    private void arm() {
        if (started && !isPending() && !paused && !throttled && !ended && !closed) {
            cancelling = false;
            try {
                reactor.submit(this);
            } catch (RuntimeException e) {
                socket.handlerFailed(e); // no memory, or too many operations: not a silent stop
            }
        }
    }

    private void disarm() {
        if (isPending() && !cancelling) {
            cancelling = true;
            reactor.cancel(this);
        }
    }

    void pause() {
        paused = true;
        disarm();
    }

    void resume() {
        if (paused) {
            paused = false;
            reactor.execute(this::deliverHeld); // not from inside the caller's callback
        }
    }

    private void deliverHeld() {
        while (!paused && !closed) {
            ReceivedBuffer data = held.pollFirst();
            if (data == null) {
                if (ended) {
                    deliverEnd();
                } else {
                    arm();
                }
                return;
            }
            deliver(data);
        }
    }

    /** Stops for good. What is held is given back; the socket waits until nothing is pending. */
    void close() {
        if (closed) {
            return;
        }
        closed = true;
        disarm();
        if (throttled) {
            throttled = false;
            buffers.stopWaiting();
        }
        held.forEach(ReceivedBuffer::release);
        held.clear();
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
    protected void complete(int result, int flags) {
        ReceivedBuffer data = received(result, flags);
        if (data != null) {
            arrived(data);
        } else if (result == 0) {
            ended = true;
            if (!paused && held.isEmpty()) {
                deliverEnd();
            }
        } else {
            failed(-result);
        }
        if (!isPending()) {
            if (closed) {
                socket.closeStep();
            } else {
                arm();
            }
        }
    }

    private @Nullable ReceivedBuffer received(int result, int flags) {
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

    private void arrived(ReceivedBuffer data) {
        socket.active();
        reactor.counters().received(data.length());
        unreleasedBytes += data.length();
        if (closed) {
            data.release();
        } else if (paused || !held.isEmpty()) {
            held.addLast(data);
        } else {
            deliver(data);
        }
        if (unreleasedBytes > socket.config().readAheadBytes() && !throttled && !closed) {
            throttled = true;
            buffers.startWaiting();
            disarm();
        }
    }

    private void failed(int errno) {
        switch (errno) {
            // The next receive, if the group still is exhausted, brings its own memory.
            case Errno.ENOBUFS -> reactor.counters().exhausted();
            case Errno.ECANCELED, Errno.EINTR, Errno.EAGAIN -> {}
            default -> {
                ended = true;
                socket.fail(SocketErrors.exception("recv from " + socket, errno));
            }
        }
    }

    private void deliver(ReceivedBuffer data) {
        try {
            socket.handler().onData(socket, data);
        } catch (Throwable e) {
            boolean forgotten = data.isLent() && !socket.isSending(data);
            socket.handlerFailed(e);
            if (forgotten) {
                data.release(); // or each failure would cost the loop a buffer
            }
        }
    }

    private void deliverEnd() {
        if (socket.direct.isUnderWay()) {
            reactor.execute(this::deliverHeld); // whether it is an end is known when that is over
            return;
        }
        IOException failure = socket.direct.failure();
        if (failure != null) {
            socket.fail(failure);
        } else if (!endDelivered && !closed) {
            endDelivered = true;
            try {
                socket.handler().onEndOfInput(socket);
            } catch (Throwable e) {
                socket.handlerFailed(e);
            }
        }
    }

    @Override
    public void bufferReleased(int bytes) {
        unreleasedBytes -= bytes;
        if (throttled && unreleasedBytes <= socket.config().readAheadBytes() / 2) {
            throttled = false;
            buffers.stopWaiting();
            arm();
        }
    }

    @Override
    public String toString() {
        return "recv of " + socket;
    }
}
