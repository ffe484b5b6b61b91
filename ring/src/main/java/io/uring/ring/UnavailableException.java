package io.uring.ring;

/** io_uring cannot be used by this process. The message says why and what to do about it. */
public final class UnavailableException extends RingException {
    private static final long serialVersionUID = 1L;

    private final String remedy;

    UnavailableException(String what, int errno, String remedy) {
        super(what, errno, remedy);
        this.remedy = remedy;
    }

    UnavailableException(String reason, String remedy, Throwable cause) {
        super(reason + ". " + remedy, cause);
        this.remedy = remedy;
    }

    /** What to do about it: one or two sentences. */
    public String remedy() {
        return remedy;
    }
}
