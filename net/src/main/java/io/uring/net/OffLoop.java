package io.uring.net;

import io.uring.reactor.Reactor;
import io.uring.reactor.ReceivedBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Between a loop and a handler that runs on an executor. The loop's callbacks become events in a
 * queue, which one run at a time works off; the calls of the other threads become tasks on the
 * loop. Received bytes in the queue are not released, so the receiver stops by itself when the
 * handler is slow.
 */
final class OffLoop implements StreamHandler, Runnable {
    /** Then another connection gets the thread of a pool. */
    private static final int EVENTS_PER_RUN = 64;

    private enum Event {
        OPEN,
        RESUMED,
        END_OF_INPUT,
        WRITABLE,
        DRAINED,
        IDLE,
        STOP,
        CLOSE
    }

    private final StreamSocket socket;
    private final Reactor reactor;
    private final StreamHandler handler;
    private final Executor executor;

    /** Of received buffers, events, and listeners to tell. */
    private final Queue<Object> events = new ConcurrentLinkedQueue<>();

    /** Events not worked off yet; whoever adds the first starts a run. */
    private final AtomicInteger pending = new AtomicInteger();

    /** All bytes that other threads ever wrote; the queue knows which of them have left. */
    private final AtomicLong handedOver = new AtomicLong();

    /** A write has returned false, and onWritable is still to come. Of the loop. */
    private boolean owesWritable;

    private volatile boolean paused;

    /** The handler is told nothing any more but its end. */
    private volatile boolean ending;

    private volatile boolean outputEnded;
    private volatile boolean refused;
    private volatile @Nullable IOException cause;

    // Of the run, one at a time.
    private final ArrayDeque<ReceivedBuffer> held = new ArrayDeque<>(0);
    private boolean opened;
    private boolean ended;

    /** What the handler has in hand, until it writes it. */
    private @Nullable ReceivedBuffer delivering;

    OffLoop(StreamSocket socket, StreamHandler handler, Executor executor) {
        this.socket = socket;
        this.reactor = socket.reactor();
        this.handler = handler;
        this.executor = executor;
    }

    // On the loop.

    @Override
    public void onOpen(StreamSocket from) {
        add(Event.OPEN);
    }

    @Override
    public void onData(StreamSocket from, ReceivedBuffer data) {
        add(data);
    }

    @Override
    public void onEndOfInput(StreamSocket from) {
        add(Event.END_OF_INPUT);
    }

    @Override
    public void onWritable(StreamSocket from) {
        if (owesWritable) {
            checkWritable();
        } else {
            add(Event.WRITABLE); // after a write on the loop itself
        }
    }

    @Override
    public void onDrained(StreamSocket from) {
        checkWritable();
        add(Event.DRAINED);
    }

    @Override
    public void onIdle(StreamSocket from) {
        add(Event.IDLE);
    }

    @Override
    public void onStop(StreamSocket from) {
        add(Event.STOP);
    }

    @Override
    public void onClose(StreamSocket from, @Nullable IOException failure) {
        cause = failure;
        if (from.isLoopClosed()) {
            ending = true; // the memory of what was received goes with the loop
        }
        add(Event.CLOSE);
    }

    /** The loop's own mark does not count the bytes on their way to it. */
    private void checkWritable() {
        if (owesWritable && queuedBytes() <= socket.config().lowWaterBytes()) {
            owesWritable = false;
            add(Event.WRITABLE);
        }
    }

    // From any thread to the run.

    private void add(Object event) {
        events.add(event);
        if (pending.getAndIncrement() != 0) {
            return;
        }
        if (!refused) {
            try {
                executor.execute(this);
                return;
            } catch (RejectedExecutionException e) {
                refuse(e);
            }
        }
        run(); // nobody else does: only gives back, and tells the end
    }

    private void refuse(RejectedExecutionException e) {
        refused = true;
        ending = true;
        onLoop(() -> socket.abort(new IOException("the executor refuses callbacks: " + e, e)));
    }

    /** Works off the queue; the counter hands all that a run has left to the next one. */
    @Override
    public void run() {
        for (int done = 1; ; done++) {
            Object event = java.util.Objects.requireNonNull(events.poll());
            try {
                handle(event);
            } catch (Throwable e) { // or nothing would ever be worked off again
                failed(e);
            }
            if (pending.decrementAndGet() == 0) {
                return;
            }
            if (done >= EVENTS_PER_RUN && !refused && handedOn()) {
                return;
            }
        }
    }

    private boolean handedOn() {
        try {
            executor.execute(this);
            return true;
        } catch (RejectedExecutionException e) {
            return false; // to the end of the queue, then
        }
    }

    private void handle(Object event) {
        if (event instanceof ReceivedBuffer data) {
            received(data);
        } else if (event instanceof Runnable listener) {
            listener.run();
        } else if (event == Event.CLOSE) {
            close(cause);
        } else if (!ending) {
            tell((Event) event);
        }
    }

    private void tell(Event event) {
        switch (event) {
            case OPEN -> {
                opened = true;
                handler.onOpen(socket);
            }
            case RESUMED -> deliverHeld();
            case END_OF_INPUT -> {
                ended = true;
                deliverHeld();
            }
            case WRITABLE -> handler.onWritable(socket);
            case DRAINED -> handler.onDrained(socket);
            case IDLE -> handler.onIdle(socket);
            case STOP -> handler.onStop(socket);
            case CLOSE -> throw new AssertionError("not here");
        }
    }

    private void received(ReceivedBuffer data) {
        if (ending) {
            data.release();
        } else if (paused || !held.isEmpty()) {
            held.addLast(data);
        } else {
            deliver(data);
        }
    }

