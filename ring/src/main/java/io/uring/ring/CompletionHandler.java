package io.uring.ring;

/** Takes completions one by one, without an object for each. */
@FunctionalInterface
public interface CompletionHandler {
    /**
     * @param userData what the submission carried
     * @param result zero or more for success, {@code -errno} for failure
     * @param flags IORING_CQE_F bits, see {@link Cqe}
     */
    void completed(long userData, int result, int flags);
}
