package io.uring.bench;

import java.util.Locale;

/** What a server does with what it gets. */
enum Mode {
    /** Sends the bytes back. */
    ECHO,
    /** Answers each request with {@code Hello, World!} as plain text. */
    HTTP;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
