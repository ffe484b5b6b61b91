package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ManualIoEventLoop;
import io.netty.util.concurrent.Future;
import io.uring.reactor.BufferConfig;
import io.uring.reactor.ReactorConfig;
import io.uring.simulation.FaultPlan;
import io.uring.simulation.SimulatedKernel;
import io.uring.simulation.SimulatedPeer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a turn of the loop waits for, on a kernel whose time passes in waits only. */
@Timeout(60)
class TurnTest {
    private static final long SECOND = 1_000_000_000;
    private static final int TURNS_MAX = 1000;

    private static final ReactorConfig CONFIG =
            ReactorConfig.defaults()
                    .withConnections(1)
                    .withStreamBuffers(BufferConfig.fixed(4, 4096));

    private static void until(ManualIoEventLoop loop, BooleanSupplier done) {
        for (int i = 0; i < TURNS_MAX && !done.getAsBoolean(); i++) {
            loop.run(SECOND / 1000);
        }
        assertTrue(done.getAsBoolean(), "within so many turns");
    }

    /**
     * Netty asks for no wake-up, since the listener is called by the loop, which is about to wait.
     */
    @Test
    void aTaskFromAListenerOfAnEmptyMessageRunsAtOnce() {
        List<Channel> accepted = new ArrayList<>();
        List<String> ran = new ArrayList<>();
        try (SimulatedKernel kernel = SimulatedKernel.install(1, FaultPlan.none())) {
            ManualIoEventLoop loop =
                    new ManualIoEventLoop(
                            Thread.currentThread(), UringIoHandler.newFactory(CONFIG));
            ChannelFuture bind =
                    new ServerBootstrap()
                            .group(loop)
                            .channel(UringServerSocketChannel.class)
                            .childHandler(
                                    new ChannelInboundHandlerAdapter() {
                                        @Override
                                        public void channelActive(ChannelHandlerContext context) {
                                            accepted.add(context.channel());
                                        }
                                    })
                            .bind(InetAddress.getLoopbackAddress(), 0);
            until(loop, bind::isDone);
            InetSocketAddress address = (InetSocketAddress) bind.channel().localAddress();
            SimulatedPeer peer = kernel.connect(address.getPort());
            assertNotNull(peer);
            until(loop, () -> !accepted.isEmpty());
            Channel channel = accepted.getFirst();
            Future<?> first = channel.writeAndFlush(Unpooled.directBuffer().writeByte('-'));
            until(loop, first::isDone); // later flushes wait for the end of the turn
            loop.run(SECOND / 1000);

            channel.writeAndFlush(Unpooled.EMPTY_BUFFER)
                    .addListener(_ -> loop.execute(() -> ran.add("task")));
            long before = kernel.nanoTime();
            loop.run(SECOND);
            assertEquals(List.of("task"), ran);
            assertTrue(kernel.nanoTime() - before < SECOND / 2, "it did not wait");

            peer.close();
            Future<?> end = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            until(loop, end::isDone);
            assertEquals(List.of(), kernel.problems());
        }
    }
}
