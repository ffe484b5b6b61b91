package io.uring.ring;

/**
 * Takes completions one by one with the 16 bytes that the entries of a ring with 32-byte or mixed
 * completions carry, without an object for each.
 *
 * <pre>{@code
 * ring.drain((userData, result, flags, extra1, extra2) -> stamps.add(extra1, extra2));
 * }</pre>
 */
@FunctionalInterface
public interface ExtendedCompletionHandler {
    /**
     * @param userData what the submission carried
     * @param result zero or more for success, {@code -errno} for failure
     * @param flags IORING_CQE_F bits, see {@link Cqe}
     * @param extra1 bytes 16 to 23 of the entry, 0 when it has only 16
     * @param extra2 bytes 24 to 31 of the entry, 0 when it has only 16
     */
    void completed(long userData, int result, int flags, long extra1, long extra2);
}
