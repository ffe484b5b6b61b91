package io.uring.net;

import io.uring.reactor.BufferGroup;
import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReceivedBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A receive that is armed while the application wants what comes. It stops when reading is paused,
 * and at a bound of what the application holds, until half of that is released; what comes before
 * the kernel has stopped is kept, and goes first.
 */
abstract class ContinuousReceive extends Operation implements ReceivedBuffer.Owner {
    final Reactor reactor;

    /** What came while reading was paused. */
    private final ArrayDeque<ReceivedBuffer> held = new ArrayDeque<>(0);

    private boolean started;
    private boolean paused;
    private boolean throttled;
    private boolean cancelling;
    private boolean ended;
    private boolean closed;

    /** What the application holds, by {@link #cost}. */
    private long unreleased;

    ContinuousReceive(Reactor reactor) {
        this.reactor = reactor;
    }

    /** Where received memory comes from. */
    abstract BufferGroup buffers();

    /** What a completion brought, or null. */
    abstract @Nullable ReceivedBuffer received(int result, int flags);

    /** A completion has brought nothing. */
    abstract void failed(int result);

    abstract void deliver(ReceivedBuffer data);

    /** All is delivered and {@link #end} was called. */
    abstract void deliverEnd();

    /** What a received buffer counts, released or not. */
    abstract int cost(int bytes);

    /** Receiving stops while more than this is not released. */
    abstract long readAhead();

    /** It cannot go on: no memory, or too many operations. */
    abstract void refused(Throwable cause);

    /** It is closed, and the kernel is done with it. */
    abstract void closeStep();

    final void start() {
        started = true;
        arm();
    }

    private void arm() {
        if (started && !isPending() && !paused && !throttled && !ended && !closed) {
            cancelling = false;
            try {
                reactor.submit(this);
            } catch (Throwable e) {
                refused(e); // not a silent stop
            }
        }
    }

    private void disarm() {
        if (isPending() && !cancelling) {
            reactor.cancel(this);
            cancelling = true;
        }
    }

    @Override
    protected final void completionFailed(Throwable cause) {
        refused(cause);
    }

    final void pause() {
        paused = true;
        disarm();
    }

    final void resume() {
        if (paused) {
            paused = false;
            deliverLater(); // not from inside the caller's callback
        }
    }

    final void deliverLater() {
        reactor.execute(this::deliverHeld);
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

    /** Nothing more will come. */
    final void end() {
        ended = true;
        if (!paused && !closed && held.isEmpty()) {
            deliverEnd();
        }
    }

    /** Nothing more will come, which the application hears in another way. */
    final void endSilently() {
        ended = true;
    }

    final boolean hasEnded() {
        return ended;
    }

    /**
     * Stops for good. What is held is given back; the socket waits until nothing is pending. May be
     * called again when it found no memory.
     */
    final void close() {
        closed = true;
        disarm();
        if (throttled) {
            throttled = false;
            buffers().stopWaiting();
        }
        for (ReceivedBuffer data = held.pollFirst(); data != null; data = held.pollFirst()) {
            data.release();
        }
    }

    @Override
    protected final void complete(int result, int flags) {
        ReceivedBuffer data = received(result, flags);
        if (data != null) {
            arrived(data);
        } else {
            failed(result);
        }
        if (!isPending()) {
            if (closed) {
                closeStep();
            } else {
                arm();
            }
        }
    }

    private void arrived(ReceivedBuffer data) {
        unreleased += cost(data.length());
        if (closed) {
            data.release();
        } else if (paused || !held.isEmpty()) {
            held.addLast(data);
        } else {
            deliver(data);
        }
        if (unreleased > readAhead() && !throttled && !closed) {
            throttled = true;
            buffers().startWaiting();
            disarm();
        }
    }

    @Override
    public final void bufferReleased(int bytes) {
        unreleased -= cost(bytes);
        if (throttled && unreleased <= readAhead() / 2) {
            throttled = false;
            buffers().stopWaiting();
            arm();
        }
    }
}
