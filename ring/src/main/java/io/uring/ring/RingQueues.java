package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The two queues of a ring, the cursor over the one, what the operations in them name, and how the
 * kernel is told of them. The mapping changes when the ring is resized.
 */
final class RingQueues {
    private final Kernel kernel;
    private final RingHandle handle;
    private final RingConfig config;
    private final RingParams params;

    /** The caller's or huge pages that the queues are in, or null where the kernel's are mapped. */
    private final @Nullable MemorySegment memory;

    private final Set<Feature> features;
    private final Sqe sqe;
    private final InFlight inFlight;
    private final boolean sqPoll;
    private final boolean tracked;
    private final boolean bounded;

    private RingMapping mapping;
    private SubmissionQueue sq;
    private CompletionQueue cq;
    private boolean overflowing;
    private long overflows;

    RingQueues(
            Kernel kernel,
            RingHandle handle,
            RingConfig config,
            RingSetup setup,
            Set<Feature> features,
            KernelSupport support) {
        this.kernel = kernel;
        this.handle = handle;
        this.config = config;
        this.params = setup.params;
        this.memory = setup.memory;
        this.features = features;
        sqPoll = config.has(Abi.SETUP_SQPOLL);
        tracked = !config.isBare();
        bounded = tracked && !features.contains(Feature.NODROP);
        inFlight = new InFlight(sqPoll || !features.contains(Feature.SUBMIT_STABLE));
        boolean sqe128 = config.has(Abi.SETUP_SQE128);
        sqe = new Sqe(support, sqe128 ? Abi.SQE128_BYTES : Abi.SQE_BYTES);
        mapping = newMapping();
        sq = mapping.submissionQueue();
        cq = mapping.completionQueue();
    }

    private RingMapping newMapping() {
        return new RingMapping(kernel, handle.number(), config, params, memory, features, sqe);
    }

    /**
     * The next entry, or null when the queue is full.
     *
     * @throws OperationLimitException when a completion might not fit
     */
    @Nullable Sqe next() {
        if (bounded && inFlight.outstanding() >= cq.entries()) {
            throw new OperationLimitException(
                    cq.entries(),
                    "this kernel drops completions that do not fit (no NODROP); drain first");
        }
        return nextBeyondLimit();
    }

    /** For what the ring itself submits. */
    @Nullable Sqe nextBeyondLimit() {
        holdWhatIsNamed();
        Sqe next = sq.next();
        if (next != null) {
            inFlight.started();
        }
        return next;
    }

    /** The entry handed out last is complete: takes over the memory it names. */
    void holdWhatIsNamed() {
        if (tracked) {
            sqe.release(inFlight);
        }
    }

    /** Shows the kernel what was prepared, and returns how much it is. */
    int publish() {
        holdWhatIsNamed();
        int toSubmit = sq.pending(); // a polling thread takes them as soon as they are published
        sq.publish();
        countOverflow();
        return toSubmit;
    }

    /**
     * The kernel clears the flag when GETEVENTS has moved everything that was stored into the
     * queue.
     */
    private void countOverflow() {
        boolean now = (sq.flags() & Abi.SQ_CQ_OVERFLOW) != 0;
        if (now && !overflowing) {
            overflows++;
        }
        overflowing = now;
    }

    /** The flag that wakes the polling thread, if it sleeps. */
    int wakeup() {
        if (!sqPoll) {
            return 0;
        }
        // The tail must be visible before the flag is read: the thread sets the flag, then looks
        // at the tail once more before it sleeps.
        NativeMemory.fullFence();
        return (sq.flags() & Abi.SQ_NEED_WAKEUP) != 0 ? Abi.ENTER_SQ_WAKEUP : 0;
    }

    int drain(
            @Nullable CompletionHandler handler,
            @Nullable ExtendedCompletionHandler extended,
            int limit) {
        holdWhatIsNamed();
        return cq.drain(handler, extended, limit, inFlight);
    }

    boolean resize(Ring ring, int sqEntries, int cqEntries) {
        new RingConfig(sqEntries, cqEntries, Set.of()); // checks the sizes
        if (!features.contains(Feature.DEFER_TASKRUN) || !features.contains(Feature.NO_SQARRAY)) {
            throw new IllegalStateException(
                    "only a ring with DEFER_TASKRUN and NO_SQARRAY resizes");
        }
        if (memory != null) {
            throw new IllegalStateException("the queues are in memory of a fixed size");
        }
        ring.support().require(613, "resizing a ring");
        publish();
        params.clear();
        params.put(Abi.PARAMS_SQ_ENTRIES, sqEntries);
        params.put(Abi.PARAMS_CQ_ENTRIES, cqEntries);
        params.put(Abi.PARAMS_FLAGS, Abi.SETUP_CQSIZE | Abi.SETUP_CLAMP);
        try {
            ring.register("RESIZE_RINGS", Abi.REGISTER_RESIZE_RINGS, params.address(), 1);
        } catch (RingException e) {
            if (e.errno() == Errno.ENOMEM) {
                return false;
            }
            throw e;
        }
        RingMapping old = mapping;
        sqe.detach();
        mapping = newMapping();
        sq = mapping.submissionQueue();
        cq = mapping.completionQueue();
        old.close();
        return true;
    }

    /** Makes NOPs of what the kernel has not seen, and ends what names memory. */
    boolean settle(Ring ring) {
        if (tracked) {
            holdWhatIsNamed();
            sq.neutralize(sqPoll);
        }
        return inFlight.isEmpty() || new RingShutdown(ring, inFlight).settle();
    }

    InFlight inFlight() {
        return inFlight;
    }

    SubmissionQueue sq() {
        return sq;
    }

    CompletionQueue cq() {
        return cq;
    }

    long overflows() {
        return overflows;
    }

    /** The cursor stands nowhere from now on: the memory may go. */
    void detach() {
        sqe.detach();
    }

    /** Ends our view of the queues; where they are in the caller's memory, that is left alone. */
    void unmap() {
        if (memory == null) {
            mapping.close();
        }
    }

    /** Frees the memory: the kernel uses none of it any more. */
    void close() {
        inFlight.clear();
        mapping.close();
    }
}
