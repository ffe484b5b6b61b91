package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.uring.ring.Feature;
import io.uring.testkit.Eventually;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Attempts to connect that something comes between. */
@Timeout(60)
class ConnectTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final List<EventLoopGroup> groups = new ArrayList<>();

    private EventLoopGroup group(String mask) {
        System.setProperty(Feature.MASK_PROPERTY, mask);
        try {
            EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
            groups.add(group);
            return group;
        } finally {
            System.clearProperty(Feature.MASK_PROPERTY);
        }
    }

    @AfterEach
    void end() throws Exception {
        for (EventLoopGroup group : groups) {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    private static Channel unconnected(EventLoopGroup group, boolean fastOpen, int timeoutMillis)
            throws Exception {
        return new Bootstrap()
                .group(group)
                .channel(UringSocketChannel.class)
                .option(ChannelOption.TCP_FASTOPEN_CONNECT, fastOpen)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeoutMillis)
                .handler(new ChannelInboundHandlerAdapter())
                .register()
                .sync()
                .channel();
    }

    private static void run(Channel channel, Runnable task) throws Exception {
        channel.eventLoop().submit(task).get(20, TimeUnit.SECONDS);
    }

    private static ByteBuf text(String text) {
        return Unpooled.directBuffer().writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** A server that has no room for connections until it accepts some. */
    private static final class Full implements AutoCloseable {
        final ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        private final List<Socket> clients = new ArrayList<>();

        Full() throws Exception {
            for (int i = 0; i < 10; i++) {
                Socket socket = new Socket();
                clients.add(socket);
                try {
                    socket.connect(address(), 300);
                } catch (SocketTimeoutException e) {
                    socket.close();
                    return;
                }
            }
            throw new AssertionError("the queue does not get full");
        }

        InetSocketAddress address() {
            return (InetSocketAddress) server.getLocalSocketAddress();
        }

        void makeRoom() throws Exception {
            server.accept().close();
            server.accept().close();
        }

        @Override
        public void close() throws Exception {
            for (Socket client : clients) {
                client.close();
            }
            server.close();
        }
    }

    @Test
    void earlyDataOutlivesAShutdownOfTheOutput() throws Exception {
        try (Full silent = new Full()) {
            Channel channel = unconnected(group(""), true, 0);
            ByteBuf early = text("early");
            AtomicInteger references = new AtomicInteger();
            run(
                    channel,
                    () -> {
                        channel.write(early);
                        channel.connect(silent.address());
                        ((UringStreamChannel) channel).shutdownOutputAtOnce(channel.newPromise());
                        references.set(early.refCnt());
                    });
            assertEquals(1, references.get(), "the kernel is about to read it");
            Eventually.isTrue(SOON, "released", () -> early.refCnt() == 0);
            channel.close().sync();
        }
    }

    /** Without a cancellation by descriptor each operation is cancelled by itself. */
    @ParameterizedTest
    @ValueSource(strings = {"", "cancel_fd"})
    void aCloseDoesNotWaitForAFastOpenConnectThatIsUnderWay(String mask) throws Exception {
        try (Full silent = new Full()) {
            Channel channel = unconnected(group(mask), true, 0);
            ChannelFuture[] connect = new ChannelFuture[1];
            run(
                    channel,
                    () -> {
                        channel.write(text("early"));
                        connect[0] = channel.connect(silent.address());
                    });
            run(channel, () -> {});
            run(channel, () -> {}); // it waits for the handshake now
            assertFalse(connect[0].isDone());
            assertTrue(channel.close().await(20, TimeUnit.SECONDS));
            assertTrue(connect[0].await(20, TimeUnit.SECONDS));
            assertInstanceOf(ClosedChannelException.class, connect[0].cause());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aConnectGoesOnWhenTheChannelMovesToAnotherLoop(boolean fastOpen) throws Exception {
        try (Full server = new Full()) {
            Channel channel = unconnected(group(""), fastOpen, 30_000);
            ChannelFuture[] connect = new ChannelFuture[1];
            run(
                    channel,
                    () -> {
                        if (fastOpen) {
                            channel.write(text("early"));
                        }
                        connect[0] = channel.connect(server.address());
                    });
            run(channel, () -> {});
            assertTrue(channel.deregister().await(20, TimeUnit.SECONDS));
            assertTrue(group("").register(channel).await(20, TimeUnit.SECONDS));
            assertFalse(connect[0].isDone());
            server.makeRoom();
            assertTrue(connect[0].await(30, TimeUnit.SECONDS));
            assertTrue(connect[0].isSuccess(), String.valueOf(connect[0].cause()));
            assertTrue(channel.isActive());
            channel.writeAndFlush(text("hello"));
            try (Socket accepted = server.server.accept()) {
                String expected = fastOpen ? "earlyhello" : "hello";
                byte[] all = accepted.getInputStream().readNBytes(expected.length());
                assertEquals(expected, new String(all, StandardCharsets.US_ASCII));
            }
            channel.close().sync();
        }
    }

    @Test
    void theTimeLimitOfAConnectMovesWithItsChannel() throws Exception {
        try (Full silent = new Full()) {
            Channel channel = unconnected(group(""), false, 1000);
            ChannelFuture connect = channel.connect(silent.address());
            run(channel, () -> {});
            assertTrue(channel.deregister().await(20, TimeUnit.SECONDS));
            assertTrue(group("").register(channel).await(20, TimeUnit.SECONDS));
            assertTrue(connect.await(20, TimeUnit.SECONDS));
            assertInstanceOf(ConnectTimeoutException.class, connect.cause());
            assertTrue(channel.closeFuture().await(20, TimeUnit.SECONDS));
        }
    }
}
