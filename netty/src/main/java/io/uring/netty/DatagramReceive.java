package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.RecvByteBufAllocator;
import io.uring.net.DatagramErrors;
import io.uring.reactor.BufferGroup;
import io.uring.reactor.Chunk;
import io.uring.reactor.DatagramBuffers;
import io.uring.reactor.DatagramMessage;
import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.Cqe;
import io.uring.ring.DatagramOps;
import io.uring.ring.Errno;
import io.uring.ring.MessageHeader;
import io.uring.ring.Sockaddr;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a datagram channel. One receive stays armed from the first read on, into
 * the loop's buffers for datagrams; without those, each datagram is an operation of its own. A read
 * loop is what has come in one turn. Datagrams that nobody asked for are held until the next read,
 * and then the receive is cancelled, so that the kernel's buffer fills and drops.
 */
final class DatagramReceive extends ChannelOperation implements ReceivedBuffer.Owner {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    // io_uring_recvmsg_out
    private static final int NAME_BYTES = 0;
    private static final int CONTROL_BYTES = 4;
    private static final int FLAGS = 12;

    private static final int IP_ORIGDSTADDR = 20;
    private static final int IPV6_ORIGDSTADDR = 74;
    private static final int V4_BYTES = 16;
    private static final int V6_BYTES = 28;

    private final UringPacketChannel channel;
    private final ArrayDeque<AddressedEnvelope<ByteBuf, ?>> held = new ArrayDeque<>(0);
    private final Runnable turnEnds = this::turnEnds;

    /** Both set while a receive without the shared buffers is armed. */
    private @Nullable Chunk chunk;

    private @Nullable DatagramMessage message;

    /** Somebody asked for data. */
    private boolean readPending;

    /** Between the first message of a read loop and its {@code channelReadComplete}. */
    private boolean reading;

    private boolean cancelling;
    private boolean endScheduled;
    private boolean deliveryScheduled;
    private boolean closed;

    DatagramReceive(UringPacketChannel channel) {
        super(channel);
        this.channel = channel;
    }

    /** Asks for data: for one read loop, or for as long as auto-read is on. */
    void read() {
        readPending = true;
        if (!reading) {
            goOn();
        }
    }

    /** Data is no longer wanted. What comes is held, and then the receive is cancelled. */
    void readNoMore() {
        readPending = false;
    }

    /** On a new loop: what was asked for and did not come. */
    void resume() {
        goOn();
    }

    /** The loop is left, with its turn. */
    void leave() {
        endScheduled = false;
        deliveryScheduled = false;
        complete();
    }

    private void goOn() {
        if (!readPending || closed) {
            return;
        }
        if (held.isEmpty()) {
            arm();
        } else if (!deliveryScheduled) { // not from inside the caller's handler
            deliveryScheduled = true;
            channel.eventLoop().execute(this::deliverHeld);
        }
    }

    private void arm() {
        if (isPending() || !channel.isActive() || !channel.isOnThisLoop()) {
            return;
        }
        cancelling = false;
        try {
            channel.submit(this);
        } catch (RuntimeException e) { // no memory, or too many operations: not a silent stop
            channel.receiveFailed(e, true);
        }
    }

    private void disarm() {
        if (isPending() && !cancelling) {
            cancelling = true;
            channel.reactor().cancel(this);
        }
    }

    private void deliverHeld() {
        if (!channel.isOnThisLoop()) {
            return; // it has left since
        }
        deliveryScheduled = false;
        while ((readPending || reading) && !held.isEmpty() && channel.isActive()) {
            deliver(held.removeFirst());
        }
        goOn();
    }

    /** The channel is closed: gives back what nobody will read. */
    void closed() {
        closed = true;
        held.forEach(AddressedEnvelope::release);
        held.clear();
    }

    @Override
    protected void prepare(Sqe sqe) {
        DatagramBuffers memory = channel.reactor().datagrams();
        BufferGroup group = memory.group();
        if (!group.isExhausted()) {
            MessageHeader sizes = isUnix() ? memory.unixSizes() : memory.sizes();
            DatagramOps.recvmsgMultishot(sqe, channel.descriptor(), sizes, group.group(), 0);
            return;
        }
        if (group.isShared()) {
            channel.reactor().counters().exhausted();
        }
        Chunk room = group.takeChunk();
        DatagramMessage parts = memory.takeMessage();
        chunk = room;
        message = parts;
        long bytes = (long) memory.bufferBytes() - DatagramBuffers.PAYLOAD;
        MessageHeader header = parts.header().source(parts.address());
        header.control(isUnix() ? null : parts.control()); // descriptors are not for us
        header.add(room.memory(), DatagramBuffers.PAYLOAD, bytes);
        DatagramOps.recvmsg(sqe, channel.descriptor(), header, 0);
    }

    private boolean isUnix() {
        return channel.socket.isUnix();
    }

    @Override
    protected void completed(int result, int flags) {
        try {
            ReceivedBuffer data = received(result, flags);
            if (data != null) {
                arrived(data);
            } else {
                failed(-result);
            }
        } finally {
            if (!isPending() && !reading) { // or at its end
                goOn();
            }
        }
    }

