package io.uring.ring;

/**
 * The flags of a completion.
 *
 * <pre>{@code
 * boolean finished = (flags & Cqe.F_MORE) == 0;
 * int bufferId = (flags & Cqe.F_BUFFER) != 0 ? Cqe.bufferId(flags) : -1;
 * }</pre>
 */
public final class Cqe {
    /** The operation used a provided buffer; {@link #bufferId} says which. Kernel 5.7. */
    public static final int F_BUFFER = 1;

    /** More completions of the same operation follow. Kernel 5.13. */
    public static final int F_MORE = 1 << 1;

    /** The socket had more to receive or accept. Kernel 5.19. */
    public static final int F_SOCK_NONEMPTY = 1 << 2;

    /** The notification of a zero-copy send, not its result. Kernel 6.0. */
    public static final int F_NOTIF = 1 << 3;

    /**
     * The same provided buffer will be used again, from where this completion ended. Kernel 6.12.
     */
    public static final int F_BUF_MORE = 1 << 4;

    /** A filler without meaning; {@link Ring#drain} swallows it. Kernel 6.18. */
    public static final int F_SKIP = 1 << 5;

    /** An entry of 32 bytes in a ring with mixed completions. Kernel 6.18. */
    public static final int F_32 = 1 << 15;

    /** Of a transmit timestamp: the network card took it, not the kernel. Kernel 6.17. */
    public static final int F_TSTAMP_HW = 1 << 16;

    /** In the result of a notification: the data was copied after all. Kernel 6.2. */
    public static final int NOTIF_USAGE_ZC_COPIED = 1 << 31;

    private static final int BUFFER_SHIFT = 16;

    private Cqe() {}

    /** The id of the provided buffer, 0 to 65535; only with {@link #F_BUFFER}. */
    public static int bufferId(int flags) {
        return flags >>> BUFFER_SHIFT;
    }
}
