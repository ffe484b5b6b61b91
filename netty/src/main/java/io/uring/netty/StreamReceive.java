package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import io.uring.reactor.BufferGroup;
import io.uring.reactor.Chunk;
import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.Cqe;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a stream. One receive stays armed from the first read on, into the loop's
 * shared buffers. It is cancelled only when data comes that nobody asked for: such data is held
 * until the next read, so that switching auto-read off and on costs nothing.
 */
final class StreamReceive extends ChannelOperation implements ReceivedBuffer.Owner, Runnable {
    /**
     * What the end of a shared buffer has torn is copied together up to this size: of requests that
     * come in one packet, whose readers may count on getting them in one piece, as from other
     * transports. Larger ones are parts of streams, for which a copy costs more than a message.
     */
    private static final int MOST_JOINED_BYTES = 8 * 1024;

    private final UringStreamChannel channel;

    /** Bytes, and descriptors of unix sockets. */
    private final ArrayDeque<Object> held = new ArrayDeque<>(0);

    /** Set while a receive without the shared buffers is armed. */
    private @Nullable Chunk chunk;

    /** From the first receive of descriptors on. */
    private @Nullable DescriptorMessage descriptors;

    /** The receive that is armed is one of descriptors. */
    private boolean forDescriptors;

    /** Somebody asked for data. */
    private boolean readPending;

    /** Between the first message of a read loop and its {@code channelReadComplete}. */
    private boolean reading;

    private boolean cancelling;
    private boolean deliveryScheduled;
    private boolean armScheduled;

    /** Nothing comes any more: end of stream, an error, or shut down. */
    private boolean ended;

    /** The peer has closed; what it sent before is delivered whether asked for or not. */
    private boolean peerClosed;

    private @Nullable IOException failure;

    /**
     * Nothing has come since it was armed. If there was nothing then, the kernel limits what comes
     * first to what was left of a buffer then, whichever buffer it gets into now (seen on 6.18).
     */
    private boolean first;

    /** Ended where a buffer ended; the next completion, which the kernel owes, brings the rest. */
    private @Nullable ByteBuf torn;

    StreamReceive(UringStreamChannel channel) {
        super(channel);
        this.channel = channel;
    }

    /** Asks for data: for one read loop, or for as long as auto-read is on. */
    void read() {
        if (ended && held.isEmpty()) {
            return;
        }
        readPending = true;
        if (!held.isEmpty()) {
            scheduleDelivery();
        } else if (!reading) {
            arm();
        }
    }

    /** Data is no longer wanted. What comes is held, and then the receive is cancelled. */
    void readNoMore() {
        readPending = false;
    }

    /** The loop is left: a task of it must not receive here. */
    void leave() {
        armScheduled = false;
        deliveryScheduled = false;
    }

    /** On a new loop: what was asked for and did not come. */
    void resume() {
        if (isWanted() && !held.isEmpty()) {
            scheduleDelivery();
        } else if (isWanted()) {
            arm();
        }
    }

    /** The peer has closed its side, though nobody reads. */
    void peerClosed() {
        peerClosed = true;
        if (!held.isEmpty()) {
            scheduleDelivery();
        } else {
            arm();
        }
    }

    /** Or about to be. */
    boolean isArmed() {
        return isPending() || armScheduled;
    }

    boolean hasEnded() {
        return ended;
    }

    private boolean isWanted() {
        return readPending || peerClosed;
    }

    /** At the end of the turn, behind what the turn sends. */
    private void arm() {
        if (!armScheduled && !isPending() && !ended && channel.isOnThisLoop()) {
            armScheduled = true;
            channel.reactor().beforeSubmit(this);
        }
    }

    /** At the end of the turn: arms. */
    @Override
    public void run() {
        if (!channel.isOnThisLoop()) {
            return; // it has left since
        }
        armScheduled = false;
        if (!isPending() && !ended && channel.isActive()) {
            cancelling = false;
            try {
                channel.submit(this);
            } catch (RuntimeException | OutOfMemoryError e) { // nobody would hear the peer
                channel.pipeline().fireExceptionCaught(e);
                channel.closeAfterFailure();
            }
        }
    }

    private void disarm() {
        if (isPending() && !cancelling) {
            cancelling = true;
            channel.reactor().cancel(this);
        }
    }

    /** What comes from now on is received in the channel's other mode. */
    void modeChanged() {
        disarm();
    }

