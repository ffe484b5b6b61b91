package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.util.ReferenceCountUtil;
import io.uring.reactor.Reactor;
import io.uring.ring.Feature;
import io.uring.testkit.Eventually;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sends without a copy, at an awkward moment. */
@Timeout(60)
class StreamZeroCopyTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    /** On loopback the kernel copies after all, and with this feature would say so. */
    private static Wire wire(ChannelInboundHandlerAdapter handler) throws Exception {
        System.setProperty(Feature.MASK_PROPERTY, "reg_reg_ring");
        try {
            return new Wire(
                    1,
                    new ServerBootstrap()
                            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                            .childOption(ChannelOption.SO_SNDBUF, 64 * 1024)
                            .childOption(UringChannelOption.ZERO_COPY_BYTES, 1000),
                    () -> handler);
        } finally {
            System.clearProperty(Feature.MASK_PROPERTY);
        }
    }

    private static final class ShutsDown extends ChannelInboundHandlerAdapter {
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            ((UringStreamChannel) context.channel()).shutdownOutputAtOnce(context.newPromise());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failure.set(cause);
        }
    }

    /** All that the kernel has, while the loop sends no more. */
    private static long drain(Socket client) throws Exception {
        client.setSoTimeout(500);
        InputStream input = client.getInputStream();
        byte[] block = new byte[64 * 1024];
        long total = 0;
        try {
            for (int count = 0; count >= 0; count = input.read(block)) {
                total += count;
            }
        } catch (SocketTimeoutException e) {
            client.setSoTimeout(20_000);
        }
        return total;
    }

    /** The peer has acknowledged all that fits, so that what it sends says nothing of room. */
    private static void awaitStill(Reactor reactor) {
        long[] last = {-1, 0};
        Eventually.isTrue(
                SOON,
                "the sends wait",
                () -> {
                    long sent = reactor.counters().snapshot().bytesSent();
                    last[1] = sent == last[0] ? last[1] + 1 : 0;
                    last[0] = sent;
                    return last[1] >= 30;
                });
    }

    /** Both come in one turn: first the byte on which the handler shuts down, then the result. */
    @Test
    void aSendThatEndsAfterAShutdownOfItsTurnTouchesNothing() throws Exception {
        ShutsDown handler = new ShutsDown();
        try (Wire wire = wire(handler);
                Socket client = wire.connect()) {
            Channel channel = wire.accepted();
            ByteBuf large = Unpooled.directBuffer(8 << 20).writeZero(8 << 20);
            ChannelFuture write = channel.writeAndFlush(large);
            assertEquals(0, client.getInputStream().read()); // from here on it waits for room
            awaitStill(Wire.reactor(channel));
            CountDownLatch blocked = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            channel.eventLoop()
                    .execute(() -> {
                        blocked.countDown();
                        try {
                            assertTrue(goOn.await(20, TimeUnit.SECONDS));
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    });
            assertTrue(blocked.await(20, TimeUnit.SECONDS));
            client.getOutputStream().write('x');
            long before = 1 + drain(client);
            assertTrue(before < 8 << 20, "it is waiting");
            goOn.countDown();
            assertTrue(write.await(20, TimeUnit.SECONDS));
            assertInstanceOf(ChannelOutputShutdownException.class, write.cause());
            long all = before + client.getInputStream().readAllBytes().length;
            assertTrue(all < 8 << 20, "the rest is lost");
            Eventually.isTrue(SOON, "released", () -> large.refCnt() == 0);
            assertTrue(channel.isActive());
            assertNull(handler.failure.get());
        }
    }

    /** Nothing is too short for it, and there is nothing to send. */
    @Test
    void emptyMessagesEndThoughEveryMessageIsSentWithoutACopy() throws Exception {
        try (Wire wire =
                        new Wire(
                                1,
                                new ServerBootstrap()
                                        .childOption(UringChannelOption.ZERO_COPY_BYTES, 0),
                                ChannelInboundHandlerAdapter::new);
                Socket client = wire.connect()) {
            Channel channel = wire.accepted();
            ChannelFuture first = channel.write(Unpooled.directBuffer());
            ChannelFuture second = channel.write(Unpooled.directBuffer().writeByte('x'));
            ChannelFuture third = channel.writeAndFlush(Unpooled.EMPTY_BUFFER);
            assertEquals('x', client.getInputStream().read());
            assertTrue(third.await(20, TimeUnit.SECONDS));
            assertTrue(first.isSuccess() && second.isSuccess() && third.isSuccess());
        }
    }
}
