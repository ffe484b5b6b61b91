package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.uring.ring.RingException;
import io.uring.simulation.FailingKernel;
import io.uring.testkit.Eventually;
import io.uring.testkit.OpenDescriptors;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A ring that has become unusable, as if its descriptor had been closed. */
@Timeout(60)
class LostRingTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int EBADF = 9;

    /** The loop's thread whose kernel knows its ring no more. */
    private final AtomicReference<@Nullable Thread> victim = new AtomicReference<>();

    private FailingKernel kernel() {
        return FailingKernel.install(call ->
                call.equals("enter") && Thread.currentThread() == victim.get()
                        ? -EBADF
                        : FailingKernel.GO_ON);
    }

    private void loseRing(EventLoop loop) throws Exception {
        CountDownLatch set = new CountDownLatch(1);
        loop.execute(() -> {
            victim.set(Thread.currentThread());
            set.countDown();
        });
        assertTrue(set.await(20, TimeUnit.SECONDS));
    }

    /** Echoes, and keeps what it is told about its end. */
    private static final class Witness extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
        private final CountDownLatch ended = new CountDownLatch(2);

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failures.add(cause);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            ended.countDown();
        }

        @Override
        public void channelUnregistered(ChannelHandlerContext context) {
            ended.countDown();
        }

        void expectTheEnd() throws Exception {
            assertInstanceOf(RingException.class, failures.poll(20, TimeUnit.SECONDS));
            assertTrue(ended.await(20, TimeUnit.SECONDS), "inactive and unregistered");
        }
    }

    private static boolean echoes(Socket client) {
        try {
            client.getOutputStream().write('x');
            return client.getInputStream().read() == 'x';
        } catch (IOException e) {
            return false; // a reset, for example
        }
    }

    private static Witness witness(Channel channel) {
        return channel.pipeline().get(Witness.class);
    }

    @Test
    void itsChannelsAreToldAndClosedAndOtherLoopsGoOn() throws Exception {
        FullBacklog.isBadHost();
        try (Wire warm = new Wire(Witness::new)) {
            warm.connect().close();
        }
        OpenDescriptors before = OpenDescriptors.now();
        List<Socket> clients = new ArrayList<>();
        try (FailingKernel _ = kernel();
                Wire wire = new Wire(2, new ServerBootstrap(), Witness::new)) {
            List<Channel> lost = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                clients.add(wire.connect());
                Channel channel = wire.accepted();
                if (channel.eventLoop() != wire.server.eventLoop()) {
                    lost.add(channel);
                }
            }
            assertEquals(3, lost.size());
            Channel sending = lost.getFirst();
            ChannelFuture write =
                    sending.writeAndFlush(Unpooled.directBuffer().writeZero(32 << 20)); // waits
            ChannelFuture connect =
                    new Bootstrap()
                            .group(sending.eventLoop())
                            .channel(UringSocketChannel.class)
                            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0)
                            .handler(new ChannelInboundHandlerAdapter())
                            .connect(
                                    System.getProperty("io.netty.testsuite.badHost"),
                                    Integer.getInteger("io.netty.testsuite.badPort"));
            Witness ofDatagrams = new Witness();
            Bootstrap datagrams =
                    new Bootstrap()
                            .group(sending.eventLoop())
                            .channel(UringDatagramChannel.class)
                            .handler(ofDatagrams);
            lost.add(datagrams.bind(InetAddress.getLoopbackAddress(), 0).sync().channel());
            List<Witness> witnesses = lost.stream().map(LostRingTest::witness).toList();
            loseRing(sending.eventLoop());
            for (Witness witness : witnesses) {
                witness.expectTheEnd();
            }
            for (Channel channel : lost) {
                assertTrue(channel.closeFuture().await(20, TimeUnit.SECONDS));
            }
            assertTrue(write.await(20, TimeUnit.SECONDS));
            assertInstanceOf(RingException.class, write.cause());
            assertTrue(connect.await(20, TimeUnit.SECONDS));
            assertInstanceOf(RingException.class, connect.cause());
            assertTrue(sending.eventLoop().terminationFuture().await(20, TimeUnit.SECONDS));
            assertFalse(wire.group.isTerminated());
            int echoes = 0;
            for (Socket client : clients) {
                echoes += echoes(client) ? 1 : 0;
            }
            assertEquals(3, echoes);
        }
        for (Socket client : clients) {
            client.close();
        }
        before.awaitReturn(SOON);
    }

    @Test
    void aServerOnItEndsAndTheGroupCanBeShutDown() throws Exception {
        try (FailingKernel _ = kernel();
                Wire wire = new Wire(Witness::new)) {
            loseRing(wire.server.eventLoop());
            assertTrue(wire.server.closeFuture().await(20, TimeUnit.SECONDS));
            assertTrue(wire.group.terminationFuture().await(20, TimeUnit.SECONDS));
        }
    }

    /** The drain of a shutdown finds it out. */
    @Test
    void aRingThatIsLostDuringAShutdownEndsTheLoopAllTheSame() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        try (FailingKernel _ = kernel();
                Wire wire = new Wire(Witness::new)) {
            Socket client = wire.connect();
            Channel channel = wire.accepted();
            for (int i = 0; i < 2; i++) { // until it receives
                channel.eventLoop().submit(() -> {}).get(20, TimeUnit.SECONDS);
            }
            channel.eventLoop()
                    .execute(() -> {
                        wire.group.shutdownGracefully(0, 10, TimeUnit.SECONDS);
                        victim.set(Thread.currentThread());
                    });
            assertTrue(wire.group.terminationFuture().await(20, TimeUnit.SECONDS));
            Eventually.isTrue(SOON, "closed", () -> channel.closeFuture().isDone());
            client.close();
        }
        before.awaitReturn(SOON);
    }
}
