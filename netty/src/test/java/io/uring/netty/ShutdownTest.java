package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
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
}
