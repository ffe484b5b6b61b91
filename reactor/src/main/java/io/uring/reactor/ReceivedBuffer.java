package io.uring.reactor;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that arrived, in memory the loop lends. Whoever gets it releases it, once, on any thread,
 * as soon as possible: memory is shared by all connections of the loop. Reading moves a position.
 *
 * <pre>{@code
 * public void onData(StreamSocket socket, ReceivedBuffer data) {
 *     data.read(request); // copies what fits
 *     data.release();
 * }
 * }</pre>
 */
public final class ReceivedBuffer {
    /** Told on the loop when a buffer is back. */
    @FunctionalInterface
    public interface Owner {
        void bufferReleased(int bytes);
    }

    private final BufferGroup group;
    private MemorySegment memory;
    private ByteBuffer bytes;
    private int offset;
    private int length;
    private int position;
    private boolean live;
    private boolean sending;
    private int lending;
    int bufferId;
    @Nullable Owner owner;
    private @Nullable Chunk chunk;
    private @Nullable Object companion;

    /** The next in the group's list of idle buffers, or of those that other threads released. */
    @Nullable ReceivedBuffer next;

    ReceivedBuffer(BufferGroup group, MemorySegment memory, ByteBuffer bytes) {
        this.group = group;
        this.memory = memory;
        this.bytes = bytes;
    }

    ReceivedBuffer lend(
            MemorySegment memory,
            ByteBuffer bytes,
            int offset,
            int length,
            int bufferId,
            Owner owner) {
        assert !live : "lent twice";
        this.memory = memory;
        this.bytes = bytes;
        this.offset = offset;
        this.length = length;
        this.position = 0;
        this.bufferId = bufferId;
        this.owner = owner;
        this.live = true;
        lending++;
        return this;
    }

    /** Bytes that were not read yet. */
    public int remaining() {
        return length - position;
    }

    /** All bytes that came, read or not. */
    public int length() {
        return length;
    }

    /**
     * The memory that holds the bytes, at {@link #offset()}; other memory beside them is not ours.
     */
    public MemorySegment memory() {
        checkLive();
        return memory;
    }

    /** The same memory as {@link #memory()}. Use absolute access: the position means nothing. */
    public ByteBuffer bytes() {
        checkLive();
        return bytes;
    }

    /** Where in {@link #memory()} the unread bytes start. */
    public long offset() {
        return (long) offset + position;
    }

    /** The unread bytes as a segment of their own. */
    public MemorySegment segment() {
        checkLive();
        return memory.asSlice(offset(), remaining());
    }

    /** Copies as many unread bytes as fit into {@code target} and returns their number. */
    public int read(ByteBuffer target) {
        checkLive();
        int count = Math.min(remaining(), target.remaining());
        int at = target.position();
        target.put(at, bytes, offset + position, count);
        target.position(at + count);
        position += count;
        return count;
    }

    /** Moves past {@code count} unread bytes. */
    public void skip(int count) {
        position += java.util.Objects.checkIndex(count, remaining() + 1);
    }

    /**
     * Gives the memory back. When the loop has closed, the memory has gone with it and this does
     * nothing.
     *
     * @throws IllegalStateException when it was given back already, or is being sent
     */
    public void release() {
        checkLive();
        if (sending) {
            throw new IllegalStateException("the buffer is being sent, and released afterwards");
        }
        live = false;
        group.release(this);
    }

    /**
     * A sender takes it over, on the loop: until {@link #sent} nobody else can give it back, since
     * the next connection's bytes would then be sent instead.
     */
    public void startSending() {
        checkLive();
        if (sending) {
            throw new IllegalStateException("the buffer is being sent already");
        }
        sending = true;
    }

    /** The counterpart of {@link #startSending}; gives the memory back. */
    public void sent() {
        sending = false;
        release();
    }

    /** Whether it is still to be given back. */
    public boolean isLent() {
        return live;
    }

    /**
     * Counts how often the object was lent: tells, on the loop, whether it is still the same
     * lending that {@link #isLent} speaks of.
     */
    public int lending() {
        return lending;
    }

    /** What {@link #companion(Object)} left here. */
    public @Nullable Object companion() {
        return companion;
    }

    /**
     * Leaves an object here for good, also for later owners of the same group: a view of the buffer
     * that is then made once and not for each receive. On the loop.
     */
    public void companion(Object view) {
        companion = view;
    }

    ReceivedBuffer of(Chunk lentChunk) {
        chunk = lentChunk;
        return this;
    }

    Chunk takeChunk() {
        Chunk lent = java.util.Objects.requireNonNull(chunk);
        chunk = null;
        return lent;
    }

    private void checkLive() {
        if (!live) {
            throw new IllegalStateException("the buffer was released");
        }
    }
}
