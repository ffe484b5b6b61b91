package io.uring.netty;

import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ServerSocketChannelConfig;
import io.netty.channel.unix.UnixChannelOption;
import io.uring.net.SocketOption;
import java.util.Map;

/** The options of a listening TCP channel; what is accepted inherits those of the kernel. */
final class UringServerSocketChannelConfig extends UringServerConfig<UringServerSocketChannelConfig>
        implements ServerSocketChannelConfig {
    private static final Map<ChannelOption<?>, SocketOption<?>> SOCKET_OPTIONS =
            Map.of(
                    ChannelOption.SO_RCVBUF,
                    SocketOption.SO_RCVBUF,
                    ChannelOption.SO_REUSEADDR,
                    SocketOption.SO_REUSEADDR,
                    ChannelOption.TCP_FASTOPEN,
                    SocketOption.TCP_FASTOPEN,
                    UnixChannelOption.SO_REUSEPORT,
                    SocketOption.SO_REUSEPORT,
                    UringChannelOption.TCP_DEFER_ACCEPT,
                    SocketOption.TCP_DEFER_ACCEPT,
                    UringChannelOption.IP_FREEBIND,
                    SocketOption.IP_FREEBIND,
                    UringChannelOption.IP_TRANSPARENT,
                    SocketOption.IP_TRANSPARENT);

    UringServerSocketChannelConfig(UringServerSocketChannel channel) {
        super(channel, SOCKET_OPTIONS);
        setReuseAddress(true);
    }

    @Override
    public UringServerSocketChannelConfig setBacklog(int connections) {
        backlog(connections);
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return socket().option(SocketOption.SO_REUSEADDR);
    }

    @Override
    public UringServerSocketChannelConfig setReuseAddress(boolean on) {
        socket().option(SocketOption.SO_REUSEADDR, on);
        return this;
    }

    @Override
    public int getReceiveBufferSize() {
        return socket().option(SocketOption.SO_RCVBUF);
    }

    @Override
    public UringServerSocketChannelConfig setReceiveBufferSize(int bytes) {
        socket().option(SocketOption.SO_RCVBUF, bytes);
        return this;
    }

    @Override
    public UringServerSocketChannelConfig setPerformancePreferences(
            int connectionTime, int latency, int bandwidth) {
        return this;
    }
}
