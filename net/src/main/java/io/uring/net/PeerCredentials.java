package io.uring.net;

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
public record PeerCredentials(int pid, int uid, int gid) {}
