package io.uring.net;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The writing half of a blocking stream: the writer's own thread gives the bytes to the kernel, and
 * parks while the kernel has no room. Nothing is queued, so a slow peer slows the writer down. The
 * lock is between writers: the loop never waits for it.
 */
final class BlockingWriter {
    /** One copy and one system call for a usual response; larger writes take several. */
    private static final int COPY_BYTES = 16 * 1024;

    private final BlockingStream stream;
    private final Waiter waiter = new Waiter();
    private final ReentrantLock lock = new ReentrantLock();
    private final Runnable arm = this::arm;
    private final Runnable room = this::room;
    private volatile boolean hasRoom;

    /** Why the loop could not even wait for room. */
    private volatile @Nullable RuntimeException refusal;

    private boolean ended;

    /** Made with the first write from the heap, freed with the stream. */
    private @Nullable MemorySegment copy;

    BlockingWriter(BlockingStream stream) {
        this.stream = stream;
    }

    void wake() {
        waiter.wake();
    }

    void write(byte[] source, int offset, int length) throws IOException {
        java.util.Objects.checkFromIndexSize(offset, length, source.length);
        lock();
        try {
            MemorySegment memory = copyMemory();
            int done = 0;
            while (done < length) {
                int count = Math.min(length - done, COPY_BYTES);
                MemorySegment.copy(source, offset + done, memory, ValueLayout.JAVA_BYTE, 0, count);
                send(memory, count, null);
                done += count;
            }
        } finally {
            lock.unlock();
        }
    }

    int write(ByteBuffer source) throws IOException {
        lock();
        try {
            int length = source.remaining();
            if (source.isDirect()) {
                send(MemorySegment.ofBuffer(source), length, source);
                return length;
            }
            MemorySegment memory = copyMemory();
            while (source.hasRemaining()) {
                int count = Math.min(source.remaining(), COPY_BYTES);
                MemorySegment bytes = MemorySegment.ofBuffer(source);
                MemorySegment.copy(bytes, 0, memory, 0, count);
                send(memory, count, source);
            }
            return length;
        } finally {
            lock.unlock();
        }
    }

    /** Sends all, and moves the position of {@code source} as far as the kernel took it. */
    private void send(MemorySegment memory, int length, @Nullable ByteBuffer source)
            throws IOException {
        int sent = 0;
        while (sent < length) {
            int count = trySend(memory, sent, length - sent);
            sent += count;
            if (source != null) {
                source.position(source.position() + count);
            }
            if (count == 0) {
                awaitRoom();
            }
        }
    }

    private int trySend(MemorySegment memory, int offset, int length) throws IOException {
        if (stream.isOver()) {
            stream.checkNotClosedMeanwhile();
            stream.checkNotFailed();
        }
        try {
            return stream.socket().trySend(memory, offset, length);
        } catch (ClosedChannelException e) {
            stream.checkNotClosedMeanwhile();
            stream.checkNotFailed(); // rather the cause than its consequence
            throw e;
        }
    }

    private void awaitRoom() throws IOException {
        hasRoom = false;
        try {
            stream.socket().reactor().execute(arm);
            boolean _ = waiter.await(() -> hasRoom || stream.isOver(), Waiter.FOREVER);
            RuntimeException refused = refusal;
            if (refused != null) {
                refusal = null;
                throw new IOException(
                        "cannot wait until %s takes more bytes: %s"
                                .formatted(stream, refused.getMessage()),
                        refused);
            }
        } catch (RejectedExecutionException e) {
            stream.checkNotFailed();
            throw new IOException("the loop was closed", e);
        } catch (InterruptedException e) {
            throw stream.interrupted();
        }
    }

    private void arm() {
        try {
            stream.socket().awaitWritable(room);
        } catch (RuntimeException e) { // too many operations: without an end the writer would hang
            refusal = e;
            room();
        }
    }

    private void room() {
        hasRoom = true;
        waiter.wake();
    }

    /** FIN after the last byte, which the kernel has already. */
    void end() throws IOException {
        lock();
        try {
            ended = true;
            stream.execute(StreamSocket::shutdownOutput);
        } finally {
            lock.unlock();
        }
    }

    private void lock() throws IOException {
        stream.checkBlocking();
        try {
            lock.lockInterruptibly();
        } catch (InterruptedException e) {
            throw stream.interrupted();
        }
        try {
            stream.checkOpen();
            if (ended) {
                throw new java.net.SocketException("the output of " + stream + " is shut down");
            }
        } catch (IOException e) {
            lock.unlock();
            throw e;
        }
    }

    private MemorySegment copyMemory() {
        MemorySegment memory = copy;
        if (memory == null) {
            memory = Arena.ofAuto().allocate(COPY_BYTES);
            copy = memory;
        }
        return memory;
    }
}
