package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link BufferRing} is made; a value, which each method copies.
 *
 * <pre>{@code
 * BufferRingConfig config = BufferRingConfig.of(0, 64, 65536).incremental();
 * BufferRing buffers = BufferRing.register(ring, config);
 * }</pre>
 */
public final class BufferRingConfig {
    /** The most buffers of a ring. */
    public static final int MAX_ENTRIES = 32768;

    private static final int MAX_GROUP = 65535;

    final int group;
    final int entries;
    final int bufferBytes;

    // Set by copies only, before anybody sees them.
    private int flags;
    private int minLeftBytes;
    private int initialBuffers;
    private @Nullable MemorySegment memory;
    private boolean lasting;

    private BufferRingConfig(int group, int entries, int bufferBytes) {
        this.group = group;
        this.entries = entries;
        this.bufferBytes = bufferBytes;
        this.initialBuffers = entries;
    }

    /**
     * An ordinary ring in memory that the library allocates. Kernel 5.19.
     *
     * @param group 0 to 65535, not in use
     * @param entries a power of two, 1 to {@value #MAX_ENTRIES}
     * @param bufferBytes the size of each buffer
     */
    public static BufferRingConfig of(int group, int entries, int bufferBytes) {
        if (Integer.bitCount(entries) != 1 || entries < 1 || entries > MAX_ENTRIES) {
            throw new IllegalArgumentException(
                    entries + " entries, not a power of two from 1 to " + MAX_ENTRIES);
        }
        if (bufferBytes < 1 || group < 0 || group > MAX_GROUP) {
            throw new IllegalArgumentException("bufferBytes " + bufferBytes + ", group " + group);
        }
        return new BufferRingConfig(group, entries, bufferBytes);
    }

    private BufferRingConfig copy() {
        BufferRingConfig copy = new BufferRingConfig(group, entries, bufferBytes);
        copy.flags = flags;
        copy.minLeftBytes = minLeftBytes;
        copy.initialBuffers = initialBuffers;
        copy.memory = memory;
        copy.lasting = lasting;
        return copy;
    }

    /** One completion after another fills a buffer. Kernel 6.12. */
    public BufferRingConfig incremental() {
        return incremental(0);
    }

    /**
     * The same, but a buffer with fewer than {@code minLeftBytes} bytes left is done. Kernel 7.1,
     * and some before it; the others refuse it with EINVAL.
     */
    public BufferRingConfig incremental(int minLeftBytes) {
        if (minLeftBytes < 0 || minLeftBytes > bufferBytes) {
            throw new IllegalArgumentException("minLeftBytes " + minLeftBytes);
        }
        BufferRingConfig copy = copy();
        copy.flags |= Abi.PBUF_RING_INC;
        copy.minLeftBytes = minLeftBytes;
        return copy;
    }

    /** The entries are in memory that the kernel allocates. Kernel 6.4. */
    public BufferRingConfig inKernelMemory() {
        BufferRingConfig copy = copy();
        copy.flags |= RegisterAbi.PBUF_RING_MMAP;
        return copy;
    }

    /**
     * The buffers are in the caller's memory, one behind the other. It must stay until the ring is
     * closed, or the group unregistered and the last of its operations done.
     *
     * @throws IllegalArgumentException when it is of another size than all buffers together
     */
    public BufferRingConfig buffersIn(MemorySegment segment) {
        if (segment.byteSize() != bytes()) {
            throw new IllegalArgumentException(
                    segment.byteSize() + " bytes for " + entries + " buffers of " + bufferBytes);
        }
        BufferRingConfig copy = copy();
        copy.memory = segment;
        return copy;
    }

    /** The buffers are in memory that outlives the ring, see {@link Ring#allocateLasting}. */
    public BufferRingConfig lasting() {
        BufferRingConfig copy = copy();
        copy.lasting = true;
        return copy;
    }

    /**
     * The kernel gets the first {@code count} buffers only; {@link BufferRing#recycle} hands over
     * the others, when there is need of them.
     *
     * @param count 0 to the number of entries
     */
    public BufferRingConfig initially(int count) {
        if (count < 0 || count > entries) {
            throw new IllegalArgumentException(count + " buffers of " + entries);
        }
        BufferRingConfig copy = copy();
        copy.initialBuffers = count;
        return copy;
    }

    int initialBuffers() {
        return initialBuffers;
    }

    /** Of all buffers together. */
    long bytes() {
        return (long) entries * bufferBytes;
    }

    /** For the kernel. */
    int flags() {
        return flags;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    int minLeftBytes() {
        return minLeftBytes;
    }

    MemorySegment allocate(Ring ring) {
        return lasting ? ring.allocateLasting(bytes()) : ring.allocate(bytes());
    }

    @Nullable MemorySegment memory() {
        return memory;
    }
}
