package io.uring.netty;

import io.uring.ring.Availability;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether the transport can be used here, and why not. Never throws for a missing io_uring;
 * from any thread.
 *
 * <pre>{@code
 * IoHandlerFactory io =
 *         Uring.isAvailable() ? UringIoHandler.newFactory() : NioIoHandler.newFactory();
 * EventLoopGroup group = new MultiThreadIoEventLoopGroup(io);
 * }</pre>
 */
public final class Uring {
    private Uring() {}

    /** Whether rings for sockets can be made: Linux 5.7 or newer, and no policy against it. */
    public static boolean isAvailable() {
        return Availability.get().isAvailable();
    }

    /** What failed, with errno and remedy; null when the transport is available. */
    public static @Nullable Throwable unavailabilityCause() {
        return Availability.get().cause();
    }

    /**
     * @throws io.uring.ring.UnavailableException when the transport cannot be used, with errno and
     *     remedy
     */
    public static void ensureAvailability() {
        Availability.get().capabilities();
    }
}
