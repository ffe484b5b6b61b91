package io.uring.net;

import io.uring.reactor.BufferGroup;
import io.uring.reactor.DatagramMessage;
import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import java.io.IOException;
import java.net.SocketException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of a datagram socket. Each datagram is an operation of its own, at most {@value
 * #MAX_IN_FLIGHT} of them in flight; the rest waits in order. Without an object per datagram.
 */
final class DatagramSender {
    /** More than the kernel's default send buffer holds, and a small part of a loop's queues. */
    static final int MAX_IN_FLIGHT = 128;

    private final DatagramSocket socket;
    private final Reactor reactor;
    private final BufferGroup buffers;
    private final boolean sendsToAddresses;
    final CopySpace copies;

    /** Every one that was ever made. */
    private final List<DatagramSend> all = new ArrayList<>();

    private final ArrayDeque<DatagramSend> idle = new ArrayDeque<>();
    private final ArrayDeque<DatagramSend> waiting = new ArrayDeque<>();
    private int inFlight;
    private long queuedBytes;
    private boolean overHighWater;
    private boolean refusing;
    private @Nullable IOException failure;

    /** On the loop. */
    DatagramSender(DatagramSocket socket) {
        this.socket = socket;
        this.reactor = socket.reactor();
        this.buffers = reactor.buffers();
        this.copies = new CopySpace(buffers);
        // SEND with an address came with the same release.
        this.sendsToAddresses = reactor.ring().capabilities().has(Feature.MULTISHOT_RECV);
    }

    boolean isOpen() {
        return !refusing && failure == null;
    }

    boolean isBusy() {
        return inFlight > 0 || !waiting.isEmpty();
    }

    long queuedBytes() {
        return queuedBytes;
    }

    BufferGroup buffers() {
        return buffers;
    }

    DatagramSend take() {
        DatagramSend send = idle.pollFirst();
        if (send == null) {
            send = new DatagramSend(this);
            all.add(send);
        }
        return send;
    }

    /** Sends, now or after those that wait. Returns whether there is room for more. */
    boolean send(DatagramSend send) {
        queuedBytes += send.cost();
        if (inFlight < MAX_IN_FLIGHT && waiting.isEmpty()) {
            submit(send);
        } else {
            waiting.addLast(send);
        }
        boolean room = queuedBytes < socket.config().highWaterBytes();
        overHighWater |= !room;
        return room;
    }

    private void submit(DatagramSend send) {
        inFlight++;
        try {
            reactor.submit(send);
        } catch (RuntimeException e) {
            // Its memory was closed, or too many operations wait. Not from inside the caller's
            // call.
            IOException cause = new IOException(send + " on " + socket + ": " + e.getMessage(), e);
            reactor.execute(() -> ended(send, cause));
        }
    }

    /** Takes no more datagrams; what is queued is still sent. */
    void refuse() {
        refusing = true;
    }

    void completed(DatagramSend send, int result) {
        if (result >= 0) {
            reactor.counters().sent(result);
            ended(send, null);
        } else if (failure != null) {
            ended(send, failure);
        } else if (result == -Errno.EINTR || result == -Errno.EAGAIN) {
            inFlight--;
            submit(send);
        } else if (result == -Errno.ECANCELED) {
            ended(send, new SocketException(send + " on " + socket + ": the loop was closed"));
        } else {
            ended(send, DatagramErrors.ofSend(send + " on " + socket, -result));
        }
    }

    private void ended(DatagramSend send, @Nullable IOException cause) {
        inFlight--;
        finish(send, cause);
        while (inFlight < MAX_IN_FLIGHT && !waiting.isEmpty()) {
            submit(waiting.removeFirst());
        }
        if (overHighWater && queuedBytes <= socket.config().lowWaterBytes() && isOpen()) {
            overHighWater = false;
            socket.writable();
        }
        if (!isBusy()) {
            socket.closeStep();
        }
    }

    private void finish(DatagramSend send, @Nullable IOException cause) {
        queuedBytes -= send.cost();
        WriteListener listener = send.end(copies, buffers);
        idle.addFirst(send);
        tell(listener, cause);
    }

    /** A listener's failure must not keep the others from hearing. */
    private void tell(@Nullable WriteListener listener, @Nullable IOException cause) {
        try {
            if (listener != null) {
                listener.written(cause);
            } else if (cause != null && failure == null) {
                socket.report(cause);
            }
        } catch (Throwable e) {
            Reactor.report(listener == null ? socket : listener, e);
        }
    }

    /** Gives everything back that the kernel does not hold; the rest follows when it is done. */
    void fail(IOException cause) {
        if (failure == null) {
            failure = cause;
            while (!waiting.isEmpty()) {
                finish(waiting.removeFirst(), cause);
            }
        }
    }

    /** What the kernel has, or what waits for room in its queues. */
    Operation[] pending() {
        return all.stream().filter(Operation::isPending).toArray(Operation[]::new);
    }

    /** As {@link #fail}, when nothing completes any more. */
    void lost(IOException cause) {
        failure = cause;
        waiting.clear();
        for (DatagramSend send : all) {
            if (send.isActive()) {
                tell(
                        send.isPending() ? send.endWithMemoryLost() : send.end(copies, buffers),
                        cause);
            }
        }
        inFlight = 0;
        queuedBytes = 0;
    }

    Descriptor descriptor() {
        return socket.descriptor();
    }

    int family() {
        return socket.family();
    }

    /** Whether SEND takes an address; otherwise it has to be SENDMSG. */
    boolean sendsToAddresses() {
        return sendsToAddresses;
    }

    DatagramMessage takeMessage() {
        return reactor.datagrams().takeMessage();
    }

    void returnMessage(DatagramMessage message) {
        reactor.datagrams().returnMessage(message);
    }
}
