package io.uring.netty;

import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketChannelConfig;
import io.netty.channel.socket.SocketProtocolFamily;
import io.uring.ring.internal.SocketCalls;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection. Addresses are asked of the kernel when somebody wants them. Kernel 5.7.
 *
 * <pre>{@code
 * new Bootstrap()
 *         .group(new MultiThreadIoEventLoopGroup(UringIoHandler.newFactory()))
 *         .channel(UringSocketChannel.class)
 *         .handler(new MyInitializer())
 *         .connect("localhost", 8080);
 * }</pre>
 */
public final class UringSocketChannel extends UringStreamChannel implements SocketChannel {
    private final UringSocketChannelConfig config;

    /** For IPv6 and IPv4, or for IPv4 where there is no IPv6. */
    public UringSocketChannel() {
        this(null, SocketFd.stream(Addresses.defaultFamily()), false);
    }

    /** For one family: a socket for IPv6 carries IPv4 too. */
    public UringSocketChannel(@Nullable SocketProtocolFamily family) {
        this(null, SocketFd.stream(Addresses.family(family)), false);
    }

    UringSocketChannel(@Nullable UringServerSocketChannel parent, SocketFd socket, boolean active) {
        super(parent, socket, active);
        config = new UringSocketChannelConfig(this);
    }

    /** Takes a connected socket over that somebody else opened: it is closed with the channel. */
    public static UringSocketChannel ofConnected(int fd) {
        SocketCalls.adopt(fd); // O_NONBLOCK would make operations fail instead of wait
        int family = SocketCalls.option(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_DOMAIN);
        return new UringSocketChannel(null, new SocketFd(fd, family), true);
    }

    @Override
    public SocketChannelConfig config() {
        return config;
    }

    @Override
    UringStreamConfig<?> options() {
        return config;
    }

    @Override
    public @Nullable ServerSocketChannel parent() {
        return (ServerSocketChannel) super.parent();
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return (InetSocketAddress) super.localAddress();
    }

    @Override
    public @Nullable InetSocketAddress remoteAddress() {
        return (InetSocketAddress) super.remoteAddress();
    }
}
