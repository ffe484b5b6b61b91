package io.uring.reactor;

import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.OperationLimitException;
import io.uring.ring.Ring;
import io.uring.ring.Sqe;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The operations that the kernel has, and those that wait, in order, because it has as many as it
 * may or its queue is full.
 */
final class Submissions {
    private final Ring ring;
    private final RingSize size;
    private final LoopCounters counters;
    private final Queue<Runnable> tasks;
    private final boolean cancelsByDescriptor;
    private final int maxOperations;

    /** Operations that the kernel may have at a time. */
    private final int limit;

    private final OperationTable table = new OperationTable();
    private final ArrayDeque<Operation> backlog = new ArrayDeque<>();

    /**
     * @param tasks of the loop, for completions that must not come while their operation is given
     */
    Submissions(
            Ring ring,
            RingSize size,
            ReactorConfig config,
            LoopCounters counters,
            Queue<Runnable> tasks) {
        this.ring = ring;
        this.size = size;
        this.counters = counters;
        this.tasks = tasks;
        cancelsByDescriptor = ring.capabilities().has(Feature.CANCEL_FD);
        maxOperations = config.maxOperations();
        // Without NODROP a completion that finds the queue full is lost, so there must be room for
        // all.
        limit =
                ring.capabilities().has(Feature.NODROP)
                        ? maxOperations
                        : Math.min(maxOperations, ring.cqEntries());
    }

    /** Operations the kernel has, or that wait for it. */
    int pending() {
        return table.size() + backlog.size();
    }

    /** Operations the kernel has. */
    int inFlight() {
        return table.size();
    }

    /**
     * Whether operations wait that could go now: not those that only a completion makes room for.
     */
    boolean canGo() {
        return !backlog.isEmpty() && (table.size() < limit || backlog.getFirst() instanceof Cancel);
    }

    void submit(Operation operation) {
        if (operation.isPending()) {
            throw new IllegalStateException("the operation is pending: " + operation);
        }
        // A cancel overtakes those that wait: it may be what they wait for.
        boolean cancel = operation instanceof Cancel;
        if ((cancel || backlog.isEmpty()) && begin(operation)) {
            return;
        }
        if (backlog.size() >= maxOperations && !cancel) {
            throw new OperationLimitException(
                    maxOperations, "raise ReactorConfig.maxOperations or use more loops");
        }
        if (cancel) {
            backlog.addFirst(operation);
        } else {
            backlog.addLast(operation);
        }
        operation.queued = true;
    }

    /** Gives the kernel what waits, as far as there is room. */
    void goOn() {
        while (!backlog.isEmpty()) {
            Operation first = backlog.getFirst();
            if (!beginLate(first)) {
                return;
            }
            backlog.removeFirst();
        }
    }

    /** Whoever submitted it is gone from the stack, so a preparation that fails is a completion. */
    private boolean beginLate(Operation operation) {
        try {
            boolean begun = begin(operation);
            operation.queued = !begun;
            return begun;
        } catch (Throwable e) {
            Reactor.report(operation, e);
            tasks.add(() -> { // it is pending until then
                operation.queued = false;
                operation.complete(-Errno.EINVAL, 0);
            });
            return true;
        }
    }

    private boolean begin(Operation operation) {
        // Cancelling must go on at the limit, or nothing would ever end.
        if (table.size() >= limit && !(operation instanceof Cancel)) {
            return false;
        }
        Sqe sqe = ring.nextSqe();
        if (sqe == null) {
            size.submissionsFull();
            counters.entered(ring.submit());
            sqe = ring.nextSqe();
        }
        if (sqe == null) {
            return false;
        }
        long userData;
        try {
            operation.prepare(sqe);
            userData = table.add(operation);
        } catch (Throwable e) { // also without memory for the table
            sqe.clear(); // the entry cannot be taken back, but it can do nothing
            throw e;
        }
        operation.userData = userData;
        sqe.userData(userData);
        return true;
    }

    /** The operation of a completion, or null when it is long over. */
    @Nullable Operation find(long userData) {
        return table.find(userData);
    }

    /** An operation has had its last completion. */
    void ended(Operation operation) {
        table.remove(operation.userData);
        operation.userData = 0;
    }

    void cancelAll(Descriptor descriptor, Operation... operations) {
        if (cancelsByDescriptor) {
            submit(Cancel.all(descriptor));
        }
        for (Operation operation : operations) {
            if (operation.queued || !cancelsByDescriptor) {
                cancel(operation);
            }
        }
    }

    void cancel(Operation operation) {
        if (operation.queued) {
            Runnable cancelled =
                    () -> {
                        operation.queued = false;
                        operation.complete(-Errno.ECANCELED, 0);
                    };
            if (backlog.remove(operation)) { // or it was cancelled already
                tasks.add(cancelled);
            }
        } else if (operation.userData != 0) {
            submit(Cancel.of(operation.userData));
        }
    }

    void cancelEverything() {
        for (Operation waiting : new ArrayList<>(backlog)) {
            cancel(waiting);
        }
        if (table.size() == 0) {
            return;
        }
        if (cancelsByDescriptor) {
            submit(Cancel.everything());
        } else {
            table.pending().forEach(this::cancel);
        }
    }
}
