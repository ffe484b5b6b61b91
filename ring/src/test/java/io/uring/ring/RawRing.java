package io.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.uring.ring.internal.LinuxKernel;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A ring as the kernel has it, laid out by hand with the kernel's numbers: for what the library
 * never asks for, and for what it should see.
 */
final class RawRing implements AutoCloseable {
    static final int IOPOLL = 1;
    static final int SQPOLL = 1 << 1;
    static final int SQ_AFF = 1 << 2;
    static final int CQSIZE = 1 << 3;
    static final int CLAMP = 1 << 4;
    static final int ATTACH_WQ = 1 << 5;
    static final int R_DISABLED = 1 << 6;
    static final int COOP_TASKRUN = 1 << 8;
    static final int TASKRUN_FLAG = 1 << 9;
    static final int SQE128 = 1 << 10;
    static final int CQE32 = 1 << 11;
    static final int SINGLE_ISSUER = 1 << 12;
    static final int DEFER_TASKRUN = 1 << 13;
    static final int NO_MMAP = 1 << 14;
    static final int REGISTERED_FD_ONLY = 1 << 15;
    static final int NO_SQARRAY = 1 << 16;
    static final int HYBRID_IOPOLL = 1 << 17;
    static final int CQE_MIXED = 1 << 18;

    static final int GETEVENTS = 1;
    static final int SQ_WAKEUP = 1 << 1;
    static final int EXT_ARG = 1 << 3;
    static final int REGISTERED_RING = 1 << 4;
    static final int NEED_WAKEUP = 1;

    static final int ENABLE_RINGS = 12;
    static final int REGISTER_RING_FDS = 20;
    static final int UNREGISTER_RING_FDS = 21;
    static final int RESIZE_RINGS = 33;
    static final int USE_REGISTERED_RING = 1 << 31;

    static final long CQ_OFFSET = 0x8000000L;
    static final long SQES_OFFSET = 0x10000000L;
    static final int CQ_ENTRIES = 4;
    static final int FLAGS = 8;
    static final int SQ_THREAD_CPU = 12;
    static final int SQ_THREAD_IDLE = 16;
    static final int FEATURES = 20;
    static final int WQ_FD = 24;
    static final int SQ_ARRAY = 40 + 24;
    static final int SQES_ADDRESS = 40 + 32;
    static final int RINGS_ADDRESS = 80 + 32;
    static final int PARAMS_BYTES = 120;

    private static final int CQES = 80 + 20;
    private static final int SIGSET_BYTES = 8;
    private static final LinuxKernel KERNEL = LinuxKernel.instance();

    /** One completion. */
    record Completion(long userData, int result) {}

    private final Arena arena = Arena.ofShared();
    final MemorySegment params;
    final int fd;
    private long rings;
    private long sqes;

    private RawRing(int fd, MemorySegment params) {
        this.fd = fd;
        this.params = params;
    }

    static MemorySegment params(int flags) {
        MemorySegment params = Arena.ofAuto().allocate(PARAMS_BYTES, 8);
        params.set(JAVA_INT, FLAGS, flags);
        return params;
    }

    static MemorySegment params(int flags, int field, int value) {
        MemorySegment params = params(flags);
        params.set(JAVA_INT, field, value);
        return params;
    }

    /** Flags with NO_MMAP, and where the queues go. */
    static MemorySegment params(int flags, long rings, long sqes) {
        MemorySegment params = params(flags | NO_MMAP);
        params.set(JAVA_LONG, RINGS_ADDRESS, rings);
        params.set(JAVA_LONG, SQES_ADDRESS, sqes);
        return params;
    }

    static long setup(int entries, MemorySegment params) {
        return KERNEL.setup(entries, params.address());
    }

    /** 0 when the kernel makes such a ring, which is closed again, or {@code -errno}. */
    static int trial(int entries, MemorySegment params) {
        long fd = setup(entries, params);
        if (fd < 0) {
            return (int) fd;
        }
        if ((params.get(JAVA_INT, FLAGS) & REGISTERED_FD_ONLY) != 0) {
            unregister((int) fd, true, (int) fd);
        } else {
            KERNEL.close((int) fd);
        }
        return 0;
    }

    static int trial(int entries, int flags) {
        return trial(entries, params(flags));
    }

    static RawRing open(int entries, int flags) {
        return open(entries, params(flags));
    }

    static RawRing open(int entries, MemorySegment params) {
        long fd = setup(entries, params);
        if (fd < 0) {
            throw new AssertionError("io_uring_setup: " + Errno.name((int) -fd));
        }
        RawRing ring = new RawRing((int) fd, params);
        ring.find();
        return ring;
    }

    /** Maps the queues, also after a resize; the memory before stays until close. */
    void find() {
        if (has(NO_MMAP)) {
            rings = params.get(JAVA_LONG, RINGS_ADDRESS);
            sqes = params.get(JAVA_LONG, SQES_ADDRESS);
        } else {
            rings = map(ringsBytes(), 0);
            sqes = map(sqesBytes(), SQES_OFFSET);
        }
    }

    private long map(long bytes, long offset) {
        return RingMapping.map(KERNEL, arena, bytes, fd, offset).address();
    }

