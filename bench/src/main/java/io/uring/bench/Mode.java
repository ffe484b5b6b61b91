package io.uring.bench;

import java.util.Locale;

/** What a server does with what it gets. */
enum Mode {
    /** Sends the bytes back. */
    ECHO,
    /** Answers each request with {@code Hello, World!} as plain text. */
    HTTP,
    /** Reads and answers nothing: to tell the cost of a read from that of a write. */
    SINK;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
