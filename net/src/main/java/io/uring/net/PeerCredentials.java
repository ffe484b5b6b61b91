package io.uring.net;

import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Who is at the other end of a unix socket: the process that connected, or that called listen, as
 * it was then (SO_PEERCRED). Immutable; any thread reads it.
 *
 * <pre>{@code
 * if (socket.peerCredentials().uid() != 0) {
 *     socket.abort(new IOException("root only"));
 * }
 * }</pre>
 *
 * @param pid in this process's namespace, 0 when it is not visible there; it may have ended since
 * @param uid the effective user
 * @param gid the effective group
 */
public record PeerCredentials(int pid, int uid, int gid) {
    static PeerCredentials of(SocketHandle handle, StreamSocket socket) throws IOException {
        byte[] value = SocketOption.room();
        int level = SocketCalls.SOL_SOCKET;
        int _ =
                handle.call(
                        "getsockopt SO_PEERCRED of " + socket,
                        fd -> SocketCalls.getOption(fd, level, SocketCalls.SO_PEERCRED, value));
        ByteBuffer ints = ByteBuffer.wrap(value).order(ByteOrder.nativeOrder());
        PeerCredentials peer = new PeerCredentials(ints.getInt(), ints.getInt(), ints.getInt());
        if (peer.uid() == -1) { // what the kernel says of sockets that are not unix sockets
            throw new IOException(socket + " is not a unix socket: its peer has no credentials");
        }
        return peer;
    }
}
