package io.uring.ring;

import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.LinuxKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A kernel in memory that completes every entry at once, with counters that start where the test
 * wants them. Its layout is that of Linux 6.18 with an index array.
 */
final class MemoryKernel implements Kernel {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    // The layout that setup reports. The array stands behind the largest completion queue.
    private static final int SQ_HEAD = 0;
    private static final int SQ_TAIL = 4;
    private static final int CQ_HEAD = 8;
    private static final int CQ_TAIL = 12;
    private static final int SQ_MASK = 16;
    private static final int CQ_MASK = 20;
    private static final int SQ_DROPPED = 32;
    private static final int SQ_FLAGS = 36;
    private static final int CQ_OVERFLOW = 44;
    private static final int CQES = 64;
    private static final int ARRAY = 8192;

    private final Arena arena = Arena.ofAuto();
    private final MemorySegment rings = arena.allocate(16384, 64);
    private final MemorySegment sqes = arena.allocate(16384, 64);
    private int sqEntries;
    private int cqEntries;

    /** The flags of each completion. */
    int cqeFlags;

    MemoryKernel(int counters) {
        for (int word : new int[] {SQ_HEAD, SQ_TAIL, CQ_HEAD, CQ_TAIL}) {
            rings.set(INT, word, counters);
        }
    }

    void countLost(int completions) {
        rings.set(INT, CQ_OVERFLOW, completions);
    }

    int arrayEntry(int index) {
        return rings.get(INT, ARRAY + 4L * index);
    }

    int tail() {
        return rings.get(INT, SQ_TAIL);
    }

    int completionHead() {
        return rings.get(INT, CQ_HEAD);
    }

    @Override
    public long setup(int entries, long params) {
        MemorySegment p = MemorySegment.ofAddress(params).reinterpret(120);
        sqEntries = entries;
        cqEntries = p.get(INT, 4);
        p.set(INT, 0, sqEntries);
        p.set(INT, 20, 0x103); // SINGLE_MMAP, NODROP, EXT_ARG
        int[] sqOffsets = {SQ_HEAD, SQ_TAIL, SQ_MASK, 24, SQ_FLAGS, SQ_DROPPED, ARRAY};
        int[] cqOffsets = {CQ_HEAD, CQ_TAIL, CQ_MASK, 28, CQ_OVERFLOW, CQES};
        for (int i = 0; i < sqOffsets.length; i++) {
            p.set(INT, 40 + 4L * i, sqOffsets[i]);
        }
        for (int i = 0; i < cqOffsets.length; i++) {
            p.set(INT, 80 + 4L * i, cqOffsets[i]);
        }
        rings.set(INT, SQ_MASK, sqEntries - 1);
        rings.set(INT, CQ_MASK, cqEntries - 1);
        return 1000;
    }

    @Override
    public long enter(
            MemorySegment callState,
            int fd,
            int toSubmit,
            int minComplete,
            int flags,
            long argument,
            long argumentBytes) {
        int head = rings.get(INT, SQ_HEAD);
        int taken = Math.min(toSubmit, rings.get(INT, SQ_TAIL) - head);
        for (int i = 0; i < taken; i++) {
            int index = rings.get(INT, ARRAY + 4L * (head + i & sqEntries - 1));
            complete(sqes.get(LONG, index * 64L + 32));
        }
        rings.set(INT, SQ_HEAD, head + taken);
        return taken;
    }

    private void complete(long userData) {
        int tail = rings.get(INT, CQ_TAIL);
        if (tail - rings.get(INT, CQ_HEAD) == cqEntries) {
            countLost(rings.get(INT, CQ_OVERFLOW) + 1);
            return;
        }
        long cqe = CQES + 16L * (tail & cqEntries - 1);
        rings.set(LONG, cqe, userData);
        rings.set(INT, cqe + 8, 0);
        rings.set(INT, cqe + 12, cqeFlags);
        rings.set(INT, CQ_TAIL, tail + 1);
    }

    @Override
    public long register(int fd, int opcode, long argument, int count) {
        return opcode == 12 ? 0 : -22; // enables, and knows nothing else
    }

    @Override
    public long map(long bytes, int fd, long offset) {
        return offset == 0x10000000L ? sqes.address() : rings.address();
    }

    @Override
    public long mapHuge(long bytes) {
        return -12;
    }

    @Override
    public MemorySegment own(Arena owner, long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes, owner, null);
    }

    @Override
    public long close(int fd) {
        return 0;
    }

    @Override
    public long eventfd() {
        return -24;
    }

    @Override
    public long signal(int eventfd) {
        return -9;
    }

    @Override
    public MemorySegment newCallState(Arena owner) {
        return LinuxKernel.instance().newCallState(owner);
    }
}
