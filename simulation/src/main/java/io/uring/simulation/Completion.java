package io.uring.simulation;

import org.jspecify.annotations.Nullable;

/** What a ring will show. */
final class Completion {
    static final int F_MORE = 1 << 1;
    static final int F_SOCK_NONEMPTY = 1 << 2;
    static final int F_NOTIF = 1 << 3;

    /** Whose it is, null for a message. */
    final @Nullable Request request;

    final long userData;
    final int result;
    final int flags;

    /** Where the data goes in the moment it is shown. */
    final long address;

    final byte @Nullable [] data;

    /**
     * Whose completions keep their order, or null. A group of incremental buffers: who adds up what
     * came knows where the next bytes are. A connection that was reset: the end of the stream that
     * follows the error must not come before it.
     */
    final @Nullable Object series;

    /** Simulated time before which it is not shown. */
    final long due;

    Completion(
            @Nullable Request request,
            long userData,
            int result,
            int flags,
            long address,
            byte @Nullable [] data,
            @Nullable Object series,
            long due) {
        this.request = request;
        this.userData = userData;
        this.result = result;
        this.flags = flags;
        this.address = address;
        this.data = data;
        this.series = series;
        this.due = due;
    }

    boolean isLast() {
        return (flags & F_MORE) == 0;
    }

    Completion asLast() {
        return new Completion(
                request, userData, result, flags & ~F_MORE, address, data, series, due);
    }
}
