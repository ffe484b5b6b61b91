package io.uring.net;

import static java.util.Objects.requireNonNull;

import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.Opcode;
import io.uring.ring.OperationLimitException;
import io.uring.ring.PollOps;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
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

    /** Of the queued bytes, those that a cork does not hold back: a rest of a short send, too. */
    private long owedBytes;

    /** From the first large write on. */
    private @Nullable ZeroCopySender zeroCopy;

    private boolean endRequested;
    private boolean endSent;
    private @Nullable IOException failure;

    Sender(StreamSocket socket) {
        this.socket = socket;
        this.reactor = socket.reactor();
        // The report came with 6.2, of which there is no sign; this one is of 6.3.
        boolean reportsUsage = reactor.ring().capabilities().has(Feature.REG_REG_RING);
        this.queue = new SendQueue(reactor.buffers(), reportsUsage);
    }

    /** Memory of the caller's, copied by the kernel or not. */
    void write(MemorySegment data, WriteListener listener) {
        if (data.byteSize() >= socket.config().zeroCopyBytes()) {
            if (zeroCopy == null) {
                zeroCopy = new ZeroCopySender(this, reactor);
            }
            if (zeroCopy.isOn()) {
                queue.add(data, 0, data.byteSize(), new ZeroCopyWrite(listener));
                return;
            }
        }
        queue.add(data, 0, data.byteSize(), listener);
    }

    /** Whether large writes are sent without a copy: from the first one, as long as that is one. */
    boolean isZeroCopy() {
        return zeroCopy != null && zeroCopy.isOn();
    }

    Descriptor descriptor() {
        return socket.descriptor();
    }

    /** Asks for the end of what is under way, and of {@code receiver}. */
    void cancelAll(Operation receiver) {
        Operation other = zeroCopy == null ? null : zeroCopy.current();
        reactor.cancelAll(descriptor(), other == null ? this : other, receiver);
    }

    /** Whether bytes can still be written. */
    boolean isOpen() {
        return !refusing && failure == null;
    }

    /** Whether bytes are on their way into the kernel. */
    private boolean isSending() {
        return isPending() || (zeroCopy != null && zeroCopy.isSending());
    }

    boolean isBusy() {
        return isSending() || shutdown.isPending() || room.isPending();
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
        if (!flushScheduled && !isSending() && !isHeldBack()) {
            flushScheduled = true;
            reactor.beforeSubmit(flush);
        }
    }

    private void flush() {
        flushScheduled = false;
        if (isSending() || failure != null) {
            return;
        }
        if (queue.isReady()) {
            owedBytes = queue.queuedBytes();
            send();
        } else if (queue.isEmpty() && endRequested && !endSent && socket.isOpen()) {
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
        owedBytes = queue.queuedBytes();
    }

    void uncork() {
        corked = false;
        if (!queue.isEmpty()) {
            schedule();
        }
    }

    private boolean isHeldBack() {
        StreamConfig config = socket.config();
        // Received buffers that wait here count as read ahead: more of them would never come.
        long much = Math.min(config.highWaterBytes(), config.readAheadBytes());
        boolean held = corked && owedBytes == 0 && queue.queuedBytes() < much;
        return held && !refusing && !queue.hasFiles();
    }

    /** A block of a file can be sent. */
    void fileReady() {
        schedule();
    }

    private void send() {
        ZeroCopyWrite write = queue.zeroCopyHead();
        try {
            if (write != null && zeroCopy != null) {
                zeroCopy.send(write);
            } else {
                reactor.submit(this);
            }
        } catch (Throwable e) { // of memory, too: nobody would try again
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
        sent(result);
    }

    @Override
    protected void completionFailed(Throwable cause) {
        socket.handlerFailed(cause);
    }

    /** Unix sockets have no zero copy, and locked memory is limited for all of a user's sends. */
    private static boolean isRefusal(int result) {
        return result == -Errno.EOPNOTSUPP || result == -Errno.ENOMEM || result == -Errno.ENOBUFS;
    }

    /** A send has ended. */
    void sent(int result) {
        long before = queue.queuedBytes();
        queue.sent(Math.max(result, 0));
        owedBytes = Math.max(0, owedBytes - (before - queue.queuedBytes()));
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
        if (isZeroCopy() && isRefusal(result)) {
            requireNonNull(zeroCopy).turnOff();
        } else if (result < 0 && result != -Errno.EINTR && result != -Errno.EAGAIN) {
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
        if (!socket.isOpen()) {
            return;
        }
        try {
            if (writable) {
                socket.handler().onWritable(socket);
            }
            if (drained && queue.isEmpty() && socket.isOpen()) {
                socket.handler().onDrained(socket);
            }
        } catch (Throwable e) {
            socket.handlerFailed(e);
        }
    }

    /** The socket is closed; notifications may be to come. */
    void closed() {
        if (zeroCopy != null) {
            zeroCopy.outliveSocket();
        }
    }

    /** Gives everything back that the kernel does not hold; the rest follows when it is done. */
    void fail(IOException cause) {
        if (failure == null) {
            failure = cause;
        }
        if (!isSending()) {
            queue.fail(failure); // the rest of it, when it found no memory before
        }
    }

    /** As above, when nothing completes any more. */
    void lost(IOException cause) {
        refusing = true;
        if (failure == null) {
            failure = cause;
        }
        if (zeroCopy != null) {
            zeroCopy.lost(cause);
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
