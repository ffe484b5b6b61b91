package io.uring.net;

import io.uring.ring.Errno;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;

/**
 * Errno to the exception that the JDK's own sockets would throw, with the call and the address.
 *
 * <pre>{@code
 * if (result < 0) {
 *     throw SocketErrors.exception("bind " + address, -result);
 * }
 * }</pre>
 */
public final class SocketErrors {
    private SocketErrors() {}

    /**
     * Loads what errors are made of. Classes are read from files: when the descriptors have run out
     * it is too late.
     */
    public static void prepare() {
        exception("", Errno.EMFILE);
    }

    /**
     * @param what the call and what it was about, such as {@code bind 127.0.0.1:80}
     * @param errno positive
     */
    public static IOException exception(String what, int errno) {
        String message = what + ": " + Errno.name(errno) + remedy(errno);
        return switch (errno) {
            case Errno.EADDRINUSE, Errno.EADDRNOTAVAIL, Errno.EACCES -> new BindException(message);
            case Errno.ECONNREFUSED, Errno.ENOENT -> new ConnectException(message);
            case Errno.ETIMEDOUT -> new SocketTimeoutException(message);
            case 101, 113 -> new NoRouteToHostException(message); // ENETUNREACH, EHOSTUNREACH
            default -> new SocketException(message);
        };
    }

    /** The same failure for another caller, with the trace of his and the first one as cause. */
    static IOException again(IOException failure) {
        IOException copy =
                switch (failure) {
                    case BindException e -> new BindException(e.getMessage());
                    case NoRouteToHostException e -> new NoRouteToHostException(e.getMessage());
                    case ConnectException e -> new ConnectException(e.getMessage());
                    case SocketException e -> new SocketException(e.getMessage());
                    case SocketTimeoutException e -> new SocketTimeoutException(e.getMessage());
                    default -> new IOException(failure.getMessage());
                };
        copy.initCause(failure);
        return copy;
    }

    private static String remedy(int errno) {
        return switch (errno) {
            case Errno.EADDRINUSE -> ". The address is in use by another socket";
            case Errno.EADDRNOTAVAIL -> ". The address is not one of this machine";
            case Errno.EACCES -> ". Ports below 1024 need CAP_NET_BIND_SERVICE";
            case Errno.EMFILE, Errno.ENFILE ->
                    ". No descriptors left: raise ulimit -n (LimitNOFILE)";
            case Errno.ENOMEM, Errno.ENOBUFS ->
                    ". The kernel has no memory for it: raise the container's memory limit, or"
                            + " net.ipv4.tcp_mem";
            default -> "";
        };
    }
}
