package io.uring.net;

import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/**
 * The kernel's options of a stream socket. A listener sets them on itself, and what it accepts
 * inherits them, which spares calls per connection.
 *
 * <pre>{@code
 * StreamConfig config =
 *         StreamConfig.defaults().withSocket(SocketOptions.defaults().withKeepAlive(true));
 * }</pre>
 *
 * @param noDelay TCP_NODELAY
 * @param keepAlive SO_KEEPALIVE
 * @param sendBufferBytes SO_SNDBUF, 0 for the kernel's own tuning
 * @param receiveBufferBytes SO_RCVBUF, 0 for the kernel's own tuning
 */
public record SocketOptions(
        boolean noDelay, boolean keepAlive, int sendBufferBytes, int receiveBufferBytes) {
    public SocketOptions {
        if (sendBufferBytes < 0 || receiveBufferBytes < 0) {
            throw new IllegalArgumentException(
                    "sendBufferBytes %d, receiveBufferBytes %d"
                            .formatted(sendBufferBytes, receiveBufferBytes));
        }
    }

    /** TCP_NODELAY on, everything else as the kernel has it. */
    public static SocketOptions defaults() {
        return new SocketOptions(true, false, 0, 0);
    }

    public SocketOptions withNoDelay(boolean on) {
        return new SocketOptions(on, keepAlive, sendBufferBytes, receiveBufferBytes);
    }

    public SocketOptions withKeepAlive(boolean on) {
        return new SocketOptions(noDelay, on, sendBufferBytes, receiveBufferBytes);
    }

    /** SO_SNDBUF and SO_RCVBUF; 0 leaves one to the kernel. */
    public SocketOptions withBuffers(int sendBytes, int receiveBytes) {
        return new SocketOptions(noDelay, keepAlive, sendBytes, receiveBytes);
    }

    /** Sets them on a socket for {@code address}. */
    void apply(int fd, SocketAddress address) throws IOException {
        if (sendBufferBytes > 0) {
            set(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_SNDBUF, sendBufferBytes);
        }
        if (receiveBufferBytes > 0) {
            set(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_RCVBUF, receiveBufferBytes);
        }
        if (address instanceof InetSocketAddress) {
            set(fd, SocketCalls.IPPROTO_TCP, SocketCalls.TCP_NODELAY, noDelay ? 1 : 0);
            set(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_KEEPALIVE, keepAlive ? 1 : 0);
        }
    }

    static void set(int fd, int level, int name, int value) throws IOException {
        int result = SocketCalls.setOption(fd, level, name, value);
        if (result < 0) {
            throw SocketErrors.exception("setsockopt " + level + "/" + name, -result);
        }
    }
}
