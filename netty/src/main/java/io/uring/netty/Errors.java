package io.uring.netty;

import io.uring.net.SocketErrors;
import io.uring.ring.Errno;
import java.io.IOException;
import java.net.PortUnreachableException;
import java.net.SocketException;

/**
 * Errno to exceptions. Applications look into the messages of those that a lost peer causes, so
 * they hold what the JDK and Netty write there.
 */
final class Errors {
    private static final int EMSGSIZE = 90;

    private Errors() {}

    /**
     * @param what the call and what it was about
     * @param errno positive
     */
    static IOException exception(String what, int errno) {
        return switch (errno) {
            case Errno.ECONNRESET -> new SocketException(what + ": Connection reset by peer");
            case Errno.EPIPE -> new SocketException(what + ": Broken pipe");
            case Errno.ECONNABORTED ->
                    new SocketException(what + ": Software caused connection abort");
            default -> SocketErrors.exception(what, errno);
        };
    }

    /** Of a datagram: the network's answer to it, or what the kernel has against it. */
    static IOException datagramException(String what, int errno) {
        return switch (errno) {
            case Errno.ECONNREFUSED ->
                    new PortUnreachableException(what + ": ECONNREFUSED. Nobody is at the port");
            case EMSGSIZE ->
                    new SocketException(
                            what
                                    + ": EMSGSIZE. Too long for a datagram, or segments too long"
                                    + " for the path");
            case Errno.EACCES ->
                    new SocketException(what + ": EACCES. Broadcast needs SO_BROADCAST");
            default -> exception(what, errno);
        };
    }

    static IOException connectException(String what, int errno) {
        if (errno == Errno.ECONNREFUSED || errno == Errno.ETIMEDOUT || errno == Errno.ENOENT) {
            String reason =
                    switch (errno) {
                        case Errno.ECONNREFUSED -> "Connection refused";
                        case Errno.ETIMEDOUT -> "Connection timed out";
                        default -> "No such file or directory";
                    };
            return new java.net.ConnectException(what + ": " + reason);
        }
        return exception(what, errno);
    }
}