    private void deliverHeld() {
        while (!paused && !ending) {
            ReceivedBuffer data = held.pollFirst();
            if (data != null) {
                deliver(data);
                continue;
            }
            if (ended) {
                ended = false;
                handler.onEndOfInput(socket);
            }
            return;
        }
    }

    private void deliver(ReceivedBuffer data) {
        delivering = data;
        int lending = data.lending();
        try {
            handler.onData(socket, data);
        } catch (Throwable e) {
            if (delivering == data) {
                giveBack(data, lending);
            }
            failed(e);
        }
        delivering = null;
    }

    /** On the loop, which alone knows whether it has lent the same object again meanwhile. */
    private void giveBack(ReceivedBuffer data, int lending) {
        onLoop(() -> {
            if (data.isLent() && data.lending() == lending) {
                data.release();
            }
        });
    }

    private void failed(Throwable failure) {
        ending = true;
        onLoop(() -> socket.handlerFailed(failure));
    }

    private void close(@Nullable IOException reason) {
        ending = true;
        held.forEach(ReceivedBuffer::release);
        held.clear();
        if (opened) {
            opened = false;
            try {
                handler.onClose(socket, reason);
            } catch (Throwable e) {
                Reactor.report(handler, e);
            }
        }
    }

    // From any thread to the loop.

    boolean write(ByteBuffer source) {
        if (!isOpen()) {
            return false;
        }
        int bytes = source.remaining();
        boolean room = handOver(bytes);
        try {
            ByteBuffer copy = ByteBuffer.allocate(bytes).put(source).flip();
            passOn(bytes, room, () -> socket.write(copy), () -> {});
        } catch (OutOfMemoryError e) {
            handedOver.addAndGet(-bytes); // the caller keeps them
            throw e;
        }
        return room;
    }

    boolean write(ReceivedBuffer data) {
        if (!isOpen()) {
            data.release();
            return false;
        }
        int bytes = data.remaining();
        boolean room = handOver(bytes);
        if (delivering == data) {
            delivering = null;
        }
        passOn(bytes, room, () -> socket.write(data), data::release);
        return room;
    }

    boolean write(MemorySegment data, WriteListener listener) {
        WriteListener inOrder = failure -> add((Runnable) () -> listener.written(failure));
        if (!isOpen()) {
            inOrder.written(new SocketException("Socket closed"));
            return false;
        }
        boolean room = handOver(data.byteSize());
        passOn(
                data.byteSize(),
                room,
                () -> socket.write(data, inOrder),
                () -> inOrder.written(new SocketException("Socket closed")));
        return room;
    }

    /** The file was entered. */
    boolean write(OpenFile file, long position, long length, WriteListener listener) {
        WriteListener inOrder = failure -> add((Runnable) () -> listener.written(failure));
        Runnable unsent =
                () -> {
                    file.exit();
                    inOrder.written(new SocketException("Socket closed"));
                };
        if (!isOpen()) {
            unsent.run();
            return false;
        }
        boolean room = handOver(0);
        passOn(0, room, () -> socket.writeEntered(file, position, length, inOrder), unsent);
        return room;
    }

    private boolean isOpen() {
        return !ending && !outputEnded && socket.isOpen();
    }

    /** Counts the bytes as written. Returns whether there is room for more. */
    private boolean handOver(long bytes) {
        long most = socket.config().maxQueuedBytes();
        while (true) {
            long before = handedOver.get();
            long unsent = before - queue().settledBytes();
            if (bytes > most - unsent) { // and not by their sum, which may be too large for a long
                throw new IllegalStateException(
                        "%d bytes are written to %s and not sent, %d more exceed maxQueuedBytes %d"
                                .formatted(unsent, socket, bytes, most));
            }
            if (handedOver.compareAndSet(before, before + bytes)) {
                return unsent + bytes < socket.config().highWaterBytes();
            }
        }
    }

    private void passOn(long bytes, boolean room, Runnable write, Runnable unsent) {
        Runnable task =
                () -> {
                    queue().arriving(bytes);
                    try {
                        write.run();
                    } catch (Throwable e) { // nothing of it was queued
                        socket.handlerFailed(e);
                        unsent.run();
                    }
                    queue().settle();
                    owesWritable |= !room;
                    checkWritable();
                };
        try {
            reactor.execute(task);
        } catch (RejectedExecutionException e) {
            unsent.run();
        }
    }

    private SendQueue queue() {
        return socket.sender.queue;
    }

    void pause() {
        paused = true;
        onLoop(socket::pauseReading);
    }

    void resume() {
        paused = false;
        add(Event.RESUMED);
        onLoop(socket::resumeReading);
    }

    void shutdownOutput() {
        outputEnded = true;
        onLoop(socket::shutdownOutput);
    }

    void cork() {
        onLoop(socket::cork);
    }

    void uncork() {
        onLoop(socket::uncork);
    }

    void close() {
        ending = true;
        onLoop(socket::close);
    }

    void abort(Throwable reason) {
        ending = true;
        onLoop(() -> socket.abort(reason));
    }

    /** All that is written and not sent; from any thread, a moment old. */
    long queuedBytes() {
        long settled = queue().settledBytes(); // first: what leaves meanwhile must not count twice
        return handedOver.get() - settled;
    }

    private void onLoop(Runnable task) {
        try {
            reactor.execute(task);
        } catch (RejectedExecutionException e) {
            // The loop has closed, and the connection with it.
        }
    }

    @Override
    public String toString() {
        return handler.toString();
    }
}
