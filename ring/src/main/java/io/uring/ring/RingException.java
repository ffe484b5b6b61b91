package io.uring.ring;

/**
 * A ring could not be created, or can no longer be used. The message names the call, the errno and
 * the remedy where one is known. Single operations never throw this: their result is the errno.
 */
public class RingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The positive error number, 0 where no system call failed. */
    private final int errno;

    public RingException(String what, int errno) {
        this(what, errno, "");
    }

    /**
     * @param what the call, and on what
     * @param errno positive
     * @param remedy a sentence for the person who reads the log, or empty
     */
    public RingException(String what, int errno, String remedy) {
        super(what + ": " + Errno.name(errno) + (remedy.isEmpty() ? "" : ". " + remedy));
        this.errno = errno;
    }

    RingException(String message, Throwable cause) {
        super(message, cause);
        this.errno = 0;
    }

    public final int errno() {
        return errno;
    }
}
