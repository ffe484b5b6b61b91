package io.uring.ring;

/**
 * More operations are in flight or waiting than there is room for; completions make room. A ring
 * throws it on kernels that drop completions that do not fit (before 5.5, {@link Feature#NODROP}).
 */
public final class OperationLimitException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    /**
     * @param limit operations
     * @param remedy a sentence for the person who reads the log
     */
    public OperationLimitException(int limit, String remedy) {
        super(limit + " operations are in flight or wait for the kernel: " + remedy);
    }
}
