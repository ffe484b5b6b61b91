package io.uring.net;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What a datagram socket's user does with it. All methods are called on the socket's loop, one at a
 * time, and must not block it.
 *
 * <pre>{@code
 * DatagramSocket.open(loops.next(), DatagramConfig.bind(address), (socket, datagram) ->
 *         socket.send(datagram, datagram.source())); // an echo server
 * }</pre>
 */
@FunctionalInterface
public interface DatagramHandler {
    /** The socket is open; datagrams are received from now on, unless this pauses reading. */
    default void onOpen(DatagramSocket socket) {}

    /**
     * A datagram came. The handler releases it, or gives it to {@link DatagramSocket#send}. An
     * exception is logged, the first times, and does not close the socket, which others use too; a
     * datagram neither released nor sent is then given back, so a handler that has kept it
     * somewhere must not throw afterwards.
     */
    void onDatagram(DatagramSocket socket, Datagram datagram);

    /** After a send that returned false: there is room again. */
    default void onWritable(DatagramSocket socket) {}

    /**
     * A datagram that was sent without a listener got lost here, or the network reported an earlier
     * one: ECONNREFUSED when nobody listens at the peer's port. The socket goes on.
     */
    default void onError(DatagramSocket socket, IOException failure) {}

    /**
     * The loop stops, and will cut the socket after a time ({@code EventLoopGroup.stop}). By default
     * the socket is closed, after what is queued. Called at most once.
     */
    default void onStop(DatagramSocket socket) {
        socket.close();
    }

    /**
     * The descriptor is closed; nothing follows. Called exactly once.
     *
     * @param cause why, or null after {@link DatagramSocket#close}
     */
    default void onClose(DatagramSocket socket, @Nullable IOException cause) {}
}
