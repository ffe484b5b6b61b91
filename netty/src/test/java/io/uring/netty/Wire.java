package io.uring.netty;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReactorConfig;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A server of ours with one loop on a free port of this machine, and plain sockets to it. */
final class Wire implements AutoCloseable {
    final EventLoopGroup group;
    final Channel server;

    /** The connections as the server has them, in the order they came. */
    final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();

    Wire(Supplier<ChannelHandler> handler) throws Exception {
        this(1, new ServerBootstrap(), handler);
    }

    Wire(int loops, ServerBootstrap bootstrap, Supplier<ChannelHandler> handler) throws Exception {
        this(loops, ReactorConfig.defaults(), bootstrap, handler);
    }

    Wire(
            int loops,
            ReactorConfig config,
            ServerBootstrap bootstrap,
            Supplier<ChannelHandler> handler)
            throws Exception {
        group = new MultiThreadIoEventLoopGroup(loops, UringIoHandler.newFactory(config));
        server =
                bootstrap
                        .group(group)
                        .channel(UringServerSocketChannel.class)
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        channel.pipeline().addLast(handler.get());
                                        accepted.add(channel);
                                    }
                                })
                        .bind(InetAddress.getLoopbackAddress(), 0)
                        .sync()
                        .channel();
    }

    InetSocketAddress address() {
        return (InetSocketAddress) server.localAddress();
    }

    Socket connect() throws Exception {
        Socket socket = new Socket(address().getAddress(), address().getPort());
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        return socket;
    }

    Channel connect(ChannelHandler handler) throws Exception {
        return new Bootstrap()
                .group(group)
                .channel(UringSocketChannel.class)
                .handler(handler)
                .connect(address())
                .sync()
                .channel();
    }

    Channel accepted() throws Exception {
        Channel channel = accepted.poll(20, TimeUnit.SECONDS);
        if (channel == null) {
            throw new AssertionError("no connection came");
        }
        return channel;
    }

    /** The reactor under a channel's loop. */
    static Reactor reactor(Channel channel) throws Exception {
        CompletableFuture<Reactor> found = new CompletableFuture<>();
        channel.eventLoop().execute(() -> found.complete(((UringChannel) channel).reactor()));
        return found.get(20, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws Exception {
        group.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
    }
}
