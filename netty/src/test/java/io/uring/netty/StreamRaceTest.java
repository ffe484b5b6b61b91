package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Eventually;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What listeners and handlers do at an awkward moment. */
@Timeout(60)
class StreamRaceTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private static ByteBuf text(String text) {
        return Unpooled.directBuffer().writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void run(Channel channel, Runnable task) throws Exception {
        channel.eventLoop().submit(task).get(20, TimeUnit.SECONDS);
    }

    private static Wire halfClosing() throws Exception {
        return new Wire(
                1,
                new ServerBootstrap().childOption(ChannelOption.ALLOW_HALF_CLOSURE, true),
                ChannelInboundHandlerAdapter::new);
    }

    /** The first flush of a connection is sent at once; what comes later, at the end of a turn. */
    private static Channel started(Wire wire, Socket client) throws Exception {
        Channel channel = wire.accepted();
        channel.writeAndFlush(text("-")).sync();
        assertEquals('-', client.getInputStream().read());
        return channel;
    }

    @Test
    void aListenerThatWritesAndClosesSendsNothingTwice() throws Exception {
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new);
                Socket client = wire.connect()) {
            Channel channel = started(wire, client);
            run(
                    channel,
                    () -> {
                        channel.write(text("A"))
                                .addListener(_ -> {
                                    channel.writeAndFlush(text("C"));
                                    channel.close();
                                });
                        channel.writeAndFlush(text("B"));
                    });
            byte[] all = client.getInputStream().readAllBytes();
            assertEquals("ABC", new String(all, StandardCharsets.US_ASCII));
        }
    }

    @Test
    void aListenerOfAnEmptyMessageMayWriteAndClose() throws Exception {
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new);
                Socket client = wire.connect()) {
            Channel channel = started(wire, client);
            run(
                    channel,
                    () -> {
                        channel.write(Unpooled.EMPTY_BUFFER)
                                .addListener(_ -> {
                                    channel.writeAndFlush(text("B"));
                                    channel.close();
                                });
                        channel.writeAndFlush(text("A"));
                    });
            byte[] all = client.getInputStream().readAllBytes();
            assertEquals("AB", new String(all, StandardCharsets.US_ASCII));
        }
    }

    @Test
    void aListenerThatShutsTheOutputDownLosesNothingThatWasFlushed() throws Exception {
        try (Wire wire = halfClosing();
                Socket client = wire.connect()) {
            SocketChannel channel = (SocketChannel) started(wire, client);
            ChannelFuture[] second = new ChannelFuture[1];
            run(
                    channel,
                    () -> {
                        channel.write(text("A")).addListener(_ -> channel.shutdownOutput());
                        second[0] = channel.writeAndFlush(text("B"));
                    });
            byte[] all = client.getInputStream().readAllBytes();
            assertEquals("AB", new String(all, StandardCharsets.US_ASCII));
            assertTrue(second[0].await(20, TimeUnit.SECONDS));
            assertTrue(second[0].isSuccess(), String.valueOf(second[0].cause()));
        }
    }

    @Test
    void twoShutdownsOfTheOutputBothEnd() throws Exception {
        try (Wire wire = halfClosing();
                Socket _ = wire.connect()) {
            SocketChannel channel = (SocketChannel) wire.accepted();
            channel.writeAndFlush(Unpooled.directBuffer().writeZero(32 << 20)); // waits for room
            ChannelFuture[] ends = new ChannelFuture[2];
            run(
                    channel,
                    () -> {
                        ends[0] = channel.shutdownOutput();
                        ends[1] = channel.shutdownOutput();
                    });
            assertTrue(ends[0].await(20, TimeUnit.SECONDS));
            assertTrue(ends[1].await(20, TimeUnit.SECONDS));
            assertTrue(channel.isOutputShutdown());
        }
    }

    @Test
    void aConnectThatSucceedsAfterTheCloseFails() throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Channel channel = unconnected(group, false);
            ChannelFuture[] connect = new ChannelFuture[1];
            run(
                    channel,
                    () -> {
                        connect[0] = channel.connect(server.getLocalSocketAddress());
                        channel.close();
                    });
            assertTrue(connect[0].await(20, TimeUnit.SECONDS));
            assertInstanceOf(ClosedChannelException.class, connect[0].cause());
            assertTrue(channel.closeFuture().await(20, TimeUnit.SECONDS));
            assertFalse(channel.isActive());
        } finally {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    /** The attempt goes on as a poll, which the close had not seen. */
    @Test
    void aFastOpenConnectThatIsClosedAtOnceDoesNotWaitForThePeer() throws Exception {
        FullBacklog.isBadHost();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
        try {
            InetSocketAddress silent =
                    new InetSocketAddress(
                            System.getProperty("io.netty.testsuite.badHost"),
                            Integer.getInteger("io.netty.testsuite.badPort"));
            Channel channel = unconnected(group, true);
            ChannelFuture[] connect = new ChannelFuture[1];
            run(
                    channel,
                    () -> {
                        channel.write(text("early"));
                        connect[0] = channel.connect(silent);
                        channel.close();
                    });
            assertTrue(connect[0].await(20, TimeUnit.SECONDS));
            assertInstanceOf(ClosedChannelException.class, connect[0].cause());
            assertTrue(channel.closeFuture().await(20, TimeUnit.SECONDS));
        } finally {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    private static Channel unconnected(EventLoopGroup group, boolean fastOpen) throws Exception {
        return new Bootstrap()
                .group(group)
                .channel(UringSocketChannel.class)
                .option(ChannelOption.TCP_FASTOPEN_CONNECT, fastOpen)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0)
                .handler(new ChannelInboundHandlerAdapter())
                .register()
                .sync()
                .channel();
    }

    @Test
    void connectionsThatCameWhenNobodyAskedAreAllDeliveredLater() throws Exception {
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new)) {
            Channel server = wire.server;
            run(server, () -> server.pipeline().addFirst(new Pause()));
            CountDownLatch go = new CountDownLatch(1);
            server.eventLoop()
                    .execute(() -> {
                        try {
                            assertTrue(go.await(20, TimeUnit.SECONDS));
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    });
            List<Socket> clients = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                clients.add(wire.connect());
            }
            go.countDown();
            wire.accepted();
            run(server, () -> server.pipeline().removeFirst());
            server.config().setAutoRead(true);
            for (int i = 1; i < 6; i++) {
                wire.accepted();
            }
            clients.add(wire.connect());
            wire.accepted();
            for (Socket client : clients) {
                client.close();
            }
        }
    }

    private static final class Pause extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.channel().config().setAutoRead(false);
            context.fireChannelRead(message);
        }
    }

    @Test
    void aReadAskedForJustBeforeLeavingIsDoneOnTheNextLoop() throws Exception {
        EventLoopGroup next = new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
        try (Wire wire =
                        new Wire(
                                1,
                                new ServerBootstrap().childOption(ChannelOption.AUTO_READ, false),
                                StreamLifetimeTest.Echo::new);
                Socket client = wire.connect()) {
            Channel channel = started(wire, client);
            ChannelFuture[] left = new ChannelFuture[1];
            run(
                    channel,
                    () -> {
                        channel.read();
                        left[0] = channel.deregister();
                    });
            assertTrue(left[0].await(20, TimeUnit.SECONDS));
            next.register(channel).sync();
            client.getOutputStream().write('x');
            assertEquals('x', client.getInputStream().read());
        } finally {
            next.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void whatIsFlushedBetweenTwoLoopsLeavesOnTheNextOne() throws Exception {
        EventLoopGroup next = new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new);
                Socket client = wire.connect()) {
            Channel channel = started(wire, client);
            channel.deregister().sync();
            ChannelFuture write = channel.writeAndFlush(text("moved"));
            run(channel, () -> {});
            next.register(channel).sync();
            byte[] all = client.getInputStream().readNBytes(5);
            assertArrayEquals("moved".getBytes(StandardCharsets.US_ASCII), all);
            assertTrue(write.await(20, TimeUnit.SECONDS));
            assertTrue(write.isSuccess(), String.valueOf(write.cause()));
        } finally {
            next.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    /** Rather than wait for ever; and the server goes on when there is room again. */
    @Test
    void connectionsBeyondTheLimitOfOperationsAreClosed() throws Exception {
        EventLoopGroup group =
                new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory(sixteenOperations()));
        List<Socket> clients = new ArrayList<>();
        try {
            Channel server =
                    new ServerBootstrap()
                            .group(group)
                            .channel(UringServerSocketChannel.class)
                            .childHandler(new Shared())
                            .bind(InetAddress.getLoopbackAddress(), 0)
                            .sync()
                            .channel();
            InetSocketAddress address = (InetSocketAddress) server.localAddress();
            for (int i = 0; i < 60; i++) {
                clients.add(new Socket(address.getAddress(), address.getPort()));
            }
            Socket last = clients.getLast();
            last.setSoTimeout(20_000);
            assertEquals(-1, last.getInputStream().read());
            for (Socket client : clients) {
                client.close();
            }
            Eventually.isTrue(SOON, "an echo", () -> echoes(address));
        } finally {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    private static ReactorConfig sixteenOperations() {
        ReactorConfig usual = ReactorConfig.defaults();
        return new ReactorConfig(
                usual.connections(),
                16,
                usual.streamBuffers(),
                usual.datagramBuffers(),
                usual.drainNanos(),
                usual.idle());
    }

    private static boolean echoes(InetSocketAddress address) {
        try (Socket client = new Socket(address.getAddress(), address.getPort())) {
            client.setSoTimeout(1000);
            client.getOutputStream().write('x');
            return client.getInputStream().read() == 'x';
        } catch (java.io.IOException e) {
            return false;
        }
    }

    @io.netty.channel.ChannelHandler.Sharable
    private static final class Shared extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {}
    }
}