    /** Not from inside the caller's handler. */
    private void scheduleDelivery() {
        if (!deliveryScheduled && !reading && channel.isOnThisLoop()) {
            deliveryScheduled = true;
            channel.eventLoop().execute(this::deliverHeld);
        }
    }

    private void deliverHeld() {
        if (!channel.isOnThisLoop()) {
            return; // it has left since
        }
        deliveryScheduled = false;
        if (isWanted()) {
            deliverLoop();
        }
        if (held.isEmpty()) {
            if (ended) {
                end();
            } else if (isWanted()) {
                arm();
            }
        }
    }

    /** One read loop out of what is held. */
    private void deliverLoop() {
        boolean goOn = true;
        while (goOn && !held.isEmpty() && channel.isActive()) {
            Object next = held.removeFirst();
            deliver(next, !held.isEmpty());
            goOn = reading;
        }
    }

    /** The channel is closed: gives back what nobody will read. */
    void closed() {
        ended = true;
        held.forEach(StreamReceive::giveBack);
        held.clear();
        if (torn != null) {
            torn.release();
            torn = null;
        }
    }

    private static void giveBack(Object received) {
        if (received instanceof FileDescriptor descriptor) {
            SocketCalls.close(descriptor.intValue()); // nobody else has seen it
        } else {
            ReferenceCountUtil.release(received);
        }
    }

    @Override
    protected void prepare(Sqe sqe) {
        forDescriptors = channel.receivesDescriptors();
        first = true;
        if (forDescriptors) {
            DescriptorMessage message = descriptors;
            if (message == null) {
                message = DescriptorMessage.toReceive();
                descriptors = message;
            }
            message.receive(sqe, channel.descriptor());
            return;
        }
        BufferGroup buffers = channel.reactor().buffers();
        if (buffers.isExhausted()) {
            if (buffers.isShared()) {
                channel.reactor().counters().exhausted();
            }
            Chunk memory = buffers.takeChunk();
            chunk = memory;
            SocketOps.recv(sqe, channel.descriptor(), memory.memory(), 0);
        } else if (channel.reactor().ring().capabilities().has(Feature.MULTISHOT_RECV)) {
            SocketOps.recvMultishot(sqe, channel.descriptor(), buffers.group());
        } else {
            SocketOps.recvSelect(sqe, channel.descriptor(), buffers.group(), 0);
        }
    }

    @Override
    protected void completed(int result, int flags) {
        ByteBuf data = received(result, flags);
        if (data != null) {
            bytesArrived(data, flags);
        } else {
            deliverTorn(false); // before what comes instead of the rest
            if (result > 0) {
                descriptorsArrived();
            } else if (result == 0) {
                ended(null);
            } else {
                failed(-result);
            }
        }
        if (!isPending()) {
            if (reading && !ended) {
                complete(); // the next message may be long in coming
            }
            if (!isWanted()) {
                channel.watchPeer();
            } else if (held.isEmpty()) {
                arm();
            }
        }
    }

    private @Nullable ByteBuf received(int result, int flags) {
        BufferGroup buffers = channel.reactor().buffers();
        ReceivedBuffer data = null;
        Chunk memory = chunk;
        if ((flags & Cqe.F_BUFFER) != 0) {
            data = buffers.take(result, flags, this);
        } else if (memory != null) {
            chunk = null;
            if (result > 0) {
                data = buffers.lend(memory, result, this);
            } else {
                buffers.returnChunk(memory);
            }
        }
        return data == null ? null : UringByteBuf.of(data, channel.alloc(), buffers);
    }

    private void bytesArrived(ByteBuf data, int flags) {
        boolean more = (flags & Cqe.F_MORE) != 0 && (flags & Cqe.F_SOCK_NONEMPTY) != 0;
        boolean mayBeTorn = first || (flags & Cqe.F_BUF_MORE) == 0;
        first = false;
        if (torn != null) {
            arrived(joined(torn, data), more);
        } else if (more
                && mayBeTorn
                && data.readableBytes() < MOST_JOINED_BYTES
                && channel.isActive()) {
            torn = data;
        } else {
            arrived(data, more);
        }
    }

