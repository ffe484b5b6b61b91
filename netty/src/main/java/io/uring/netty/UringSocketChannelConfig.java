package io.uring.netty;

import io.netty.channel.ChannelOption;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.util.internal.PlatformDependent;
import io.uring.net.SocketOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The options of a TCP channel. */
final class UringSocketChannelConfig extends UringStreamConfig<UringSocketChannelConfig>
        implements SocketChannelConfig {
    private static final Map<ChannelOption<?>, SocketOption<?>> SOCKET_OPTIONS =
            Map.ofEntries(
                    Map.entry(ChannelOption.SO_RCVBUF, SocketOption.SO_RCVBUF),
                    Map.entry(ChannelOption.SO_SNDBUF, SocketOption.SO_SNDBUF),
                    Map.entry(ChannelOption.SO_KEEPALIVE, SocketOption.SO_KEEPALIVE),
                    Map.entry(ChannelOption.SO_REUSEADDR, SocketOption.SO_REUSEADDR),
                    Map.entry(ChannelOption.TCP_NODELAY, SocketOption.TCP_NODELAY),
                    Map.entry(UnixChannelOption.SO_REUSEPORT, SocketOption.SO_REUSEPORT),
                    Map.entry(UringChannelOption.TCP_CORK, SocketOption.TCP_CORK),
                    Map.entry(UringChannelOption.TCP_NOTSENT_LOWAT, SocketOption.TCP_NOTSENT_LOWAT),
                    Map.entry(UringChannelOption.TCP_KEEPIDLE, SocketOption.TCP_KEEPIDLE),
                    Map.entry(UringChannelOption.TCP_KEEPINTVL, SocketOption.TCP_KEEPINTVL),
                    Map.entry(UringChannelOption.TCP_KEEPCNT, SocketOption.TCP_KEEPCNT),
                    Map.entry(UringChannelOption.TCP_USER_TIMEOUT, SocketOption.TCP_USER_TIMEOUT),
                    Map.entry(UringChannelOption.TCP_QUICKACK, SocketOption.TCP_QUICKACK),
                    Map.entry(UringChannelOption.TCP_CONGESTION, SocketOption.TCP_CONGESTION),
                    Map.entry(UringChannelOption.IP_FREEBIND, SocketOption.IP_FREEBIND),
                    Map.entry(UringChannelOption.IP_TRANSPARENT, SocketOption.IP_TRANSPARENT),
                    Map.entry(UringChannelOption.SO_BUSY_POLL, SocketOption.SO_BUSY_POLL),
                    Map.entry(UringChannelOption.SO_PRIORITY, SocketOption.SO_PRIORITY),
                    Map.entry(UringChannelOption.SO_MARK, SocketOption.SO_MARK));

    private volatile boolean lingers;
    private volatile boolean fastOpenConnect;

    UringSocketChannelConfig(UringSocketChannel channel) {
        super(channel, SOCKET_OPTIONS);
        if (PlatformDependent.canEnableTcpNoDelayByDefault()) {
            setTcpNoDelay(true);
        }
    }

    @Override
    boolean lingers() {
        return lingers;
    }

    @Override
    boolean isFastOpenConnect() {
        return fastOpenConnect;
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(
                super.getOptions(),
                ChannelOption.SO_LINGER,
                ChannelOption.IP_TOS,
                ChannelOption.TCP_FASTOPEN_CONNECT);
    }

    @SuppressWarnings("unchecked")
    @Override
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        if (option == ChannelOption.SO_LINGER) {
            return (T) Integer.valueOf(getSoLinger());
        }
        if (option == ChannelOption.IP_TOS) {
            return (T) Integer.valueOf(getTrafficClass());
        }
        if (option == ChannelOption.TCP_FASTOPEN_CONNECT) {
            return (T) Boolean.valueOf(fastOpenConnect);
        }
        return super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        if (option == ChannelOption.SO_LINGER) {
            setSoLinger((Integer) value);
        } else if (option == ChannelOption.IP_TOS) {
            setTrafficClass((Integer) value);
        } else if (option == ChannelOption.TCP_FASTOPEN_CONNECT) {
            fastOpenConnect = (Boolean) value;
        } else {
            return super.setOption(option, value);
        }
        return true;
    }

    @Override
    public boolean isTcpNoDelay() {
        return socket().option(SocketOption.TCP_NODELAY);
    }

    @Override
    public UringSocketChannelConfig setTcpNoDelay(boolean on) {
        socket().option(SocketOption.TCP_NODELAY, on);
        return this;
    }

    @Override
    public int getSoLinger() {
        return socket().option(SocketOption.SO_LINGER);
    }

    @Override
    public UringSocketChannelConfig setSoLinger(int seconds) {
        socket().option(SocketOption.SO_LINGER, seconds);
        lingers = seconds > 0;
        return this;
    }

    @Override
    public int getSendBufferSize() {
        return socket().option(SocketOption.SO_SNDBUF);
    }

    @Override
    public UringSocketChannelConfig setSendBufferSize(int bytes) {
        socket().option(SocketOption.SO_SNDBUF, bytes);
        return this;
    }

    @Override
    public int getReceiveBufferSize() {
        return socket().option(SocketOption.SO_RCVBUF);
    }

    @Override
    public UringSocketChannelConfig setReceiveBufferSize(int bytes) {
        socket().option(SocketOption.SO_RCVBUF, bytes);
        return this;
    }

    @Override
    public boolean isKeepAlive() {
        return socket().option(SocketOption.SO_KEEPALIVE);
    }

    @Override
    public UringSocketChannelConfig setKeepAlive(boolean on) {
        socket().option(SocketOption.SO_KEEPALIVE, on);
        return this;
    }

    @Override
    public int getTrafficClass() {
        return socket().option(socket().isIpv6() ? SocketOption.IPV6_TCLASS : SocketOption.IP_TOS);
    }

    /** For both families, since an IPv6 socket carries IPv4 too. */
    @Override
    public UringSocketChannelConfig setTrafficClass(int value) {
        socket().option(SocketOption.IP_TOS, value);
        if (socket().isIpv6()) {
            socket().option(SocketOption.IPV6_TCLASS, value);
        }
        return this;
    }

    @Override
    public boolean isReuseAddress() {
        return socket().option(SocketOption.SO_REUSEADDR);
    }

    @Override
    public UringSocketChannelConfig setReuseAddress(boolean on) {
        socket().option(SocketOption.SO_REUSEADDR, on);
        return this;
    }

    @Override
    public UringSocketChannelConfig setPerformancePreferences(
            int connectionTime, int latency, int bandwidth) {
        return this;
    }

    @Override
    public UringSocketChannelConfig setAllowHalfClosure(boolean on) {
        allowHalfClosure(on);
        return this;
    }
}
