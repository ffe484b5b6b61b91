package io.uring.cli;

import java.util.Locale;

/** What carries the bytes. */
enum Transport {
    /** Ours. Where io_uring is unavailable it becomes {@link #NIO}, unless it is required. */
    URING,
    /** Jetty's own, on epoll. */
    NIO;

    /** As written on the command line and in the READY line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
