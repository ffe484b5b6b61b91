package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The ring's table of registered buffers: memory whose pages the kernel pins once, for {@link
 * FixedOps} and {@link ZeroCopyOps}. A ring has one table. The memory is kept reachable as long as
 * it is registered. Belongs to the ring's owner.
 *
 * <pre>{@code
 * RegisteredBuffers buffers = RegisteredBuffers.register(ring, ring.allocate(1 << 20));
 * FixedOps.read(ring.nextSqe(), file, buffers.segment(0).asSlice(0, 4096), 0, 0).userData(1);
 * }</pre>
 */
public final class RegisteredBuffers implements AutoCloseable {
    /** The most buffers of a ring. */
    public static final int MAX_BUFFERS = 16384;

    /** The most bytes of one buffer. */
    public static final long MAX_BUFFER_BYTES = 1L << 30;

    /** As a count of buffers to clone: to the end. */
    private static final int ALL = 0;

    private final Ring ring;
    private final @Nullable MemorySegment[] segments;
    private boolean closed;

    private RegisteredBuffers(Ring ring, @Nullable MemorySegment[] segments) {
        this.ring = ring;
        this.segments = segments;
    }

    /**
     * Registers buffers, from index 0 on. Kernel 5.1.
     *
     * @throws RingException when the kernel refuses: EBUSY (there is a table), ENOMEM (more than
     *     may be locked), EFAULT (memory that cannot be pinned, such as a mapped file)
     */
    public static RegisteredBuffers register(Ring ring, MemorySegment... buffers) {
        return register(ring, buffers, null);
    }

    /**
     * The same with a tag for each: when a buffer is no longer used by the kernel, because it was
     * replaced or unregistered, there is a completion with its tag as user data; 0 for none. Kernel
     * 5.13.
     */
    public static RegisteredBuffers register(
            Ring ring, MemorySegment[] buffers, long @Nullable [] tags) {
        checkCount(buffers.length);
        RegisteredBuffers table = new RegisteredBuffers(ring, buffers.clone());
        try (Arena scratch = Arena.ofConfined()) {
            long data = vectors(scratch, buffers);
            ResourceTable.register(
                    ring, ResourceTable.Kind.BUFFERS, scratch, buffers.length, data, tags);
        }
        return table;
    }

    /** A table of empty places, to be filled with {@link #update}. Kernel 5.19. */
    public static RegisteredBuffers sparse(Ring ring, int count) {
        checkCount(count);
        ring.support().require(519, "a sparse table");
        try (Arena scratch = Arena.ofConfined()) {
            ResourceTable.register(ring, ResourceTable.Kind.BUFFERS, scratch, count, 0, null);
        }
        return new RegisteredBuffers(ring, new @Nullable MemorySegment[count]);
    }

    /**
     * The buffers of another ring, without pinning them again; they stay when that ring closes.
     * Kernel 6.12.
     */
    public static RegisteredBuffers cloneOf(Ring ring, RegisteredBuffers source) {
        RegisteredBuffers table = new RegisteredBuffers(ring, source.segments.clone());
        table.copy(source, 0, 0, ALL, false);
        return table;
    }

    /** The same for {@code count} buffers from {@code from} on. Kernel 6.13. */
    public static RegisteredBuffers cloneOf(
            Ring ring, RegisteredBuffers source, int from, int count) {
        source.checkRange(ring, from, count);
        RegisteredBuffers table =
                new RegisteredBuffers(
                        ring, Arrays.copyOfRange(source.segments, from, from + count));
        table.copy(source, from, 0, count, false);
        return table;
    }

    /**
     * Replaces buffers by those of another ring. Kernel 6.13.
     *
     * @param from the first of {@code source}
     * @param to the first here
     */
    public void cloneFrom(RegisteredBuffers source, int from, int to, int count) {
        checkOpen();
        source.checkRange(ring, from, count);
        Objects.checkFromIndexSize(to, count, size());
        copy(source, from, to, count, true);
        System.arraycopy(source.segments, from, segments, to, count);
    }

    private void checkRange(Ring target, int from, int count) {
        Objects.checkFromIndexSize(from, count, size());
        if (count == ALL) {
            throw new IllegalArgumentException("no buffer to clone");
        }
        target.support().require(613, "cloning a range of buffers");
    }

