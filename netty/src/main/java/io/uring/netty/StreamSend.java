package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.FileRegion;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.ReferenceCountUtil;
import io.uring.ring.DatagramOps;
import io.uring.ring.Errno;
import io.uring.ring.MessageHeader;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.NativeMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of a stream: one send at a time, of all that is flushed when it is prepared,
 * which is at the end of the turn. So all flushes of a turn leave with the call that waits.
 */
final class StreamSend extends ChannelOperation
        implements ChannelOutboundBuffer.MessageProcessor, Runnable {
    private final UringStreamChannel channel;

    /** Where the messages are, from the first flush on; Netty's own reference ends with a close. */
    private @Nullable ChannelOutboundBuffer queue;

    private @Nullable MessageHeader header;
    private @Nullable FileChunk file;

    /** From the first message on that is large enough. */
    private @Nullable ZeroCopySend zeroCopy;

    /** From the first descriptor on that is passed. */
    private @Nullable DescriptorMessage descriptors;

    /** The send in flight is one of a descriptor. */
    private boolean carrying;

    private boolean scheduled;

    /** Something was sent, or tried. */
    private boolean started;

    private boolean dontWait;

    /** The queue lets go of messages, whose listeners may write, close and shut down. */
    private boolean removing;

    /** The end is near: what is flushed is sent as far as the kernel takes it without waiting. */
    private boolean finishing;

    /** Messages of the send in flight, or that fit into the one that is being prepared. */
    private int messages;

    /** More follows than what is being prepared. */
    private boolean more;

    /** In flight, but not in the queue any more. */
    private @Nullable List<Object> kept;

    /** To be run when the send in flight has ended. */
    private @Nullable Runnable afterwards;

    StreamSend(UringStreamChannel channel) {
        super(channel);
        this.channel = channel;
    }

    /** Netty flushed. */
    void flushed(ChannelOutboundBuffer in) {
        queue = in;
        if (!started) { // a greeting leaves even if the handler then blocks
            started = true;
            flush();
            if (isSending()) {
                channel.submitNow();
            }
            return;
        }
        schedule();
    }

    private void schedule() {
        if (!scheduled && !isSending() && channel.isOnThisLoop()) {
            scheduled = true;
            channel.reactor().beforeSubmit(this);
        }
    }

    boolean isSending() {
        return inFlight().isPending();
    }

    /** The send that is in flight, if one is. */
    ChannelOperation inFlight() {
        ZeroCopySend large = zeroCopy;
        ChannelOperation current = large == null ? null : large.current();
        return current == null ? this : current;
    }

    /** On a new loop: what was flushed and not sent. */
    void resume() {
        if (queue != null) {
            schedule();
        }
    }

    /** The loop is left: a task of it must not send here. */
    void leave() {
        scheduled = false;
    }

    /**
     * Runs {@code task} after what is flushed, as far as the kernel takes it without waiting: a
     * shutdown comes behind what was written before it, but does not wait for the peer.
     */
    void finish(Runnable task) {
        sendAsMuchAsGoes();
        if (isSending() || removing) {
            Runnable before = afterwards;
            afterwards =
                    before == null
                            ? task
                            : () -> {
                                before.run();
                                task.run();
                            };
            if (!dontWait && isSending()) {
                channel.reactor().cancel(inFlight()); // found only if it waits for room
            }
        } else {
            finishing = false;
            task.run();
        }
    }

    /** Before a close, which cancels what waits for room. */
    void sendAsMuchAsGoes() {
        finishing = true;
        if (scheduled && !isSending()) {
            flush();
        }
    }

    /** At the end of the turn: sends. */
    @Override
    public void run() {
        flush();
    }

    private void flush() {
        if (removing || !channel.isOnThisLoop()) {
            return; // it goes on when they are removed, or it has left since
        }
        scheduled = false;
        ChannelOutboundBuffer in = queue;
        if (in == null || isSending() || kept != null) {
            return;
        }
        skipEmpty(in);
        Object first = in.current();
        if (first == null) {
            finished();
            return;
        }
        dontWait = finishing;
        try {
            if (first instanceof FileRegion region) {
                FileChunk chunk = file;
                if (chunk == null) {
                    chunk = FileChunk.read(region, channel.alloc());
                    file = chunk;
                }
            } else if (sendWithoutCopy(in, first)) {
                return;
            }
            channel.submit(this);
        } catch (Throwable e) {
            releaseHeader();
            channel.sendFailed(e);
            finished();
        }
    }

    private void skipEmpty(ChannelOutboundBuffer in) {
        for (Object next = in.current(); next != null; next = in.current()) {
            if (isClosed(next)) {
                in.remove(new IOException(next + " was closed before it was sent"));
                continue;
            }
            boolean empty =
                    next instanceof ByteBuf bytes
                            ? !bytes.isReadable()
                            : next instanceof FileRegion region
                                    && file == null
                                    && region.transferred() >= region.count();
            if (!empty) {
                return;
            }
            removing = true;
            try {
                in.remove();
            } finally {
                removing = false;
            }
        }
    }

    /** A descriptor that was closed before its turn came: its number may be another file's. */
    private static boolean isClosed(Object message) {
        return message instanceof FileDescriptor descriptor && !descriptor.isOpen();
    }

    private boolean sendWithoutCopy(ChannelOutboundBuffer in, Object first) {
        int threshold = channel.zeroCopyBytes();
        if (threshold < 0 || dontWait || !(first instanceof ByteBuf bytes)) {
            return false;
        }
        ZeroCopySend large = zeroCopy;
        if (large == null) {
            large = new ZeroCopySend(channel, this);
            zeroCopy = large;
        }
        return large.trySend(bytes, threshold, in.size() > 1);
    }

    @Override
    protected void prepare(Sqe sqe) {
        ChannelOutboundBuffer in = queue;
        FileChunk chunk = file;
        int flags = SocketOps.MSG_NOSIGNAL | (dontWait ? SocketOps.MSG_DONTWAIT : 0);
        if (in == null) {
            throw new IllegalStateException("nothing was flushed");
        }
        if (chunk != null) {
            ByteBuf bytes = chunk.bytes();
            boolean last = chunk.isLast() && in.size() == 1;
            send(sqe, bytes, last ? flags : flags | SocketOps.MSG_MORE);
        } else if (in.current() instanceof FileDescriptor passed) {
            messages = 1;
            carrying = true;
            pass(sqe, passed, flags);
        } else if (in.size() == 1 && in.current() instanceof ByteBuf b && b.nioBufferCount() == 1) {
            messages = 1;
            send(sqe, b, flags);
        } else {
            gather(sqe, in, flags);
        }
    }

    private void pass(Sqe sqe, FileDescriptor passed, int flags) {
        DescriptorMessage message = descriptors;
        if (message == null) {
            message = DescriptorMessage.toSend();
            descriptors = message;
        }
        message.send(sqe, channel.descriptor(), passed.intValue(), flags);
    }

    private void send(Sqe sqe, ByteBuf bytes, int flags) {
        int length = bytes.readableBytes();
        if (bytes.hasMemoryAddress()) {
            long address = bytes.memoryAddress() + bytes.readerIndex();
            SocketOps.send(
                    sqe, channel.descriptor(), NativeMemory.everything(), address, length, flags);
        } else {
            ByteBuffer view = bytes.internalNioBuffer(bytes.readerIndex(), length);
            SocketOps.send(sqe, channel.descriptor(), MemorySegment.ofBuffer(view), flags);
        }
    }

    private void gather(Sqe sqe, ChannelOutboundBuffer in, int flags) {
        MessageHeader message = channel.reactor().buffers().takeHeader();
        header = message;
        messages = 0;
        more = false;
        try {
            in.forEachFlushedMessage(this);
        } catch (Exception e) {
            throw new AssertionError(e); // our own code
        }
        int moreFlag = more ? SocketOps.MSG_MORE : 0;
        DatagramOps.sendmsg(sqe, channel.descriptor(), message, flags | moreFlag);
    }

    /** Adds a flushed message to the header; returns whether there is room for the next one. */
    @Override
    public boolean processMessage(Object message) {
        MessageHeader target = header;
        if (target == null) {
            throw new IllegalStateException("no header");
        }
        if (!(message instanceof ByteBuf bytes) || target.isFull()) {
            more = true;
            return false;
        }
        messages++;
        int length = bytes.readableBytes();
        if (length == 0) {
            return true;
        }
        if (bytes.hasMemoryAddress()) {
            long address = bytes.memoryAddress() + bytes.readerIndex();
            target.add(NativeMemory.everything(), address, length);
            return true;
        }
        for (ByteBuffer part : parts(bytes)) {
            if (target.isFull()) {
                more = true;
                return false; // the rest goes with the next send
            }
            if (part.hasRemaining()) {
                target.add(MemorySegment.ofBuffer(part), 0, part.remaining());
            }
        }
        return true;
    }

    private static ByteBuffer[] parts(ByteBuf bytes) {
        return bytes.nioBufferCount() == 1
                ? new ByteBuffer[] {
                    bytes.internalNioBuffer(bytes.readerIndex(), bytes.readableBytes())
                }
                : bytes.nioBuffers();
    }

    @Override
    protected void completed(int result, int flags) {
        dontWait = false;
        releaseHeader();
        sent(result);
    }

    /** A send, with or without a copy, has ended. */
    void sent(int result) {
        boolean carried = carrying;
        carrying = false;
        List<Object> unqueued = kept;
        if (unqueued != null) {
            kept = null;
            unqueued.forEach(ReferenceCountUtil::release);
            releaseFile();
        } else if (result >= 0) {
            channel.reactor().counters().sent(result);
            removing = true;
            try {
                progress(result, carried);
            } finally {
                removing = false;
            }
        } else if (!isPassing(result)) {
            channel.sendFailed(Errors.exception("send of " + channel, -result));
        }
        ChannelOutboundBuffer in = queue;
        boolean rest = in != null && !in.isEmpty();
        if (finishing) {
            if (rest && result > 0) {
                flush();
            }
            if (!isSending()) {
                finished();
            }
        } else if (rest && channel.isActive()) {
            schedule();
        }
    }

    private void finished() {
        Runnable task = afterwards;
        if (task != null) {
            afterwards = null;
            finishing = false;
            task.run();
        }
    }

    private static boolean isPassing(int result) {
        return result == -Errno.EINTR || result == -Errno.EAGAIN || result == -Errno.ECANCELED;
    }

    private void progress(int count, boolean carried) {
        ChannelOutboundBuffer in = queue;
        FileChunk chunk = file;
        if (in == null) {
            return;
        }
        if (carried) {
            in.remove();
            return;
        }
        if (chunk == null) {
            in.removeBytes(count);
            return;
        }
        ByteBuf bytes = chunk.bytes();
        bytes.skipBytes(count);
        in.progress(count);
        if (!bytes.isReadable()) {
            boolean last = chunk.isLast();
            releaseFile();
            if (last) {
                in.remove();
            }
        }
    }

    private void releaseFile() {
        FileChunk chunk = file;
        if (chunk != null) {
            file = null;
            chunk.bytes().release();
        }
    }

    private void releaseHeader() {
        MessageHeader used = header;
        if (used != null) {
            header = null;
            channel.reactor().buffers().returnHeader(used);
        }
    }

    /**
     * The queue gives its messages up. Those that the kernel reads are kept until it is done; what
     * is not yet given to it is lost.
     */
    void keepWhatIsSent() {
        ChannelOutboundBuffer in = queue;
        if (in == null || kept != null) {
            return;
        }
        if (!isPending()) {
            if (!isSending()) {
                releaseFile();
            }
            return;
        }
        List<Object> inFlight = new ArrayList<>(messages);
        if (file == null) {
            int count = messages;
            try {
                in.forEachFlushedMessage(message -> {
                    if (inFlight.size() == count) {
                        return false;
                    }
                    inFlight.add(ReferenceCountUtil.retain(message));
                    return true;
                });
            } catch (Exception e) {
                throw new AssertionError(e); // our own code
            }
        }
        kept = inFlight;
    }

    /** Nothing of it will be sent any more. */
    void closed() {
        if (!isSending()) {
            releaseFile();
        }
        finished();
    }
}
