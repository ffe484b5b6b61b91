package io.uring.net;

import io.uring.reactor.ReceivedBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Received buffers on their way from the loop to the thread that reads. It is bounded by the
 * connection's read-ahead: the loop stops receiving while so much is not released.
 */
final class StreamQueue {
    private final ConcurrentLinkedQueue<ReceivedBuffer> buffers = new ConcurrentLinkedQueue<>();

    /** The peer sends no more; what is queued comes first. */
    private volatile boolean ended;

    void add(ReceivedBuffer data) {
        buffers.add(data);
    }

    void end() {
        ended = true;
    }

    /** Whether everything was read and nothing follows. */
    boolean isEnd() {
        return ended && buffers.isEmpty();
    }

    boolean isEmpty() {
        return buffers.isEmpty();
    }

    /** The first buffer, which stays until {@link #removeIfRead}, or null. Of one thread. */
    @org.jspecify.annotations.Nullable
    ReceivedBuffer first() {
        return buffers.peek();
    }

    /** Gives the first buffer back when all of it was read. */
    void removeIfRead(ReceivedBuffer first) {
        if (first.remaining() == 0) {
            buffers.remove();
            first.release();
        }
    }

    void releaseAll() {
        for (ReceivedBuffer data = buffers.poll(); data != null; data = buffers.poll()) {
            data.release();
        }
    }
}
