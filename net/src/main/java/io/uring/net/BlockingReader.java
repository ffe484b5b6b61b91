package io.uring.net;

import io.uring.reactor.ReceivedBuffer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The reading half of a blocking stream. The loop queues received buffers and reads no further when
 * the queue is full or holds {@link StreamConfig#readAheadBytes}; the reader takes bytes out of
 * them. The lock is between readers: the loop never waits for it.
 */
final class BlockingReader {
    private final BlockingStream stream;
    private final InboundQueue inbound = new InboundQueue();
    private final Waiter waiter = new Waiter();
    private final ReentrantLock lock = new ReentrantLock();
    private final Runnable resume = this::resume;
    private volatile boolean paused;
    private volatile boolean ended;
    private volatile boolean refusing;
    private volatile long timeoutNanos;

    BlockingReader(BlockingStream stream) {
        this.stream = stream;
    }

    void timeoutNanos(long nanos) {
        timeoutNanos = nanos;
    }

    /** On the loop. */
    void received(StreamSocket socket, ReceivedBuffer data) {
        if (refusing) {
            data.release();
            return;
        }
        inbound.add(data);
        if (inbound.size() == InboundQueue.CAPACITY) {
            socket.pauseReading();
            paused = true;
            if (isLow()) { // the reader took them before it could see the pause
                resume();
            }
        }
        waiter.wake();
        if (refusing) {
            discard(); // the reader's end came between the look and the add
        }
    }

    private boolean isLow() {
        return inbound.size() <= InboundQueue.CAPACITY / 2;
    }

    private void resume() {
        if (paused) {
            paused = false;
            StreamSocket socket = stream.socket();
            if (socket.isOpen()) {
                socket.resumeReading();
            }
        }
    }

    /** On the loop: the peer sends no more. */
    void ended() {
        ended = true;
        waiter.wake();
    }

    /** From any thread: something the waiting reader looks at has changed. */
    void wake() {
        waiter.wake();
    }

    /** From any thread: reads find the end of input. */
    void shutdown() {
        ended = true;
        refuse();
    }

    /** From any thread: what is queued and what still comes is dropped, reading ends. */
    void refuse() {
        refusing = true;
        discard();
        waiter.wake();
    }

    /** Whoever gets the lock last gives the memory back, so that nobody takes it from a reader. */
    private void discard() {
        while (!inbound.isEmpty() && lock.tryLock()) {
            try {
                while (!inbound.isEmpty()) {
                    inbound.releaseFirst();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private void unlock() {
        lock.unlock();
        if (refusing) {
            discard();
        }
    }

    int read(byte[] target, int offset, int length) throws IOException {
        java.util.Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        ReceivedBuffer data = lockForData();
        try {
            if (data == null) {
                return BlockingStream.END;
            }
            int count = Math.min(length, data.remaining());
            MemorySegment.copy(
                    data.memory(), ValueLayout.JAVA_BYTE, data.offset(), target, offset, count);
            data.skip(count);
            taken(data);
            return count;
        } finally {
            unlock();
        }
    }

    int read(ByteBuffer target) throws IOException {
        if (!target.hasRemaining()) {
            return 0;
        }
        ReceivedBuffer data = lockForData();
        try {
            if (data == null) {
                return BlockingStream.END;
            }
            int count = data.read(target);
            taken(data);
            return count;
        } finally {
            unlock();
        }
    }

    private void taken(ReceivedBuffer data) {
        if (data.remaining() > 0) {
            return;
        }
        inbound.releaseFirst();
        if (paused && isLow()) {
            try {
                stream.socket().reactor().execute(resume);
            } catch (RejectedExecutionException e) {
                // The loop has closed; the next read says so.
            }
        }
    }

    /** Waits for the first buffer, or null for the end, and holds the lock in both cases. */
    private @Nullable ReceivedBuffer lockForData() throws IOException {
        stream.checkBlocking();
        boolean locked = false;
        boolean ready = false;
        try {
            lock.lockInterruptibly();
            locked = true;
            stream.checkOpen();
            if (!waiter.await(this::isReady, timeoutNanos)) {
                throw new SocketTimeoutException("nothing to read from " + stream.socket());
            }
            ReceivedBuffer data = stream.isOpen() && !refusing ? inbound.peek() : null;
            if (data == null) {
                checkEnd();
            }
            ready = true;
            return data;
        } catch (InterruptedException e) {
            throw stream.interrupted();
        } finally {
            if (locked && !ready) {
                unlock();
            }
        }
    }

    private boolean isReady() {
        return !inbound.isEmpty() || ended || refusing || stream.isOver();
    }

    /** Nothing is queued: returns at the end of input, and throws when there is another reason. */
    private void checkEnd() throws IOException {
        stream.checkNotClosedMeanwhile();
        if (!ended) {
            stream.checkNotFailed();
        }
    }

    /** Bytes that can be read without waiting. */
    int available() throws IOException {
        stream.checkOpen();
        if (!lock.tryLock()) {
            return 0; // a reader is at it, and will have them
        }
        try {
            ReceivedBuffer first = inbound.peek();
            return first == null ? 0 : first.remaining();
        } finally {
            unlock();
        }
    }
}
