package io.uring.netty;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.AttributeKey;
import io.netty.util.ReferenceCountUtil;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A server of ours at a unix socket, with one loop, and connections of ours to it. */
final class DomainWire implements AutoCloseable {
    static {
        FullBacklog.isBadHost(); // before the combos load the class that reads it
    }

    private static final AttributeKey<BlockingQueue<Object>> RECEIVED =
            AttributeKey.valueOf(DomainWire.class, "received");

    final EventLoopGroup group;
    final Channel server;
    private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();

    DomainWire() throws Exception {
        this(DomainCombos.newAddress(), new ServerBootstrap());
    }

    DomainWire(ServerBootstrap bootstrap) throws Exception {
        this(DomainCombos.newAddress(), bootstrap);
    }

    DomainWire(DomainSocketAddress address, ServerBootstrap bootstrap) throws Exception {
        group = new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
        server =
                bootstrap
                        .group(group)
                        .channel(UringServerDomainSocketChannel.class)
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        channel.pipeline().addLast(new Inbox());
                                        accepted.add(channel);
                                    }
                                })
                        .bind(address)
                        .sync()
                        .channel();
    }

    DomainSocketAddress address() {
        return (DomainSocketAddress) server.localAddress();
    }

    UringDomainSocketChannel connect() throws Exception {
        return connect(new Bootstrap());
    }

    UringDomainSocketChannel connect(Bootstrap bootstrap) throws Exception {
        return (UringDomainSocketChannel)
                bootstrap
                        .group(group)
                        .channel(UringDomainSocketChannel.class)
                        .handler(new Inbox())
                        .connect(address())
                        .sync()
                        .channel();
    }

    UringDomainSocketChannel accepted() throws Exception {
        Channel channel = accepted.poll(20, TimeUnit.SECONDS);
        if (channel == null) {
            throw new AssertionError("no connection came");
        }
        return (UringDomainSocketChannel) channel;
    }

    /** The next message, exception or event of a channel. */
    static Object next(Channel channel) throws Exception {
        Object next = channel.attr(RECEIVED).get().poll(20, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("nothing came to " + channel);
        }
        return next;
    }

    @Override
    public void close() throws Exception {
        group.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        Inbox.releaseAll();
    }

    /** Keeps all that comes. */
    static final class Inbox extends ChannelInboundHandlerAdapter {
        private static final Queue<BlockingQueue<Object>> ALL = new ConcurrentLinkedQueue<>();

        private final BlockingQueue<Object> received = new LinkedBlockingQueue<>();

        Inbox() {
            ALL.add(received);
        }

        /** What no test has taken. */
        static void releaseAll() {
            for (BlockingQueue<Object> each = ALL.poll(); each != null; each = ALL.poll()) {
                each.forEach(ReferenceCountUtil::release);
            }
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            context.channel().attr(RECEIVED).set(received);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            received.add(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            received.add(event);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            received.add(cause);
        }
    }
}
