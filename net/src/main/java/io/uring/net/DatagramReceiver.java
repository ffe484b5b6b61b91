package io.uring.net;

import io.uring.reactor.BufferGroup;
import io.uring.reactor.Chunk;
import io.uring.reactor.DatagramBuffers;
import io.uring.reactor.DatagramMessage;
import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.Cqe;
import io.uring.ring.DatagramOps;
import io.uring.ring.Errno;
import io.uring.ring.MessageHeader;
import io.uring.ring.Sqe;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a datagram socket. One receive is armed while the application wants
 * datagrams: a multishot one from the loop's buffers where the kernel has that, or one into a chunk
 * when those are exhausted or missing. It stops at a bound of datagrams that the application holds;
 * then the kernel's buffer fills, and it drops.
 */
final class DatagramReceiver extends Operation implements ReceivedBuffer.Owner {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private final DatagramSocket socket;
    private final Reactor reactor;

    /** Both set while a plain receive is armed. */
    private @Nullable Chunk chunk;

    private @Nullable DatagramMessage message;

    /** What came while reading was paused. */
    private final ArrayDeque<Datagram> held = new ArrayDeque<>(0);

    private boolean started;
    private boolean paused;
    private boolean throttled;
    private boolean cancelling;
    private boolean closed;
    private int unreleased;
    private int handlerFailures;

    DatagramReceiver(DatagramSocket socket) {
        this.socket = socket;
        this.reactor = socket.reactor();
    }

    void start() {
        started = true;
        arm();
    }

    private BufferGroup buffers() {
        return reactor.datagrams().group();
    }

    private void arm() {
        if (started && !isPending() && !paused && !throttled && !closed) {
            cancelling = false;
            try {
                reactor.submit(this);
            } catch (RuntimeException e) {
                socket.abort(e); // no memory, or too many operations: not a silent stop
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
            Datagram datagram = held.pollFirst();
            if (datagram == null) {
                arm();
                return;
            }
            deliver(datagram);
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
            buffers().stopWaiting();
        }
        held.forEach(Datagram::release);
        held.clear();
    }

    @Override
    protected void prepare(Sqe sqe) {
        DatagramBuffers memory = reactor.datagrams();
        BufferGroup group = memory.group();
        if (!group.isExhausted()) {
            DatagramOps.recvmsgMultishot(
                    sqe, socket.descriptor(), memory.sizes(), group.group(), 0);
            return;
        }
        if (group.isShared()) {
            reactor.counters().exhausted();
        }
        Chunk room = group.takeChunk();
        DatagramMessage parts = memory.takeMessage();
        chunk = room;
        message = parts;
        long bytes = (long) memory.bufferBytes() - DatagramBuffers.PAYLOAD;
        MessageHeader header = parts.header().source(parts.address()).control(parts.control());
        header.add(room.memory(), DatagramBuffers.PAYLOAD, bytes);
        DatagramOps.recvmsg(sqe, socket.descriptor(), header, 0);
    }

    @Override
    protected void complete(int result, int flags) {
        ReceivedBuffer data = received(result, flags);
        if (data != null) {
            arrived(Datagram.of(data));
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
            return buffers().take(result, flags, this);
        }
        Chunk room = chunk;
        DatagramMessage parts = message;
        if (room == null || parts == null) {
            return null;
        }
        chunk = null;
        message = null;
        if (result >= 0) {
            layOut(room.memory(), parts);
        }
        reactor.datagrams().returnMessage(parts);
        if (result >= 0) {
            return buffers().lend(room, result + DatagramBuffers.PAYLOAD, this);
        }
        buffers().returnChunk(room);
        return null;
    }

    /** As a multishot receive would have filled it. */
    private static void layOut(MemorySegment memory, DatagramMessage parts) {
        MessageHeader header = parts.header();
        memory.set(INT, 0, header.sourceBytes());
        memory.set(INT, 4, (int) header.controlBytes());
        memory.set(INT, 12, header.flags());
        MemorySegment.copy(
                parts.address().segment(),
                0,
                memory,
                DatagramBuffers.NAME,
                DatagramBuffers.NAME_BYTES);
        MemorySegment.copy(
                parts.control(), 0, memory, DatagramBuffers.CONTROL, DatagramBuffers.CONTROL_BYTES);
    }

    private void arrived(Datagram datagram) {
        reactor.counters().received(datagram.length());
        unreleased++;
        if (closed) {
            datagram.release();
        } else if (paused || !held.isEmpty()) {
            held.addLast(datagram);
        } else {
            deliver(datagram);
        }
        if (unreleased > socket.config().readAheadDatagrams() && !throttled && !closed) {
            throttled = true;
            buffers().startWaiting();
            disarm();
        }
    }

    private void failed(int errno) {
        switch (errno) {
            // The next receive, if the group still is exhausted, brings its own memory.
            case Errno.ENOBUFS -> reactor.counters().exhausted();
            case Errno.ECANCELED, Errno.EINTR, Errno.EAGAIN -> {}
            default -> {
                String what = "receive on " + socket;
                if (DatagramErrors.isReport(errno)) {
                    socket.report(SocketErrors.exception(what, errno));
                } else {
                    socket.fail(SocketErrors.exception(what, errno));
                }
            }
        }
    }

    private void deliver(Datagram datagram) {
        try {
            socket.handler().onDatagram(socket, datagram);
        } catch (Throwable e) {
            if (datagram.isForgotten()) {
                datagram.release(); // or each failure would cost the loop a buffer
            }
            // What every datagram of some sender triggers must not fill the log.
            if (Integer.bitCount(++handlerFailures) == 1) {
                Reactor.report(socket.handler(), e);
            }
        }
    }

    @Override
    public void bufferReleased(int bytes) {
        unreleased--;
        if (throttled && unreleased <= socket.config().readAheadDatagrams() / 2) {
            throttled = false;
            buffers().stopWaiting();
            arm();
        }
    }

    @Override
    public String toString() {
        return "receive on " + socket;
    }
}
