package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The memory a ring shares with the kernel; what was mapped for it goes when it is closed. */
final class RingMapping {
    private final Arena arena = Arena.ofShared();
    private final SubmissionQueue submissionQueue;
    private final CompletionQueue completionQueue;

    /**
     * @param memory the queues of a ring without mmap, or null to map them
     */
    RingMapping(
            Kernel kernel,
            int fd,
            RingConfig config,
            RingParams params,
            @Nullable MemorySegment memory,
            Set<Feature> features,
            Sqe sqe) {
        boolean indexArray = !features.contains(Feature.NO_SQARRAY);
        int cqeBytes = config.has(Abi.SETUP_CQE32) ? Abi.CQE32_BYTES : Abi.CQE_BYTES;
        int sqeBytes = config.has(Abi.SETUP_SQE128) ? Abi.SQE128_BYTES : Abi.SQE_BYTES;
        long sqBytes =
                params.sqOffset(Abi.SQ_OFF_ARRAY) + (long) params.sqEntries() * Integer.BYTES;
        long cqBytes = params.cqOffset(Abi.CQ_OFF_CQES) + (long) params.cqEntries() * cqeBytes;
        long sqRing;
        long cqRing;
        long sqes;
        try {
            if (memory != null) {
                sqRing = memory.address();
                cqRing = sqRing;
                sqes =
                        sqRing
                                + QueueMemory.of(config, params.sqEntries(), params.cqEntries())
                                        .ringsBytes();
            } else {
                if (features.contains(Feature.SINGLE_MMAP)) {
                    long bytes = indexArray ? Math.max(sqBytes, cqBytes) : cqBytes;
                    sqRing = map(kernel, arena, bytes, fd, Abi.MMAP_SQ_RING).address();
                    cqRing = sqRing;
                } else {
                    sqRing = map(kernel, arena, sqBytes, fd, Abi.MMAP_SQ_RING).address();
                    cqRing = map(kernel, arena, cqBytes, fd, Abi.MMAP_CQ_RING).address();
                }
                long bytes = (long) params.sqEntries() * sqeBytes;
                sqes = map(kernel, arena, bytes, fd, Abi.MMAP_SQES).address();
            }
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
        submissionQueue = new SubmissionQueue(sqRing, sqes, sqeBytes, params, indexArray, sqe);
        completionQueue = new CompletionQueue(cqRing, config, params);
    }

    /** Mapped memory that belongs to {@code arena}. */
    static MemorySegment map(Kernel kernel, Arena arena, long bytes, int fd, long offset) {
        long address = kernel.map(bytes, fd, offset);
        if (address < 0) {
            String of = fd < 0 ? "" : " of ring " + fd;
            throw new RingException("mmap of " + bytes + " bytes" + of, (int) -address);
        }
        return kernel.own(arena, address, bytes);
    }

    SubmissionQueue submissionQueue() {
        return submissionQueue;
    }

    CompletionQueue completionQueue() {
        return completionQueue;
    }

    void close() {
        arena.close();
    }
}
