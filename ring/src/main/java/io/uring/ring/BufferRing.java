package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A provided buffer ring: buffers handed to the kernel in advance, of which an operation takes one
 * when its data is there. Kernel 5.19. Belongs to the ring's owner thread.
 *
 * <p>An incremental ring (kernel 6.12) fills a buffer with one completion after another; {@link
 * #offset} says where the next one starts, and a completion without {@link Cqe#F_BUF_MORE} is the
 * buffer's last. In an ordinary ring each completion takes a whole buffer.
 *
 * <pre>{@code
 * BufferRing buffers = BufferRing.register(ring, 0, 64, 65536, true);
 * SocketOps.recvMultishot(ring.nextSqe(), socket, buffers.group()).userData(1);
 * // in the handler, once the bytes were used:
 * buffers.recycle(Cqe.bufferId(flags));
 * buffers.publish(); // once a batch
 * }</pre>
 */
public final class BufferRing {
    public static final int MAX_ENTRIES = 32768;
    static final int PAGE_BYTES = NativeMemory.PAGE_BYTES;

    private final Ring ring;
    private final int group;
    private final int entries;
    private final int bufferBytes;
    private final boolean incremental;
    private final MemorySegment memory;
    private final long entryBase;

    /** Where the kernel's next completion in each buffer starts. */
    private final int[] offsets;

    /** Free-running modulo 65536, like the kernel's. */
    private short tail;

    private boolean registered;

    private BufferRing(
            Ring ring,
            int group,
            int entries,
            int bufferBytes,
            boolean incremental,
            boolean mapped) {
        this.ring = ring;
        this.group = group;
        this.entries = entries;
        this.bufferBytes = bufferBytes;
        this.incremental = incremental;
        this.offsets = new int[entries];
        this.memory = ring.allocate((long) entries * bufferBytes);
        long bytes = (long) entries * Abi.BUF_BYTES;
        int flags = incremental ? Abi.PBUF_RING_INC : 0;
        if (mapped) {
            register(0, flags | RegisterAbi.PBUF_RING_MMAP);
            long offset = RegisterAbi.OFF_PBUF_RING | (long) group << RegisterAbi.OFF_PBUF_SHIFT;
            this.entryBase = ring.mapOwn(bytes, offset).address();
        } else {
            this.entryBase = ring.allocate(bytes).address();
            register(entryBase, flags);
        }
    }

    /**
     * Registers a ring of buffers and hands all of them to the kernel. Their memory lives as long
     * as the ring.
     *
     * @param group 0 to 65535, not in use
     * @param entries a power of two, 1 to {@value #MAX_ENTRIES}
     * @param bufferBytes the size of each buffer
     * @param incremental needs {@link Feature#PBUF_RING_INC}
     * @throws RingException when the kernel refuses
     */
    public static BufferRing register(
            Ring ring, int group, int entries, int bufferBytes, boolean incremental) {
        return register(ring, group, entries, bufferBytes, incremental, false);
    }

    /** The same, with entries in memory that the kernel allocates. Kernel 6.4. */
    public static BufferRing registerKernelMemory(
            Ring ring, int group, int entries, int bufferBytes, boolean incremental) {
        ring.support().require(604, "a buffer ring in the kernel's memory");
        return register(ring, group, entries, bufferBytes, incremental, true);
    }

    private static BufferRing register(
            Ring ring,
            int group,
            int entries,
            int bufferBytes,
            boolean incremental,
            boolean mapped) {
        ring.checkOwner();
        if (Integer.bitCount(entries) != 1 || entries < 1 || entries > MAX_ENTRIES) {
            throw new IllegalArgumentException(
                    entries + " entries, not a power of two from 1 to " + MAX_ENTRIES);
        }
        if (bufferBytes < 1 || (group & 0xffff) != group) {
            throw new IllegalArgumentException("bufferBytes " + bufferBytes + ", group " + group);
        }
        ring.support().require(Feature.PBUF_RING);
        if (incremental) {
            ring.support().require(Feature.PBUF_RING_INC);
        }
        BufferRing buffers = new BufferRing(ring, group, entries, bufferBytes, incremental, mapped);
        for (int id = 0; id < entries; id++) {
            buffers.provide(id);
        }
        buffers.publish();
        return buffers;
    }

    private void register(long ringAddress, int flags) {
        try (Arena scratch = Arena.ofConfined()) {
            long registration = registration(scratch, ringAddress, entries, group, flags);
            ring.register("PBUF_RING of group " + group, Abi.REGISTER_PBUF_RING, registration, 1);
        }
        registered = true;
    }

    static long registration(Arena arena, long ringAddress, int entries, int group, int flags) {
        long registration = arena.allocate(Abi.BUF_REG_BYTES, Long.BYTES).address();
        NativeMemory.putLong(registration + Abi.BUF_REG_ADDR, ringAddress);
        NativeMemory.putInt(registration + Abi.BUF_REG_ENTRIES, entries);
        NativeMemory.putShort(registration + Abi.BUF_REG_BGID, (short) group);
        NativeMemory.putShort(registration + Abi.BUF_REG_FLAGS, (short) flags);
        return registration;
    }

    /**
     * Gives a buffer back to the kernel, from the next {@link #publish} on. Each buffer that a
     * completion took is given back once.
     */
    public void recycle(int bufferId) {
        checkRegistered();
        provide(bufferId);
    }

    private void provide(int bufferId) {
        offsets[bufferId] = 0; // refuses a wrong id before it overwrites an entry
        long entry = entryBase + (long) (tail & (entries - 1)) * Abi.BUF_BYTES;
        // Both fields each time: an incremental ring moves them. Bytes 14 and 15 are the tail in
        // entry 0.
        NativeMemory.putLong(
                entry + Abi.BUF_ADDR, memory.address() + (long) bufferId * bufferBytes);
        NativeMemory.putInt(entry + Abi.BUF_LEN, bufferBytes);
        NativeMemory.putShort(entry + Abi.BUF_BID, (short) bufferId);
        tail++;
    }

    /** Shows the kernel the buffers recycled since the last time. */
    public void publish() {
        checkRegistered();
        // The kernel must see the entries before the tail that covers them.
        NativeMemory.putShortRelease(entryBase + Abi.BUF_RING_TAIL, tail);
    }

    /** Where in {@link #memory} the next completion that names this buffer has its bytes. */
    public long offset(int bufferId) {
        return (long) bufferId * bufferBytes + offsets[bufferId];
    }

    /** Notes that a completion put {@code bytes} into this buffer. */
    public void advance(int bufferId, int bytes) {
        offsets[bufferId] += bytes;
        assert offsets[bufferId] <= bufferBytes : "buffer " + bufferId + " filled beyond its end";
    }

    /** All buffers, one behind the other in the order of their ids. */
    public MemorySegment memory() {
        return memory;
    }

    public int group() {
        return group;
    }

    public int entries() {
        return entries;
    }

    public int bufferBytes() {
        return bufferBytes;
    }

    public boolean isIncremental() {
        return incremental;
    }

    /** How many buffers the kernel has used up so far, modulo 65536. Kernel 6.8. */
    public int head() {
        checkRegistered();
        ring.support().require(608, "the status of a buffer ring");
        try (Arena scratch = Arena.ofConfined()) {
            long status = scratch.allocate(RegisterAbi.BUF_STATUS_BYTES, Long.BYTES).address();
            NativeMemory.putInt(status + RegisterAbi.BUF_STATUS_GROUP, group);
            ring.register(
                    "PBUF_STATUS of group " + group, RegisterAbi.REGISTER_PBUF_STATUS, status, 1);
            return NativeMemory.getInt(status + RegisterAbi.BUF_STATUS_HEAD) & 0xffff;
        }
    }

    private void checkRegistered() {
        ring.checkOwner();
        if (!registered) {
            throw new IllegalStateException("buffer group " + group + " is unregistered");
        }
    }

    /**
     * Takes the group from the kernel. Operations that want a buffer of it then fail with ENOBUFS;
     * those that hold one go on, so the memory lives as long as the ring.
     */
    public void unregister() {
        checkRegistered();
        registered = false;
        try (Arena scratch = Arena.ofConfined()) {
            long registration = registration(scratch, 0, 0, group, 0);
            ring.register(
                    "UNREGISTER_PBUF_RING of group " + group,
                    Abi.UNREGISTER_PBUF_RING,
                    registration,
                    1);
        }
    }
}
