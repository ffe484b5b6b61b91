package io.uring.net;

import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.ring.Errno;
import io.uring.ring.Opcode;
import io.uring.ring.OperationLimitException;
import io.uring.ring.PollOps;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of a connection. One send is in flight; what is written meanwhile goes with the
 * next. The send is prepared at the end of a turn, when all that the turn wrote is known.
 */
final class Sender extends Operation {
    private final StreamSocket socket;
    private final Reactor reactor;
    final SendQueue queue;
    private final Runnable flush = this::flush;

    /** Half-close: after the last byte. */
    private final Operation shutdown =
            new Operation() {
                @Override
                protected void prepare(Sqe sqe) {
                    SocketOps.shutdown(sqe, socket.descriptor(), SocketOps.SHUT_WR);
                }

                @Override
                protected void complete(int result, int flags) {
                    socket.closeStep();
                }
            };

    /** Waits for room in the kernel's send buffer, for somebody who sends by himself. */
    private final Operation room =
            new Operation() {
                @Override
                protected void prepare(Sqe sqe) {
                    PollOps.poll(sqe, socket.descriptor(), PollOps.OUT);
                }

                @Override
                protected void complete(int result, int flags) {
                    Runnable waiter = waitsForRoom;
                    waitsForRoom = null;
                    try {
                        if (waiter != null) {
                            waiter.run();
                        }
                    } finally {
                        socket.closeStep();
                    }
                }
            };

    private @Nullable Runnable waitsForRoom;
    private boolean flushScheduled;
    private boolean overHighWater;
    private boolean refusing;
    private boolean corked;
    private boolean endRequested;
    private boolean endSent;
    private @Nullable IOException failure;

    Sender(StreamSocket socket) {
        this.socket = socket;
        this.reactor = socket.reactor();
        this.queue = new SendQueue(reactor.buffers());
    }

    /** Whether bytes can still be written. */
    boolean isOpen() {
        return !refusing && failure == null;
    }

    boolean isBusy() {
        return isPending() || shutdown.isPending() || room.isPending();
    }

    /** Runs {@code task} when the kernel takes more bytes, or when it never will. */
    void awaitRoom(Runnable task) {
        if (waitsForRoom != null) {
            throw new IllegalStateException("somebody waits for room already");
        }
        if (failure != null) {
            task.run();
            return;
        }
        reactor.submit(room); // throws at the limit of operations: then nobody waits
        waitsForRoom = task;
    }

    void cancelWait() {
        reactor.cancel(room);
    }

    /** Something was queued. Returns whether there is room for more. */
    boolean queued() {
        schedule();
        boolean room = queue.queuedBytes() < socket.config().highWaterBytes();
        overHighWater |= !room;
        return room;
    }

    private void schedule() {
        if (!flushScheduled && !isPending() && !isHeldBack()) {
            flushScheduled = true;
            reactor.beforeSubmit(flush);
        }
    }

    private void flush() {
        flushScheduled = false;
        if (isPending() || failure != null) {
            return;
        }
        if (queue.isReady()) {
            send();
        } else if (queue.isEmpty() && endRequested && !endSent && !socket.isClosing()) {
            // Closing sends the FIN by itself, and the descriptor's number may be another's by now.
            endSent = true;
            sendEnd();
        }
    }

    private void sendEnd() {
        if (!reactor.ring().capabilities().supports(Opcode.SHUTDOWN)) {
            SocketCalls.shutdownOutput(socket.descriptor().number()); // before 5.11
            return;
        }
        try {
            reactor.submit(shutdown);
        } catch (OperationLimitException e) {
            socket.handlerFailed(e); // rather than a peer that waits for the end for ever
        }
    }

    /** Takes no more bytes; what is queued is still sent. */
    void refuse() {
        refusing = true;
        if (!queue.isEmpty()) {
            schedule(); // it may have been held back
        }
    }

    /** Holds back what is written from now on, until there is much of it. */
    void cork() {
        corked = true;
    }

    void uncork() {
        corked = false;
        if (!queue.isEmpty()) {
            schedule();
        }
    }

    private boolean isHeldBack() {
        boolean much = queue.queuedBytes() >= socket.config().highWaterBytes();
        return corked && !refusing && !much && !queue.hasFiles();
    }

    /** A block of a file can be sent. */
    void fileReady() {
        schedule();
    }

    private void send() {
        try {
            reactor.submit(this);
        } catch (RuntimeException e) {
            queue.sent(0); // the memory of a write was closed before its time, or is another's
            socket.handlerFailed(e);
        }
    }

    /** Sends FIN after what is queued. */
    void end() {
        refusing = true;
        if (!endRequested) {
            endRequested = true;
            schedule();
        }
    }

    @Override
    protected void prepare(Sqe sqe) {
        queue.prepare(sqe, socket.descriptor());
    }

    @Override
    protected void complete(int result, int flags) {
        queue.sent(Math.max(result, 0));
        if (result > 0) {
            reactor.counters().sent(result);
            socket.active();
        }
        IOException failed = failure;
        if (failed != null) {
            queue.fail(failed);
            socket.closeStep();
            return;
        }
        if (result < 0 && result != -Errno.EINTR && result != -Errno.EAGAIN) {
            socket.fail(SocketErrors.exception("send to " + socket, -result));
            return;
        }
        if (!queue.isEmpty() || endRequested) {
            schedule();
        }
        progress();
    }

    private void progress() {
        boolean writable = overHighWater && queue.queuedBytes() <= socket.config().lowWaterBytes();
        if (writable) {
            overHighWater = false;
        }
        boolean drained = queue.isEmpty();
        if (drained) {
            socket.closeStep();
        }
        if (socket.isClosing()) {
            return;
        }
        try {
            if (writable) {
                socket.handler().onWritable(socket);
            }
            if (drained && queue.isEmpty() && !socket.isClosing()) {
                socket.handler().onDrained(socket);
            }
        } catch (Throwable e) {
            socket.handlerFailed(e);
        }
    }

    /** Gives everything back that the kernel does not hold; the rest follows when it is done. */
    void fail(IOException cause) {
        if (failure == null) {
            failure = cause;
            if (!isPending()) {
                queue.fail(cause);
            }
        }
    }

    /** As above, when nothing completes any more. */
    void lost(IOException cause) {
        refusing = true;
        if (failure == null) {
            failure = cause;
        }
        queue.sent(0); // the kernel may still read: this loop's memory is never used again
        queue.fail(cause);
        Runnable waiter = waitsForRoom;
        waitsForRoom = null;
        if (waiter != null) {
            waiter.run();
        }
    }

    @Override
    public String toString() {
        return "send of " + socket;
    }
}
