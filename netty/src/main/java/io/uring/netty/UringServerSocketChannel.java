package io.uring.netty;

import io.netty.channel.Channel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.ServerSocketChannelConfig;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A listening TCP socket. One accept stays armed on it and brings every connection (5.19). Kernel
 * 5.7.
 *
 * <pre>{@code
 * new ServerBootstrap()
 *         .group(new MultiThreadIoEventLoopGroup(UringIoHandler.newFactory()))
 *         .channel(UringServerSocketChannel.class)
 *         .childHandler(new MyInitializer())
 *         .bind(8080);
 * }</pre>
 */
public final class UringServerSocketChannel extends UringServerChannel
        implements ServerSocketChannel {
    private final UringServerSocketChannelConfig config;

    /** For IPv6 and IPv4, or for IPv4 where there is no IPv6. */
    public UringServerSocketChannel() {
        this(SocketFd.stream(Addresses.defaultFamily()));
    }

    /** For one family: a socket for IPv6 accepts IPv4 too. */
    public UringServerSocketChannel(@Nullable SocketProtocolFamily family) {
        this(SocketFd.stream(Addresses.family(family)));
    }

    private UringServerSocketChannel(SocketFd socket) {
        super(socket);
        config = new UringServerSocketChannelConfig(this);
    }

    @Override
    public ServerSocketChannelConfig config() {
        return config;
    }

    @Override
    int backlog() {
        return config.getBacklog();
    }

    @Override
    Channel accepted(SocketFd connection) {
        return new UringSocketChannel(this, connection, true);
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return (InetSocketAddress) super.localAddress();
    }

    @Override
    public @Nullable InetSocketAddress remoteAddress() {
        return null;
    }
}
