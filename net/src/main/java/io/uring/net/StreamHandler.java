package io.uring.net;

import io.uring.reactor.ReceivedBuffer;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What a connection's user does with it. All methods are called one at a time, on the socket's
 * loop, which they must not block, or with {@link ListenerConfig#withExecutor} where that says. An
 * exception from one of them aborts the connection.
 *
 * <pre>{@code
 * Listener.open(loops, ListenerConfig.tcp(7000), socket -> new StreamHandler() {
 *     public void onData(StreamSocket socket, ReceivedBuffer data) {
 *         socket.write(data); // an echo server
 *     }
 * });
 * }</pre>
 */
public interface StreamHandler {
    /** The connection is open; bytes are received from now on, unless this pauses reading. */
    default void onOpen(StreamSocket socket) {}

    /**
     * Bytes came. The handler releases the buffer, or gives it to {@link StreamSocket#write}. When
     * it throws, a buffer that it has not released or written is given back, so a handler that has
     * kept the buffer somewhere must not throw afterwards.
     */
    void onData(StreamSocket socket, ReceivedBuffer data);

    /**
     * The peer sends no more. It may still receive; by default the socket is closed after what is
     * queued.
     */
    default void onEndOfInput(StreamSocket socket) {
        socket.close();
    }

    /** After a write that returned false: there is room again. */
    default void onWritable(StreamSocket socket) {}

    /** All that was queued has been handed to the kernel. */
    default void onDrained(StreamSocket socket) {}

    /** Nothing was received or sent for the idle timeout. */
    default void onIdle(StreamSocket socket) {
        socket.abort(new java.net.SocketTimeoutException("idle"));
    }

    /**
     * The listener or the loop stops, and will cut the connection after a time: the place to say
     * goodbye in the protocol's words, take no new request, and close after the last answer. By
     * default nothing: whoever is in the middle of something goes on. Called at most once.
     *
     * @see Listener#stop
     */
    default void onStop(StreamSocket socket) {}

    /**
     * The descriptor is closed; nothing follows. Called exactly once for each {@link #onOpen}.
     *
     * @param cause why, or null after {@link StreamSocket#close}
     */
    default void onClose(StreamSocket socket, @Nullable IOException cause) {}
}
