package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import java.lang.foreign.Arena;
import java.util.Set;

/** The memory a ring shares with the kernel; unmapped when the ring's arena closes. */
final class RingMapping {
    private final SubmissionQueue submissionQueue;
    private final CompletionQueue completionQueue;

    RingMapping(Kernel kernel, int fd, RingSetup setup, Set<Feature> features, Arena arena) {
        boolean indexArray = !features.contains(Feature.NO_SQARRAY);
        long sqBytes = setup.sqOffset(Abi.SQ_OFF_ARRAY) + (long) setup.sqEntries() * Integer.BYTES;
        long cqBytes =
                setup.cqOffset(Abi.CQ_OFF_CQES) + ((long) setup.cqEntries() << Abi.CQE_BYTES_SHIFT);
        long sqRing;
        long cqRing;
        if (features.contains(Feature.SINGLE_MMAP)) {
            long bytes = indexArray ? Math.max(sqBytes, cqBytes) : cqBytes;
            sqRing = Ring.map(kernel, arena, bytes, fd, Abi.MMAP_SQ_RING).address();
            cqRing = sqRing;
        } else {
            sqRing = Ring.map(kernel, arena, sqBytes, fd, Abi.MMAP_SQ_RING).address();
            cqRing = Ring.map(kernel, arena, cqBytes, fd, Abi.MMAP_CQ_RING).address();
        }
        long sqeBytes = (long) setup.sqEntries() * Abi.SQE_BYTES;
        long sqes = Ring.map(kernel, arena, sqeBytes, fd, Abi.MMAP_SQES).address();
        submissionQueue = new SubmissionQueue(sqRing, sqes, setup, indexArray);
        completionQueue = new CompletionQueue(cqRing, setup);
    }

    SubmissionQueue submissionQueue() {
        return submissionQueue;
    }

    CompletionQueue completionQueue() {
        return completionQueue;
    }
}