    private @Nullable ReceivedBuffer received(int result, int flags) {
        DatagramBuffers memory = channel.reactor().datagrams();
        BufferGroup group = memory.group();
        if ((flags & Cqe.F_BUFFER) != 0) {
            return group.take(result, flags, this);
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
        memory.returnMessage(parts);
        if (result >= 0) {
            return group.lend(room, result + DatagramBuffers.PAYLOAD, this);
        }
        group.returnChunk(room);
        return null;
    }

    /** As a multishot receive would have filled it. */
    private void layOut(MemorySegment memory, DatagramMessage parts) {
        MessageHeader header = parts.header();
        memory.set(INT, NAME_BYTES, header.sourceBytes());
        memory.set(INT, CONTROL_BYTES, (int) header.controlBytes());
        memory.set(INT, FLAGS, header.flags());
        MemorySegment name = parts.address().segment();
        if (isUnix()) {
            int length = DatagramBuffers.UNIX_NAME_BYTES;
            MemorySegment.copy(name, 0, memory, DatagramBuffers.NAME, length);
            return;
        }
        MemorySegment.copy(name, 0, memory, DatagramBuffers.NAME, DatagramBuffers.NAME_BYTES);
        MemorySegment control = parts.control();
        MemorySegment.copy(
                control, 0, memory, DatagramBuffers.CONTROL, DatagramBuffers.CONTROL_BYTES);
    }

    private void arrived(ReceivedBuffer data) {
        MemorySegment memory = data.memory();
        long start = data.offset();
        int nameBytes = memory.get(INT, start + NAME_BYTES);
        SocketAddress sender = channel.decode(memory, start + DatagramBuffers.NAME, nameBytes);
        SocketAddress recipient = null;
        int segmentBytes = 0;
        int used = memory.get(INT, start + CONTROL_BYTES);
        if (used > 0) {
            long at = start + DatagramBuffers.CONTROL;
            int whole = Math.min(used, DatagramBuffers.CONTROL_BYTES);
            recipient = originalRecipient(memory, at, whole);
            segmentBytes = segmentBytes(memory, at, whole);
        }
        data.skip(DatagramBuffers.PAYLOAD);
        channel.reactor().counters().received(data.remaining());
        ByteBuf content = content(data);
        if (sender == null) {
            sender = channel.remoteAddress();
        }
        if (segmentBytes <= 0 || segmentBytes >= content.readableBytes()) {
            offer(channel.received(content, recipient, sender));
            return;
        }
        while (content.isReadable()) {
            int bytes = Math.min(segmentBytes, content.readableBytes());
            offer(channel.received(content.readRetainedSlice(bytes), recipient, sender));
        }
        content.release();
    }

    private ByteBuf content(ReceivedBuffer data) {
        if (data.remaining() == 0) {
            data.release();
            return Unpooled.EMPTY_BUFFER;
        }
        BufferGroup group = channel.reactor().datagrams().group();
        return UringByteBuf.of(data, channel.alloc(), group);
    }

    /** The bytes of each of the datagrams that the kernel merged, or 0. */
    private static int segmentBytes(MemorySegment memory, long at, int used) {
        int udp = SocketCalls.IPPROTO_UDP;
        long found = ControlMessages.find(memory, at, used, udp, SocketCalls.UDP_GRO, 4);
        return found < 0 ? 0 : memory.get(INT, found);
    }

    private static @Nullable InetSocketAddress originalRecipient(
            MemorySegment memory, long at, int used) {
        int bytes = V4_BYTES;
        long found =
                ControlMessages.find(
                        memory, at, used, SocketCalls.IPPROTO_IP, IP_ORIGDSTADDR, bytes);
        if (found < 0) {
            bytes = V6_BYTES;
            found =
                    ControlMessages.find(
                            memory, at, used, SocketCalls.IPPROTO_IPV6, IPV6_ORIGDSTADDR, bytes);
        }
        return found < 0
                ? null
                : (InetSocketAddress) Sockaddr.decode(memory.asSlice(found, bytes), bytes);
    }

    private void offer(AddressedEnvelope<ByteBuf, ?> packet) {
        if (!channel.isActive()) {
            packet.release();
        } else if (held.isEmpty() && (reading || readPending)) {
            deliver(packet);
        } else {
            held.addLast(packet);
            disarm();
            goOn();
        }
    }

    /** One message of a read loop. */
    @SuppressWarnings("deprecation") // of the handle, which Netty itself still uses
    private void deliver(AddressedEnvelope<ByteBuf, ?> packet) {
        RecvByteBufAllocator.Handle loop = channel.receiveLoop();
        if (!reading) {
            loop.reset(channel.config());
            reading = true;
        }
        if (!endScheduled) {
            endScheduled = true;
            channel.reactor().beforeSubmit(turnEnds);
        }
        int bytes = Math.max(1, packet.content().readableBytes()); // none is not the end
        loop.attemptedBytesRead(bytes);
        loop.lastBytesRead(bytes);
        loop.incMessagesRead(1);
        readPending = false;
        channel.pipeline().fireChannelRead(packet);
        if (!loop.continueReading()) {
            complete();
        }
    }

    private void turnEnds() {
        if (channel.isOnThisLoop()) { // or it has left since, or is closed
            endScheduled = false;
            complete();
        }
    }

    /** Ends a read loop. */
    private void complete() {
        if (!reading) {
            return;
        }
        reading = false;
        channel.receiveLoop().readComplete();
        channel.pipeline().fireChannelReadComplete();
        goOn();
    }

    private void failed(int errno) {
        switch (errno) {
            // The next receive, if the group still is exhausted, brings its own memory.
            case Errno.ENOBUFS -> channel.reactor().counters().exhausted();
            case Errno.ECANCELED, Errno.EINTR, Errno.EAGAIN -> {}
            default -> {
                IOException cause = Errors.datagramException("receive on " + channel, errno);
                channel.receiveFailed(cause, !DatagramErrors.isReport(errno));
            }
        }
    }

    @Override
    public void bufferReleased(int bytes) {}
}