    private void copy(RegisteredBuffers source, int from, int to, int count, boolean replace) {
        source.checkOpen();
        ring.support().require(612, "cloning buffers");
        try (Arena scratch = Arena.ofConfined()) {
            long clone = scratch.allocate(RegisterAbi.CLONE_BUFFERS_BYTES, Long.BYTES).address();
            NativeMemory.putInt(clone + RegisterAbi.CLONE_BUFFERS_SRC_FD, source.ring.fd());
            NativeMemory.putInt(
                    clone + RegisterAbi.CLONE_BUFFERS_FLAGS,
                    replace ? RegisterAbi.CLONE_BUFFERS_DST_REPLACE : 0);
            NativeMemory.putInt(clone + RegisterAbi.CLONE_BUFFERS_SRC_OFF, from);
            NativeMemory.putInt(clone + RegisterAbi.CLONE_BUFFERS_DST_OFF, to);
            NativeMemory.putInt(clone + RegisterAbi.CLONE_BUFFERS_NR, count);
            int result = ring.tryRegister(RegisterAbi.REGISTER_CLONE_BUFFERS, clone, 1);
            ResourceTable.check(ring, "CLONE_BUFFERS", result);
        }
    }

    /** Puts a buffer into a place, or empties it with null. Kernel 5.13. */
    public void update(int index, @Nullable MemorySegment buffer) {
        update(index, buffer, 0);
    }

    /**
     * The same, with a tag for when the new buffer goes.
     *
     * @throws RingException when the kernel refuses
     */
    public void update(int index, @Nullable MemorySegment buffer, long tag) {
        long[] tags = tag == 0 ? null : new long[] {tag};
        update(index, new @Nullable MemorySegment[] {buffer}, tags);
    }

    /**
     * Changes places from {@code first} on; null empties a place. Kernel 5.13.
     *
     * @return how many were changed: fewer than asked for when the kernel refuses a later one
     * @throws RingException when the kernel refuses the first
     */
    public int update(int first, @Nullable MemorySegment[] buffers, long @Nullable [] tags) {
        checkOpen();
        Objects.checkFromIndexSize(first, buffers.length, segments.length);
        if (buffers.length == 0) {
            return 0;
        }
        try (Arena scratch = Arena.ofConfined()) {
            long data = vectors(scratch, buffers);
            int count =
                    ResourceTable.update(
                            ring,
                            ResourceTable.Kind.BUFFERS,
                            scratch,
                            first,
                            buffers.length,
                            data,
                            tags);
            System.arraycopy(buffers, 0, segments, first, count);
            return count;
        }
    }

    private static long vectors(Arena scratch, @Nullable MemorySegment... buffers) {
        long vectors =
                scratch.allocate((long) buffers.length * IoVectors.VECTOR_BYTES, Long.BYTES)
                        .address();
        for (int i = 0; i < buffers.length; i++) {
            MemorySegment buffer = buffers[i];
            if (buffer != null) {
                long bytes = buffer.byteSize();
                if (bytes < 1 || bytes > MAX_BUFFER_BYTES) {
                    throw new IllegalArgumentException(
                            "a buffer of " + bytes + " bytes, not 1 to " + MAX_BUFFER_BYTES);
                }
                long vector = vectors + (long) i * IoVectors.VECTOR_BYTES;
                NativeMemory.putLong(vector, NativeMemory.writableAddress(buffer, 0, bytes));
                NativeMemory.putLong(vector + Long.BYTES, bytes);
            }
        }
        return vectors;
    }

    private static void checkCount(int count) {
        if (count < 1 || count > MAX_BUFFERS) {
            throw new IllegalArgumentException(count + " buffers, not 1 to " + MAX_BUFFERS);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the buffers are unregistered");
        }
    }

    /** The memory of a place. */
    public MemorySegment segment(int index) {
        checkOpen();
        MemorySegment segment = segments[index];
        if (segment == null) {
            throw new IllegalStateException("place " + index + " is empty");
        }
        return segment;
    }

    /** Places, filled or not. */
    public int size() {
        return segments.length;
    }

    /**
     * Unregisters the table; operations in flight keep their buffers, which their entries hold.
     * Closing again does nothing.
     */
    @Override
    public void close() {
        if (!closed && !ring.isClosed()) {
            int result = ring.tryRegister(RegisterAbi.UNREGISTER_BUFFERS, 0, 0);
            closed = true; // only now: another thread may not, and has released nothing
            ResourceTable.check(ring, "UNREGISTER_BUFFERS", result);
        }
    }
}
