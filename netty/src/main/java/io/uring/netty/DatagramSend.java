package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.unix.SegmentedDatagramPacket;
import io.uring.reactor.DatagramBuffers;
import io.uring.reactor.DatagramMessage;
import io.uring.ring.DatagramOps;
import io.uring.ring.MessageHeader;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The send of one message of the queue; used again for later ones. */
final class DatagramSend extends ChannelOperation {
    private static final int UDP_SEGMENT = 103;

    private final UringPacketChannel channel;
    private final DatagramSender sender;
    private @Nullable Object message;
    private @Nullable ByteBuf bytes;
    private @Nullable SocketAddress recipient;
    private int segmentBytes;
    private boolean waits = true;

    /** What the kernel reads beside the payload, and the loop whose it is. */
    private @Nullable DatagramMessage parts;

    private @Nullable DatagramBuffers lender;

    private boolean ended;
    private @Nullable Throwable failure;

    /** The message is in no queue any more, and released when the kernel has read it. */
    private boolean kept;

    DatagramSend(UringPacketChannel channel, DatagramSender sender) {
        super(channel);
        this.channel = channel;
        this.sender = sender;
    }

    /** Starts over, with a message that stays alive until the send has ended. */
    DatagramSend of(Object next) {
        message = next;
        ended = false;
        failure = null;
        segmentBytes = next instanceof SegmentedDatagramPacket packet ? packet.segmentSize() : 0;
        if (next instanceof AddressedEnvelope<?, ?> envelope) {
            bytes = (ByteBuf) envelope.content();
            recipient = (SocketAddress) envelope.recipient();
        } else {
            bytes = (ByteBuf) next;
            recipient = null;
        }
        return this;
    }

    @Nullable Object message() {
        return message;
    }

    private ByteBuf bytes() {
        return java.util.Objects.requireNonNull(bytes);
    }

    boolean isEmpty() {
        return !bytes().isReadable();
    }

    boolean hasRecipient() {
        return recipient != null;
    }

    /** Whether it waits for room in the socket's buffer. */
    boolean waits() {
        return waits;
    }

    void waits(boolean on) {
        waits = on;
    }

    boolean hasEnded() {
        return ended;
    }

    /** What became of it, null for well; known before its turn in the queue may have come. */
    void end(@Nullable Throwable cause) {
        ended = true;
        failure = cause;
    }

    @Nullable Throwable failure() {
        return failure;
    }

    /** Forgets the message. */
    void clear() {
        message = null;
        bytes = null;
        recipient = null;
        failure = null;
        kept = false;
    }

    /** The queue gives the message up while the kernel reads it. */
    void keep() {
        if (isPending() && !kept) {
            kept = true;
            bytes().retain();
        }
    }

    @Override
    protected void prepare(Sqe sqe) {
        ByteBuf data = bytes();
        int flags = SocketOps.MSG_NOSIGNAL | (waits ? 0 : SocketOps.MSG_DONTWAIT);
        if (recipient == null && segmentBytes == 0 && data.hasMemoryAddress()) {
            SocketOps.send(
                    sqe,
                    channel.descriptor(),
                    NativeMemory.everything(),
                    data.memoryAddress() + data.readerIndex(),
                    data.readableBytes(),
                    flags);
            return;
        }
        DatagramBuffers memory = channel.reactor().datagrams();
        DatagramMessage taken = memory.takeMessage();
        lender = memory;
        parts = taken;
        try {
            prepare(sqe, data, taken, flags);
        } catch (RuntimeException | Error e) {
            giveBack(); // such as that of a buffer which was released
            throw e;
        }
    }

    private void prepare(Sqe sqe, ByteBuf data, DatagramMessage taken, int flags) {
        SocketAddress target = recipient;
        if (target != null) {
            channel.encode(taken.address(), target);
        }
        boolean plain = target != null && segmentBytes == 0 && data.hasMemoryAddress();
        if (plain && sender.sendsToAddresses()) {
            DatagramOps.sendTo(
                    sqe,
                    channel.descriptor(),
                    NativeMemory.everything(),
                    data.memoryAddress() + data.readerIndex(),
                    data.readableBytes(),
                    taken.address(),
                    flags);
            return;
        }
        MessageHeader header = taken.header();
        header.destination(target == null ? null : taken.address());
        header.control(segmentBytes == 0 ? null : segments(taken.number()));
        addPieces(header, data);
        DatagramOps.sendmsg(sqe, channel.descriptor(), header, flags);
    }

    private MemorySegment segments(MemorySegment control) {
        ControlMessages.put(control, SocketCalls.IPPROTO_UDP, UDP_SEGMENT, segmentBytes);
        return control;
    }

    private static void addPieces(MessageHeader header, ByteBuf data) {
        int length = data.readableBytes();
        if (data.hasMemoryAddress()) {
            long address = data.memoryAddress() + data.readerIndex();
            header.add(NativeMemory.everything(), address, length);
        } else if (data.nioBufferCount() == 1) {
            ByteBuffer view = data.internalNioBuffer(data.readerIndex(), length);
            header.add(MemorySegment.ofBuffer(view), 0, length);
        } else {
            for (ByteBuffer piece : data.nioBuffers()) {
                if (piece.hasRemaining()) {
                    header.add(MemorySegment.ofBuffer(piece), 0, piece.remaining());
                }
            }
        }
    }

    private void giveBack() {
        DatagramMessage taken = parts;
        DatagramBuffers memory = lender;
        parts = null;
        lender = null;
        if (taken != null && memory != null) {
            memory.returnMessage(taken);
        }
    }

    @Override
    protected void completed(int result, int flags) {
        giveBack();
        if (kept) {
            bytes().release();
            clear();
        } else {
            sender.completed(this, result);
        }
    }

    @Override
    public String toString() {
        String where = recipient == null ? "" : " to " + recipient;
        String what = bytes == null ? "" : " of " + bytes().readableBytes() + " bytes";
        return "send" + what + where + " on " + channel;
    }
}
