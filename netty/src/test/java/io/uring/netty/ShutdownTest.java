package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.Future;
import io.uring.ring.Feature;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of a loop, for the channels that are on it. */
@Timeout(60)
class ShutdownTest {
    private static final class Ends extends ChannelInboundHandlerAdapter {
        private final CountDownLatch events = new CountDownLatch(3);

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            events.countDown();
        }

        @Override
        public void channelUnregistered(ChannelHandlerContext context) {
            events.countDown();
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext context) {
            events.countDown();
        }
    }

    /** Netty then ends the loop without a word, and takes no task any more. */
    @Test
    void aShutdownAtOnceFromATaskOfTheLoopStillTellsTheChannels() throws Exception {
        Ends handler = new Ends();
        try (Wire wire = new Wire(() -> handler);
                Socket client = wire.connect()) {
            Channel channel = wire.accepted();
            ChannelFuture write =
                    channel.writeAndFlush(Unpooled.directBuffer().writeZero(32 << 20)); // waits
            client.getInputStream().read();
            channel.eventLoop()
                    .execute(() -> wire.group.shutdownGracefully(0, 10, TimeUnit.SECONDS));
            assertTrue(wire.group.terminationFuture().await(20, TimeUnit.SECONDS));
            assertTrue(handler.events.await(20, TimeUnit.SECONDS));
            assertTrue(channel.closeFuture().isDone());
            assertTrue(write.isDone());
            assertFalse(write.isSuccess());
        }
    }

    /** Wake-ups that come too late are not written to what has the eventfd's number by then. */
    @Test
    void wakingALoopThatEndsTouchesNoDescriptorOfAnother() throws Exception {
        for (int round = 0; round < 20; round++) {
            MultiThreadIoEventLoopGroup group = withEventfd();
            EventLoop loop = group.next();
            Thread waker =
                    new Thread(() -> {
                        try {
                            while (true) {
                                loop.execute(() -> {});
                            }
                        } catch (RejectedExecutionException e) {
                            // It has ended.
                        }
                    });
            loop.submit(() -> {}).get(20, TimeUnit.SECONDS);
            waker.start();
            Future<?> end = group.shutdownGracefully(0, 10, TimeUnit.SECONDS);
            List<Pipe> pipes = new ArrayList<>();
            while (!end.isDone() && pipes.size() < 50) {
                pipes.add(Pipe.open());
            }
            end.get(30, TimeUnit.SECONDS);
            pipes.add(Pipe.open());
            waker.join();
            for (Pipe pipe : pipes) {
                pipe.source().configureBlocking(false);
                assertEquals(0, pipe.source().read(ByteBuffer.allocate(8)));
                pipe.sink().close();
                pipe.source().close();
            }
        }
    }

    private static MultiThreadIoEventLoopGroup withEventfd() {
        System.setProperty(Feature.MASK_PROPERTY, "send_msg_ring");
        try {
            return new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
        } finally {
            System.clearProperty(Feature.MASK_PROPERTY);
        }
    }
}
