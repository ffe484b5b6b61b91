package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.util.Objects;

/**
 * An array of {@code epoll_event}. Packed on x86-64 (12 bytes: events at 0, data at 4), aligned
 * elsewhere (16 bytes: events at 0, data at 8).
 *
 * <pre>{@code
 * EpollEvents events = new EpollEvents(arena, 64);
 * EpollOps.await(ring.nextSqe(), epoll, events).userData(1); // result: their number
 * long data = events.data(0);
 * }</pre>
 */
public final class EpollEvents extends KernelStruct {
    private static final boolean PACKED = System.getProperty("os.arch", "").equals("amd64");
    private static final int EVENT_BYTES = PACKED ? 12 : 16;
    private static final int DATA = PACKED ? 4 : 8;

    private final int capacity;

    /**
     * @param capacity events, at least 1
     */
    public EpollEvents(Arena arena, int capacity) {
        super(arena, Math.multiplyExact((long) EVENT_BYTES, requirePositive(capacity)));
        this.capacity = capacity;
    }

    private static int requirePositive(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity " + capacity);
        }
        return capacity;
    }

    public int capacity() {
        return capacity;
    }

    /** Sets what {@link EpollOps#add} asks for. */
    public EpollEvents set(int index, int events, long data) {
        checkMutable();
        long event = base() + offset(index);
        NativeMemory.putInt(event, events);
        NativeMemory.putLongUnaligned(event + DATA, data);
        return this;
    }

    /** The bits that are ready. */
    public int events(int index) {
        return NativeMemory.getInt(address() + offset(index));
    }

    /** What was given for the descriptor when it was added. */
    public long data(int index) {
        return NativeMemory.getLongUnaligned(address() + offset(index) + DATA);
    }

    private long offset(int index) {
        return (long) Objects.checkIndex(index, capacity) * EVENT_BYTES;
    }
}