    long ringsBytes() {
        long cqBytes = param(CQES) + (long) cqEntries() * cqeBytes();
        return Math.max(cqBytes, param(SQ_ARRAY) + 4L * sqEntries());
    }

    long sqesBytes() {
        return (long) sqEntries() * sqeBytes();
    }

    private boolean has(int flag) {
        return (param(FLAGS) & flag) != 0;
    }

    int sqeBytes() {
        return has(SQE128) ? 128 : 64;
    }

    int cqeBytes() {
        return has(CQE32) ? 32 : 16;
    }

    int param(int field) {
        return params.get(JAVA_INT, field);
    }

    int sqEntries() {
        return param(0);
    }

    int cqEntries() {
        return param(CQ_ENTRIES);
    }

    long rings() {
        return rings;
    }

    private long sq(int field) {
        return rings + param(40 + field);
    }

    private long cq(int field) {
        return rings + param(80 + field);
    }

    int sqMask() {
        return NativeMemory.getInt(sq(8));
    }

    int cqMask() {
        return NativeMemory.getInt(cq(8));
    }

    int sqRingEntries() {
        return NativeMemory.getInt(sq(12));
    }

    int cqRingEntries() {
        return NativeMemory.getInt(cq(12));
    }

    int sqHead() {
        return NativeMemory.getIntAcquire(sq(0));
    }

    int sqFlags() {
        return NativeMemory.getIntOpaque(sq(16));
    }

    int cqTail() {
        return NativeMemory.getIntAcquire(cq(4));
    }

    int ready() {
        return cqTail() - NativeMemory.getInt(cq(0));
    }

    /** Puts an entry with an operation of no arguments at the tail, and shows it to the kernel. */
    void put(int opcode, long userData) {
        int tail = NativeMemory.getInt(sq(4));
        int slot = tail & sqMask();
        long sqe = sqes + (long) slot * sqeBytes();
        NativeMemory.clear(sqe, sqeBytes());
        NativeMemory.putByte(sqe, (byte) opcode);
        NativeMemory.putInt(sqe + 4, -1);
        NativeMemory.putLong(sqe + 32, userData);
        if (!has(NO_SQARRAY)) {
            NativeMemory.putInt(sq(24) + 4L * slot, slot);
        }
        NativeMemory.putIntRelease(sq(4), tail + 1);
        NativeMemory.fullFence();
    }

    void nop(long userData) {
        put(0, userData);
    }

    /** Takes the next completion, which must be there. */
    Completion take() {
        if (ready() == 0) {
            throw new AssertionError("no completion");
        }
        int head = NativeMemory.getInt(cq(0));
        long cqe = rings + param(CQES) + (long) (head & cqMask()) * cqeBytes();
        Completion taken = new Completion(NativeMemory.getLong(cqe), NativeMemory.getInt(cqe + 8));
        NativeMemory.putIntRelease(cq(0), head + 1);
        return taken;
    }

    int enter(int toSubmit, int minComplete, int flags) {
        return enter(fd, toSubmit, minComplete, flags);
    }

    static int enter(int fd, int toSubmit, int minComplete, int flags) {
        return enter(fd, toSubmit, minComplete, flags, 0, SIGSET_BYTES);
    }

    /** Waits for one completion for at most so long. */
    int await(long nanos) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment timespec = scratch.allocate(16, 8);
            timespec.set(JAVA_LONG, 0, nanos / 1_000_000_000);
            timespec.set(JAVA_LONG, 8, nanos % 1_000_000_000);
            MemorySegment argument = scratch.allocate(24, 8);
            argument.set(JAVA_LONG, 16, timespec.address());
            return enter(fd, 0, 1, GETEVENTS | EXT_ARG, argument.address(), 24);
        }
    }

    private static int enter(
            int fd, int toSubmit, int minComplete, int flags, long argument, long bytes) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment state = KERNEL.newCallState(scratch);
            return (int) KERNEL.enter(state, fd, toSubmit, minComplete, flags, argument, bytes);
        }
    }

    int register(int opcode, long argument, int count) {
        return (int) KERNEL.register(fd, opcode, argument, count);
    }

    /** Puts the ring into the calling thread's table: the index, or {@code -errno}. */
    int registerRingFd() {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment update = scratch.allocate(16, 8); // offset u32@0, data u64@8
            update.set(JAVA_INT, 0, -1);
            update.set(JAVA_LONG, 8, fd);
            int count = register(REGISTER_RING_FDS, update.address(), 1);
            return count == 1 ? update.get(JAVA_INT, 0) : count;
        }
    }

    /**
     * Takes an index out of the calling thread's table.
     *
     * @param byIndex whether {@code ring} is an index itself
     */
    static int unregister(int ring, boolean byIndex, int index) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment update = scratch.allocate(16, 8);
            update.set(JAVA_INT, 0, index);
            int opcode = UNREGISTER_RING_FDS | (byIndex ? USE_REGISTERED_RING : 0);
            return (int) KERNEL.register(ring, opcode, update.address(), 1);
        }
    }

    void closeDescriptor() {
        KERNEL.close(fd);
    }

    void unmap() {
        arena.close();
    }

    @Override
    public void close() {
        if (has(REGISTERED_FD_ONLY)) {
            unregister(fd, true, fd);
        } else {
            closeDescriptor();
        }
        unmap();
    }
}
