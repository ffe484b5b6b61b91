package io.uring.net;

import io.uring.reactor.BufferGroup;
import io.uring.reactor.Chunk;
import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.reactor.Resource;
import io.uring.ring.Errno;
import io.uring.ring.FileOps;
import io.uring.ring.Sqe;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A part of a file in a send queue. While one block of it is sent the next one is read; splicing
 * costs more, since the kernel does it on worker threads. A read that outlives its connection is a
 * resource of the loop, which tells it when it will never end.
 */
final class FileWrite extends Operation implements Resource {
    private final StreamSocket socket;
    private final Reactor reactor;
    private final OpenFile file;
    private final WriteListener listener;
    private long position;
    private final long end;

    /** Read and not yet sent: the first bytes of this memory from {@code sent} on. */
    private @Nullable Chunk block;

    private int sent;
    private int ready;

    /** The kernel reads into it, or it waits for the one before to be sent. */
    private @Nullable Chunk next;

    private int nextReady;
    private boolean over;

    /** The file must have been {@linkplain OpenFile#enter entered}. */
    FileWrite(
            StreamSocket socket,
            OpenFile file,
            long position,
            long length,
            WriteListener listener) {
        this.socket = socket;
        this.reactor = socket.reactor();
        this.file = file;
        this.position = position;
        this.end = position + length;
        this.listener = listener;
    }

    private BufferGroup buffers() {
        return reactor.buffers();
    }

    /** Starts to read; called again by what is then sent. */
    void readOn() {
        if (!over && next == null && position < end) {
            try {
                next = buffers().takeBlock();
            } catch (Throwable e) { // no memory
                failLater(e);
                return;
            }
            read();
        }
    }

    private void read() {
        try {
            reactor.submit(this);
        } catch (Throwable e) { // too many operations, or no memory
            failLater(e);
        }
    }

    /** Not from inside the send queue. */
    private void failLater(Throwable cause) {
        reactor.execute(() -> socket.handlerFailed(cause));
    }

    /** Bytes that can be sent now. */
    int ready() {
        return ready - sent;
    }

    MemorySegment memory() {
        Chunk current = block;
        if (current == null) {
            throw new AssertionError("nothing is ready");
        }
        return current.memory();
    }

    /** Where in {@link #memory} they are. */
    int offset() {
        return sent;
    }

    /** Whether more of the file will follow what is ready. */
    boolean hasMore() {
        return position < end || nextReady > 0;
    }

    /** The kernel has taken so many of the ready bytes. */
    void sent(int bytes) {
        sent += bytes;
        Chunk current = block;
        if (current != null && sent == ready) {
            buffers().returnBlock(current);
            block = null;
            sent = 0;
            ready = 0;
            takeNext();
        }
    }

    private void takeNext() {
        if (block == null && nextReady > 0) {
            block = next;
            ready = nextReady;
            next = null;
            nextReady = 0;
            readOn();
        }
    }

    boolean isComplete() {
        return position == end && ready() == 0 && nextReady == 0;
    }

    /** It leaves the queue. Memory that the kernel still writes follows later. */
    void giveBack(@Nullable IOException failure) {
        over = true;
        Chunk current = block;
        if (current != null) {
            buffers().returnBlock(current);
            block = null;
        }
        if (!isPending()) {
            release();
        } else if (reactor.hasFailed()) {
            file.exit(); // the read never completes, and its memory is never used again
        } else {
            reactor.attach(this);
        }
        listener.written(failure);
    }

    /** The loop closes before the read has ended. */
    @Override
    public void shutdown() {
        reactor.cancel(this);
    }

    /** As above: the read never completes. */
    @Override
    public void lost(Throwable cause) {
        file.exit();
    }

    private void release() {
        Chunk unused = next;
        if (unused != null) {
            buffers().returnBlock(unused);
            next = null;
        }
        file.exit();
    }

    @Override
    protected void prepare(Sqe sqe) {
        Chunk target = next;
        if (target == null) {
            throw new AssertionError("no block to read into");
        }
        int length = (int) Math.min(end - position, BufferGroup.BLOCK_BYTES);
        FileOps.read(sqe, file.descriptor(), target.memory(), 0, length, position);
    }

    @Override
    protected void complete(int result, int flags) {
        if (over) {
            reactor.detach(this);
            release();
            return;
        }
        if (result == -Errno.EINTR || result == -Errno.EAGAIN) {
            read();
        } else if (result <= 0) {
            socket.fail(failure(result)); // bytes were promised that cannot come
        } else {
            position += result;
            nextReady = result;
            takeNext();
            socket.fileReady();
        }
    }

    @Override
    protected void completionFailed(Throwable cause) {
        if (!over) {
            socket.handlerFailed(cause);
        }
    }

    private IOException failure(int result) {
        String what = "read at " + position + " of " + file + " for " + socket;
        return result < 0
                ? SocketErrors.exception(what, -result)
                : new EOFException(what + ": the file ends " + (end - position) + " bytes early");
    }

    @Override
    public String toString() {
        return "read of " + file + " for " + socket;
    }
}
