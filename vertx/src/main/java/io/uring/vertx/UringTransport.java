package io.uring.vertx;

import static io.uring.netty.UringChannelOption.TCP_CORK;
import static io.uring.netty.UringChannelOption.TCP_KEEPCNT;
import static io.uring.netty.UringChannelOption.TCP_KEEPIDLE;
import static io.uring.netty.UringChannelOption.TCP_KEEPINTVL;
import static io.uring.netty.UringChannelOption.TCP_QUICKACK;
import static io.uring.netty.UringChannelOption.TCP_USER_TIMEOUT;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.UnixChannelOption;
import io.uring.netty.Uring;
import io.uring.netty.UringDatagramChannel;
import io.uring.netty.UringDomainSocketChannel;
import io.uring.netty.UringIoHandler;
import io.uring.netty.UringServerDomainSocketChannel;
import io.uring.netty.UringServerSocketChannel;
import io.uring.netty.UringSocketChannel;
import io.uring.reactor.ReactorConfig;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.net.TcpConfig;
import io.vertx.core.net.TcpOption;
import io.vertx.core.spi.transport.Transport;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * io_uring for Vert.x: TCP, UDP and unix sockets with all their options. Where io_uring cannot be
 * used, Vert.x takes NIO and {@code vertx.unavailableNativeTransportCause()} says why. Kernel 5.7.
 *
 * <p>On the class path this library is used without a line of code; this is for those who have
 * turned that off, or want limits of their own:
 *
 * <pre>{@code
 * Vertx vertx = Vertx.builder()
 *         .with(new VertxOptions().setEventLoopPoolSize(4))
 *         .withTransport(new UringTransport())
 *         .build();
 * }</pre>
 */
public final class UringTransport implements Transport, io.vertx.core.transport.Transport {
    private final ReactorConfig config;

    /** Loops with {@link ReactorConfig#defaults}. */
    public UringTransport() {
        this(ReactorConfig.defaults());
    }

    /** Loops with limits of your own: buffers, operations, what a loop does when idle. */
    public UringTransport(ReactorConfig config) {
        this.config = Objects.requireNonNull(config, "config");
    }

    @Override
    public String name() {
        return "uring";
    }

    @Override
    public boolean available() {
        return Uring.isAvailable();
    }

    @Override
    public boolean isAvailable() {
        return Uring.isAvailable();
    }

    @Override
    public @Nullable Throwable unavailabilityCause() {
        return Uring.unavailabilityCause();
    }

    @Override
    public Transport implementation() {
        return this;
    }

    @Override
    public boolean supportsDomainSockets() {
        return true;
    }

    @Override
    public SocketAddress convert(io.vertx.core.net.SocketAddress address) {
        return address.isDomainSocket()
                ? new DomainSocketAddress(address.path())
                : Transport.super.convert(address);
    }

    @Override
    public io.vertx.core.net.@Nullable SocketAddress convert(SocketAddress address) {
        return address instanceof DomainSocketAddress unix
                ? io.vertx.core.net.SocketAddress.domainSocketAddress(unix.path())
                : Transport.super.convert(address);
    }

    @Override
    public IoHandlerFactory ioHandlerFactory() {
        return UringIoHandler.newFactory(config);
    }

    @SuppressWarnings("deprecation") // as Vert.x declares it
    @Override
    public DatagramChannel datagramChannel(io.netty.channel.socket.InternetProtocolFamily family) {
        return new UringDatagramChannel(family.toSocketProtocolFamily());
    }

