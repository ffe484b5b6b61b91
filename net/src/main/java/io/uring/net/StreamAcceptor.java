package io.uring.net;

import java.io.IOException;

/**
 * Decides what is done with accepted connections. Called on a loop, which it must not block, also
 * when callbacks run on an executor.
 *
 * <pre>{@code
 * Listener.open(loops, config, socket -> {
 *     System.out.println("connection from " + socket.remoteAddress());
 *     return new EchoHandler();
 * });
 * }</pre>
 */
@FunctionalInterface
public interface StreamAcceptor {
    /** The handler for a new connection, which then gets {@link StreamHandler#onOpen}. */
    StreamHandler accepted(StreamSocket socket);

    /**
     * Accepting failed and is tried again later; once per lasting condition, such as no
     * descriptors.
     */
    default void acceptFailed(IOException cause) {
        System.getLogger(Listener.class.getName())
                .log(
                        System.Logger.Level.WARNING,
                        "accepting goes on later: {0}",
                        cause.getMessage());
    }
}
