package io.uring.reactor;

/** More operations are pending or waiting on a loop than its limit allows. */
public final class OperationLimitException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    OperationLimitException(int limit) {
        super(
                limit
                        + " operations wait for the kernel already; raise"
                        + " ReactorConfig.maxOperations or use more loops");
    }
}