    @Override
    public ChannelFactory<? extends DatagramChannel> datagramChannelFactory() {
        return UringDatagramChannel::new;
    }

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
        return domainSocket ? UringDomainSocketChannel::new : UringSocketChannel::new;
    }

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
        return domainSocket ? UringServerDomainSocketChannel::new : UringServerSocketChannel::new;
    }

    /** Multicast too, which Vert.x itself sets up for NIO only. */
    @Override
    public void configure(DatagramChannel channel, DatagramSocketOptions options) {
        channel.config().setOption(UnixChannelOption.SO_REUSEPORT, options.isReusePort());
        Transport.super.configure(channel, options);
        channel.config().setLoopbackModeDisabled(options.isLoopbackModeDisabled());
        if (options.getMulticastTimeToLive() != -1) {
            channel.config().setTimeToLive(options.getMulticastTimeToLive());
        }
        String name = options.getMulticastNetworkInterface();
        if (name != null) {
            channel.config().setNetworkInterface(networkInterface(name));
        }
    }

    private static NetworkInterface networkInterface(String name) {
        try {
            NetworkInterface found = NetworkInterface.getByName(name);
            if (found != null) {
                return found;
            }
        } catch (SocketException e) {
            throw new IllegalArgumentException("no network interface " + name, e);
        }
        throw new IllegalArgumentException("no network interface " + name);
    }

    @Override
    public void configure(TcpConfig tcp, boolean domainSocket, ServerBootstrap bootstrap) {
        if (!domainSocket) {
            bootstrap.option(UnixChannelOption.SO_REUSEPORT, tcp.isSoReusePort());
            set(tcp, TcpOption.FASTOPEN, ChannelOption.TCP_FASTOPEN, bootstrap::option);
            set(tcp, TcpOption.USER_TIMEOUT, TCP_USER_TIMEOUT, bootstrap::childOption);
            set(tcp, TcpOption.QUICKACK, TCP_QUICKACK, bootstrap::childOption);
            set(tcp, TcpOption.CORK, TCP_CORK, bootstrap::childOption);
            setPositive(tcp, TcpOption.KEEPCNT, TCP_KEEPCNT, bootstrap::childOption);
            setPositive(tcp, TcpOption.KEEPIDLE, TCP_KEEPIDLE, bootstrap::childOption);
            setPositive(tcp, TcpOption.KEEPINTVL, TCP_KEEPINTVL, bootstrap::childOption);
        }
        Transport.super.configure(tcp, domainSocket, bootstrap);
    }

    @Override
    public void configure(TcpConfig tcp, boolean domainSocket, Bootstrap bootstrap) {
        if (!domainSocket) {
            set(
                    tcp,
                    TcpOption.FASTOPEN_CONNECT,
                    ChannelOption.TCP_FASTOPEN_CONNECT,
                    bootstrap::option);
            set(tcp, TcpOption.USER_TIMEOUT, TCP_USER_TIMEOUT, bootstrap::option);
            set(tcp, TcpOption.QUICKACK, TCP_QUICKACK, bootstrap::option);
            set(tcp, TcpOption.CORK, TCP_CORK, bootstrap::option);
            setPositive(tcp, TcpOption.KEEPCNT, TCP_KEEPCNT, bootstrap::option);
            setPositive(tcp, TcpOption.KEEPIDLE, TCP_KEEPIDLE, bootstrap::option);
            setPositive(tcp, TcpOption.KEEPINTVL, TCP_KEEPINTVL, bootstrap::option);
        }
        Transport.super.configure(tcp, domainSocket, bootstrap);
    }

    private static <T> void set(
            TcpConfig tcp,
            TcpOption<T> option,
            ChannelOption<T> ours,
            BiConsumer<ChannelOption<T>, T> bootstrap) {
        T value = tcp.getOption(option);
        if (value != null) {
            bootstrap.accept(ours, value);
        }
    }

    /** For those whose 0 stands for the kernel's default. */
    private static void setPositive(
            TcpConfig tcp,
            TcpOption<Integer> option,
            ChannelOption<Integer> ours,
            BiConsumer<ChannelOption<Integer>, Integer> bootstrap) {
        Integer value = tcp.getOption(option);
        if (value != null && value > 0) {
            bootstrap.accept(ours, value);
        }
    }
}
