package io.uring.reactor;

import io.uring.ring.Sqe;

/**
 * Something asked of the kernel, again and again: an operation is allocated with its connection and
 * reused. It is pending from {@link Reactor#submit} until its last completion (the one without
 * F_MORE); memory and descriptor it names stay as they are for that long.
 *
 * <pre>{@code
 * final class Nop extends Operation {
 *     protected void prepare(Sqe sqe) { ControlOps.nop(sqe); }
 *     protected void complete(int result, int flags) { System.out.println(result); }
 * }
 * reactor.submit(new Nop());
 * }</pre>
 */
public abstract class Operation {
    /** Slot and generation while the kernel has it, else 0. */
    long userData;

    /** Waiting for room in the submission queue. */
    boolean queued;

    protected Operation() {}

    /** Fills the entry, but for the user data. Called once for each submission, on the loop. */
    protected abstract void prepare(Sqe sqe);

    /**
     * A completion, on the loop. May submit operations, this one too when it is no longer pending;
     * must not poll the reactor.
     *
     * @param result zero or more for success, {@code -errno} for failure
     * @param flags see {@link io.uring.ring.Cqe}
     */
    protected abstract void complete(int result, int flags);

    /**
     * {@link #complete} has thrown, so what it had to do is not done: the place to end what the
     * operation belongs to. When this throws as well, {@link Resource#retryEnd} is called later. On
     * the loop; by default nothing.
     */
    protected void completionFailed(Throwable cause) {}

    /** Whether completions may still come. */
    public final boolean isPending() {
        return userData != 0 || queued;
    }
}
