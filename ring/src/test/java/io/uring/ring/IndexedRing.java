package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.LinuxKernel;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;

/** A ring made by hand, to write what the library never writes into its index array. */
final class IndexedRing implements AutoCloseable {
    private static final LinuxKernel KERNEL = LinuxKernel.instance();

    private final Arena arena = Arena.ofShared();
    private final RingParams params = new RingParams(arena);
    private final int fd;
    private final long rings;
    private final long sqes;

    private IndexedRing(int entries) {
        long result = KERNEL.setup(entries, params.address());
        if (result < 0) {
            throw new AssertionError("io_uring_setup: " + Errno.name((int) -result));
        }
        fd = (int) result;
        long bytes = params.sqOffset(Abi.SQ_OFF_ARRAY) + 4L * params.sqEntries();
        rings = RingMapping.map(KERNEL, arena, bytes, fd, Abi.MMAP_SQ_RING).address();
        long sqeBytes = (long) params.sqEntries() * Abi.SQE_BYTES;
        sqes = RingMapping.map(KERNEL, arena, sqeBytes, fd, Abi.MMAP_SQES).address();
        for (int i = 0; i < params.sqEntries(); i++) {
            index(i, i);
        }
    }

    static IndexedRing open(int entries) {
        return new IndexedRing(entries);
    }

    void nop(int slot, long userData) {
        ControlOps.nop(new Sqe().at(sqes + (long) slot * Abi.SQE_BYTES)).userData(userData);
    }

    /** Sets which slot an entry of the array names. */
    void index(int entry, int slot) {
        NativeMemory.putInt(rings + params.sqOffset(Abi.SQ_OFF_ARRAY) + 4L * entry, slot);
    }

    void tail(int tail) {
        NativeMemory.putIntRelease(rings + params.sqOffset(Abi.OFF_TAIL), tail);
    }

    int dropped() {
        return NativeMemory.getIntAcquire(rings + params.sqOffset(Abi.SQ_OFF_DROPPED));
    }

    long submit(int count) {
        return RawCalls.enter(fd, count, 0, 0);
    }

    /** All that there were. */
    int completions() {
        return NativeMemory.getIntAcquire(rings + params.cqOffset(Abi.OFF_TAIL));
    }

    long userData(int completion) {
        long cqe = rings + params.cqOffset(Abi.CQ_OFF_CQES) + (long) completion * Abi.CQE_BYTES;
        return NativeMemory.getLong(cqe + Abi.CQE_USER_DATA);
    }

    @Override
    public void close() {
        KERNEL.close(fd);
        arena.close();
    }
}
