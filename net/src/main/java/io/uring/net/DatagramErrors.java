package io.uring.net;

import io.uring.ring.Errno;
import java.io.IOException;
import java.net.SocketException;

/**
 * Which errors are the network's answer to a datagram, and what those of a send mean.
 *
 * <pre>{@code
 * if (!DatagramErrors.isReport(-result)) {
 *     close(); // the socket itself is broken
 * }
 * }</pre>
 */
public final class DatagramErrors {
    private static final int EPERM = Errno.EPERM;
    private static final int EPROTO = 71;
    private static final int EDESTADDRREQ = 89;
    private static final int EMSGSIZE = 90;
    private static final int ENOPROTOOPT = 92;
    private static final int ENETDOWN = 100;
    private static final int ENETUNREACH = 101;
    private static final int EHOSTDOWN = 112;
    private static final int EHOSTUNREACH = 113;

    private DatagramErrors() {}

    /**
     * Whether a receive with this error tells of a datagram that was sent earlier (an ICMP message
     * to a connected socket): the kernel tells it once, and the socket is as good as before.
     *
     * @param errno positive
     */
    public static boolean isReport(int errno) {
        return switch (errno) {
            case Errno.ECONNREFUSED,
                    Errno.ECONNRESET,
                    Errno.EACCES,
                    Errno.EOPNOTSUPP,
                    Errno.ETIMEDOUT,
                    EPERM,
                    EPROTO,
                    EMSGSIZE,
                    ENOPROTOOPT,
                    ENETDOWN,
                    ENETUNREACH,
                    EHOSTDOWN,
                    EHOSTUNREACH ->
                    true;
            default -> false;
        };
    }

    /**
     * @param what the send, with its length and target
     */
    static IOException ofSend(String what, int errno) {
        return switch (errno) {
            case EMSGSIZE ->
                    new SocketException(
                            what
                                    + ": EMSGSIZE. Too long for a datagram, or segments too long"
                                    + " for the path");
            case Errno.EACCES ->
                    new SocketException(
                            what + ": EACCES. Broadcast needs DatagramConfig.withBroadcast");
            case EDESTADDRREQ ->
                    new SocketException(
                            what + ": EDESTADDRREQ. The socket is not connected: name a target");
            default -> SocketErrors.exception(what, errno);
        };
    }
}