    /** Both in one piece if that is small; otherwise the second one, after the first has gone. */
    private ByteBuf joined(ByteBuf start, ByteBuf rest) {
        int bytes = start.readableBytes() + rest.readableBytes();
        if (bytes > MOST_JOINED_BYTES) {
            deliverTorn(true);
            return rest;
        }
        try {
            ByteBuf both = channel.alloc().directBuffer(bytes);
            both.writeBytes(start).writeBytes(rest);
            torn = null;
            start.release();
            return both;
        } finally {
            rest.release(); // also without memory for both, which ends the channel
        }
    }

    private void deliverTorn(boolean more) {
        ByteBuf alone = torn;
        if (alone != null) {
            torn = null;
            arrived(alone, more);
        }
    }

    private void arrived(ByteBuf data, boolean more) {
        channel.reactor().counters().received(data.readableBytes());
        if (!channel.isActive()) {
            data.release();
            return;
        }
        int most = channel.mostPerRead();
        if (held.isEmpty() && data.readableBytes() <= most && (reading || isWanted())) {
            deliver(data, more);
            return;
        }
        boolean first = held.isEmpty();
        hold(data, most);
        if (first && (reading || isWanted())) {
            deliverLoop();
        } else if (isWanted()) {
            scheduleDelivery();
        }
        if (!held.isEmpty()) {
            disarm();
        }
    }

    private void descriptorsArrived() {
        DescriptorMessage message = descriptors;
        if (message == null) {
            throw new IllegalStateException("no message");
        }
        boolean first = held.isEmpty();
        int[] numbers = message.received();
        for (int fd : numbers) {
            if (channel.isActive()) {
                held.addLast(new ReceivedDescriptor(fd));
            } else {
                SocketCalls.close(fd);
            }
        }
        if (first && (reading || isWanted())) {
            deliverLoop();
        }
        IOException complaint = message.complaint(numbers.length, channel);
        if (complaint != null && channel.isActive()) {
            channel.pipeline().fireExceptionCaught(complaint);
        }
    }

    /** In pieces as large as the application's allocator would have made them. */
    private void hold(ByteBuf data, int most) {
        while (data.readableBytes() > most) {
            held.addLast(data.readRetainedSlice(most));
        }
        held.addLast(data);
    }

    /**
     * One message of a read loop.
     *
     * @param more whether the next one is there already
     */
    @SuppressWarnings("deprecation") // of the handle, which Netty itself still uses
    private void deliver(Object data, boolean more) {
        RecvByteBufAllocator.Handle loop = channel.receiveLoop();
        if (!reading) {
            loop.reset(channel.config());
            reading = true;
        }
        int bytes = data instanceof ByteBuf buffer ? buffer.readableBytes() : 1;
        loop.attemptedBytesRead(more ? bytes : bytes + 1);
        loop.lastBytesRead(bytes);
        loop.incMessagesRead(1);
        readPending = false;
        channel.pipeline().fireChannelRead(data);
        if (!more || !(loop.continueReading() || peerClosed)) {
            complete();
        }
    }

    /** Ends a read loop. */
    private void complete() {
        if (!reading) {
            return; // the handler closed the channel, or the like
        }
        reading = false;
        channel.receiveLoop().readComplete();
        channel.pipeline().fireChannelReadComplete();
        if (!channel.isActive()) {
            return;
        }
        if (!held.isEmpty() && isWanted()) {
            scheduleDelivery();
        } else if (!isWanted() && !isPending()) {
            channel.watchPeer();
        }
    }

    private void failed(int errno) {
        switch (errno) {
            // The next receive, if the group still is exhausted, brings its own memory.
            case Errno.ENOBUFS -> channel.reactor().counters().exhausted();
            case Errno.ECANCELED, Errno.EINTR, Errno.EAGAIN -> {}
            default -> ended(Errors.exception("recv of " + channel, errno));
        }
    }

    private void ended(@Nullable IOException cause) {
        if (ended) {
            return;
        }
        ended = true;
        failure = cause;
        peerClosed = true;
        if (held.isEmpty()) {
            end();
        } else {
            scheduleDelivery();
        }
    }

    private void end() {
        if (!channel.isActive()) {
            return;
        }
        ChannelPipeline pipeline = channel.pipeline();
        IOException cause = failure;
        if (reading) {
            reading = false;
            channel.receiveLoop().readComplete();
            pipeline.fireChannelReadComplete();
        }
        if (cause != null) {
            failure = null;
            channel.sendsFail(cause);
            pipeline.fireExceptionCaught(cause);
        }
        channel.inputEnded(cause != null);
    }

    @Override
    public void bufferReleased(int bytes) {}
}
