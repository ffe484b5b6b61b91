package io.uring.net;

import io.uring.reactor.BufferGroup;
import io.uring.reactor.Chunk;
import io.uring.reactor.DatagramBuffers;
import io.uring.reactor.DatagramMessage;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.Cqe;
import io.uring.ring.DatagramOps;
import io.uring.ring.Errno;
import io.uring.ring.MessageHeader;
import io.uring.ring.Sqe;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a datagram socket: a multishot receive from the loop's buffers where the
 * kernel has that, or one into a chunk when those are exhausted or missing. With a slow application
 * the kernel's buffer fills, and it drops.
 */
final class DatagramReceiver extends ContinuousReceive {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private final DatagramSocket socket;

    /** Both set while a plain receive is armed. */
    private @Nullable Chunk chunk;

    private @Nullable DatagramMessage message;
    private int handlerFailures;

    DatagramReceiver(DatagramSocket socket) {
        super(socket.reactor());
        this.socket = socket;
    }

    @Override
    BufferGroup buffers() {
        return reactor.datagrams().group();
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
    @Nullable ReceivedBuffer received(int result, int flags) {
        ReceivedBuffer data = lent(result, flags);
        if (data != null) {
            reactor.counters().received(data.length() - DatagramBuffers.PAYLOAD);
        }
        return data;
    }

    private @Nullable ReceivedBuffer lent(int result, int flags) {
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

    @Override
    void failed(int result) {
        switch (-result) {
            // The next receive, if the group still is exhausted, brings its own memory.
            case Errno.ENOBUFS -> reactor.counters().exhausted();
            case Errno.ECANCELED, Errno.EINTR, Errno.EAGAIN -> {}
            default -> {
                IOException cause = SocketErrors.exception("receive on " + socket, -result);
                if (DatagramErrors.isReport(-result)) {
                    socket.report(cause);
                } else {
                    socket.fail(cause);
                }
            }
        }
    }

    @Override
    void deliver(ReceivedBuffer data) {
        Datagram datagram = Datagram.of(data);
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
    void deliverEnd() {
        throw new AssertionError("datagrams have no end");
    }

    @Override
    int cost(int bytes) {
        return 1;
    }

    @Override
    long readAhead() {
        return socket.config().readAheadDatagrams();
    }

    @Override
    void refused(Throwable cause) {
        socket.abort(cause);
    }

    @Override
    void closeStep() {
        socket.closeStep();
    }

    @Override
    public String toString() {
        return "receive on " + socket;
    }
}
