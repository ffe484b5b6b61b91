package io.uring.net;

import io.uring.reactor.ReceivedBuffer;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Received buffers on their way from the loop to one other thread. Bounded, and without an object
 * per buffer.
 */
final class InboundQueue {
    /**
     * Bytes are bounded by {@link StreamConfig#readAheadBytes}; this bounds the buffers of a peer
     * that sends a byte at a time.
     */
    static final int CAPACITY = 32;

    private final AtomicReferenceArray<ReceivedBuffer> slots = new AtomicReferenceArray<>(CAPACITY);

    /** Free-running; moved by the reader only. */
    private volatile int head;

    /** Free-running; moved by the loop only. */
    private volatile int tail;

    int size() {
        return tail - head;
    }

    boolean isEmpty() {
        return head == tail;
    }

    /** On the loop, which has looked that there is room. */
    void add(ReceivedBuffer data) {
        int at = tail;
        assert at - head < CAPACITY : "the loop should have paused";
        slots.setPlain(at & (CAPACITY - 1), data);
        tail = at + 1; // volatile: the reader must see the buffer before the new tail
    }

    /** The first buffer, or null; for the reader. */
    @Nullable ReceivedBuffer peek() {
        int at = head;
        return at == tail ? null : slots.getPlain(at & (CAPACITY - 1));
    }

    /** Removes the first buffer and gives its memory back. */
    void releaseFirst() {
        int at = head;
        ReceivedBuffer first = slots.getPlain(at & (CAPACITY - 1));
        slots.setPlain(at & (CAPACITY - 1), null);
        head = at + 1; // volatile: the loop must see the empty slot before it fills it again
        first.release();
    }
}
