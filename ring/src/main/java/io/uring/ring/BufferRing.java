package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

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
 * // in the handler:
 * long offset = buffers.offset(Cqe.bufferId(flags)); // of result bytes, in memory()
 * buffers.advance(Cqe.bufferId(flags), result);
 * buffers.recycle(Cqe.bufferId(flags));
 * buffers.publish(); // once a batch
 * }</pre>
 */
public final class BufferRing {
    public static final int MAX_ENTRIES = BufferRingConfig.MAX_ENTRIES;
    static final int PAGE_BYTES = NativeMemory.PAGE_BYTES;

    private final Ring ring;
    private final BufferRingConfig config;
    private final MemorySegment memory;
    private final long bufferBase;
    private final long entryBase;

    /** Where the kernel's next completion in each buffer starts. */
    private final int[] offsets;

    /** Not the kernel's alone: a completion has named it since it was provided, if it was. */
    private final boolean[] used;

    /** Free-running modulo 65536, like the kernel's. */
    private short tail;

    private boolean registered;

    private BufferRing(Ring ring, BufferRingConfig config) {
        this.ring = ring;
        this.config = config;
        this.offsets = new int[config.entries];
        this.used = new boolean[config.entries];
        Arrays.fill(used, true); // until they are provided
        MemorySegment given = config.memory();
        if (given != null) {
            NativeMemory.writableAddress(given, 0, config.bytes());
        }
        long bytes = (long) config.entries * Abi.BUF_BYTES;
        boolean mapped = config.has(RegisterAbi.PBUF_RING_MMAP);
        long own = mapped ? 0 : ring.allocate(bytes).address();
        register(own);
        try { // now that the group is known to be free: memory of the ring's is not given back
            this.entryBase = mapped ? ring.mapOwn(bytes, mappingOffset()).address() : own;
            this.memory = given != null ? given : config.allocate(ring);
        } catch (RuntimeException e) {
            unregister();
            throw e;
        }
        if (given != null) {
            ring.keep(given);
        }
        this.bufferBase = memory.address();
    }

    private long mappingOffset() {
        return RegisterAbi.OFF_PBUF_RING | (long) config.group << RegisterAbi.OFF_PBUF_SHIFT;
    }

    /**
     * Registers an ordinary or an incremental ring in memory of the library's.
     *
     * @see #register(Ring, BufferRingConfig)
     */
    public static BufferRing register(
            Ring ring, int group, int entries, int bufferBytes, boolean incremental) {
        BufferRingConfig config = BufferRingConfig.of(group, entries, bufferBytes);
        return register(ring, incremental ? config.incremental() : config);
    }

    /**
     * Registers a ring of buffers and hands them to the kernel. Memory of the library's lives as
     * long as the ring.
     *
     * @throws UnavailableException when the kernel is too old for what {@code config} asks for
     * @throws RingException when the kernel refuses: EEXIST when the group is in use
     */
    public static BufferRing register(Ring ring, BufferRingConfig config) {
        ring.checkOwner();
        ring.support().require(Feature.PBUF_RING);
        if (config.has(Abi.PBUF_RING_INC)) {
            ring.support().require(Feature.PBUF_RING_INC);
        }
        if (config.has(RegisterAbi.PBUF_RING_MMAP)) {
            ring.support().require(604, "a buffer ring in the kernel's memory");
        }
        BufferRing buffers = new BufferRing(ring, config);
        for (int id = 0; id < config.initialBuffers(); id++) {
            buffers.provide(id);
        }
        buffers.publish();
        return buffers;
    }

    private void register(long ringAddress) {
        try (Arena scratch = Arena.ofConfined()) {
            long registration =
                    registration(
                            scratch, ringAddress, config.entries, config.group, config.flags());
            int minLeftBytes = config.minLeftBytes();
            NativeMemory.putInt(registration + RegisterAbi.BUF_REG_MIN_LEFT, minLeftBytes);
            int result = ring.tryRegister(Abi.REGISTER_PBUF_RING, registration, 1);
            if (result < 0) {
                boolean tooNew = result == -Errno.EINVAL && minLeftBytes > 0;
                throw new RingException(
                        "io_uring_register(PBUF_RING of group " + config.group + ") on " + ring,
                        -result,
                        tooNew ? "This kernel has no minLeftBytes." : "");
            }
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
     * Gives a buffer back to the kernel, from the next {@link #publish} on: once for each time that
     * completions used it up, or once when it was not given {@linkplain BufferRingConfig#initially
     * initially}.
     *
     * @throws IllegalStateException when the kernel has the buffer, since no completion named it
     *     (see {@link #advance}) after it was given
     */
    public void recycle(int bufferId) {
        checkRegistered();
        if (!used[bufferId]) {
            throw new IllegalStateException(
                    "buffer " + bufferId + " of group " + config.group + " is the kernel's");
        }
        provide(bufferId);
    }

    private void provide(int bufferId) {
        offsets[bufferId] = 0;
        used[bufferId] = false;
        long entry = entryBase + (long) (tail & (config.entries - 1)) * Abi.BUF_BYTES;
        // Both fields each time: an incremental ring moves them. Bytes 14 and 15 are the tail in
        // entry 0.
        NativeMemory.putLong(
                entry + Abi.BUF_ADDR, bufferBase + (long) bufferId * config.bufferBytes);
        NativeMemory.putInt(entry + Abi.BUF_LEN, config.bufferBytes);
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
        return (long) bufferId * config.bufferBytes + offsets[bufferId];
    }

    /**
     * Notes that a completion named this buffer: to be called for each one with {@link
     * Cqe#F_BUFFER}, also of a failure.
     *
     * @param bytes that it put there, 0 or more
     */
    public void advance(int bufferId, int bytes) {
        used[bufferId] = true;
        offsets[bufferId] += bytes;
        assert offsets[bufferId] <= config.bufferBytes
                : "buffer " + bufferId + " filled beyond its end";
    }

    /** All buffers, one behind the other in the order of their ids. */
    public MemorySegment memory() {
        return memory;
    }

    public int group() {
        return config.group;
    }

    public int entries() {
        return config.entries;
    }

    public int bufferBytes() {
        return config.bufferBytes;
    }

    public boolean isIncremental() {
        return config.has(Abi.PBUF_RING_INC);
    }

    /** How many buffers the kernel has used up so far, modulo 65536. Kernel 6.8. */
    public int head() {
        checkRegistered();
        ring.support().require(608, "the status of a buffer ring");
        try (Arena scratch = Arena.ofConfined()) {
            long status = scratch.allocate(RegisterAbi.BUF_STATUS_BYTES, Long.BYTES).address();
            NativeMemory.putInt(status + RegisterAbi.BUF_STATUS_GROUP, config.group);
            ring.register(
                    "PBUF_STATUS of group " + config.group,
                    RegisterAbi.REGISTER_PBUF_STATUS,
                    status,
                    1);
            return NativeMemory.getInt(status + RegisterAbi.BUF_STATUS_HEAD) & 0xffff;
        }
    }

    private void checkRegistered() {
        ring.checkOwner();
        if (!registered) {
            throw new IllegalStateException("buffer group " + config.group + " is unregistered");
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
            long registration = registration(scratch, 0, 0, config.group, 0);
            ring.register(
                    "UNREGISTER_PBUF_RING of group " + config.group,
                    Abi.UNREGISTER_PBUF_RING,
                    registration,
                    1);
        }
    }
}
