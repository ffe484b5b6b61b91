package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import io.uring.reactor.BufferConfig;
import io.uring.reactor.ReactorConfig;
import io.uring.simulation.Fault;
import io.uring.simulation.FaultPlan;
import io.uring.simulation.SimulatedKernel;
import io.uring.simulation.SimulatedPeer;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Sends without a copy to a peer that reads when it likes, on a kernel whose completions and
 * notifications come late and in any order. That kernel looks at what it was lent when it gives it
 * back, and what was released is overwritten here at once.
 */
@Timeout(120)
class ZeroCopyPeersTest {
    private static final int SEEDS = 40;
    private static final int TURNS_MAX = 20_000;
    private static final long TURN_NANOS = 1_000_000;
    private static final int MESSAGES = 24;
    private static final int MESSAGE_BYTES_MAX = 20_000;
    private static final byte SPOILT = (byte) 0xee;

    private static final ReactorConfig CONFIG =
            ReactorConfig.defaults()
                    .withConnections(1)
                    .withStreamBuffers(BufferConfig.fixed(4, 4096));

    /** What happens between the first byte and the last. */
    enum Event {
        NOTHING,
        CLOSE,
        CLOSE_FORCIBLY,
        SHUTDOWN_OUTPUT,
        SHUTDOWN_OUTPUT_AT_ONCE,
        CHANGE_OF_LOOPS,
        PEER_CLOSES,
        PEER_RESETS
    }

    @ParameterizedTest
    @EnumSource
    void noByteIsReleasedBeforeTheKernelIsDoneWithItAndNoneIsKept(Event event) throws Exception {
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                run(seed, event);
            } catch (Throwable t) {
                throw new AssertionError("seed " + seed, t);
            }
        }
    }

    private static void run(long seed, Event event) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        FaultPlan plan =
                FaultPlan.none()
                        .withSocketBuffers(16_384)
                        .with(Fault.REORDER, random.nextInt(500))
                        .with(Fault.LATE_COMPLETION, random.nextInt(500))
                        .with(Fault.SHORT_SEND, random.nextInt(300))
                        .with(Fault.PARTIAL_DELIVERY, random.nextInt(300))
                        .with(Fault.NO_LOCKED_MEMORY, random.nextInt(4) == 0 ? 200 : 0);
        try (SimulatedKernel kernel = SimulatedKernel.install(seed, plan)) {
            Scene scene = new Scene(kernel, random);
            scene.play(event);
            scene.end();
            assertEquals(List.of(), kernel.problems());
            assertEquals(0, kernel.openDescriptors(), kernel::descriptors);
        }
    }

    /** A message, and the memory under it, which stays when the message is released. */
    private static final class Message {
        private final byte[] content;
        private final ByteBuffer memory;
        private final ByteBuf buffer;

        Message(SplittableRandom random) {
            content = new byte[1 + random.nextInt(MESSAGE_BYTES_MAX)];
            random.nextBytes(content);
            memory = ByteBuffer.allocateDirect(content.length).put(content).flip();
            buffer = Unpooled.wrappedBuffer(memory);
        }

        void spoilIfReleased() {
            if (buffer.refCnt() == 0 && memory.get(0) != SPOILT) {
                for (int i = 0; i < memory.limit(); i++) {
                    memory.put(i, SPOILT);
                }
            }
        }
    }

    private static final class Scene {
        private final SplittableRandom random;
        private final ManualIoEventLoop loop =
                new ManualIoEventLoop(Thread.currentThread(), UringIoHandler.newFactory(CONFIG));
        private final List<Message> messages = new ArrayList<>();
        private final List<ChannelFuture> writes = new ArrayList<>();
        private final ByteArrayOutputStream arrived = new ByteArrayOutputStream();
        private final Channel server;
        private final SimulatedPeer peer;
        private @Nullable SocketChannel channel;
        private boolean peerIsThere = true;

        Scene(SimulatedKernel kernel, SplittableRandom random) {
            this.random = random;
            ChannelFuture bind =
                    new ServerBootstrap()
                            .group(loop)
                            .channel(UringServerSocketChannel.class)
                            .childOption(UringChannelOption.ZERO_COPY_BYTES, 1000)
                            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                            .childHandler(
                                    new ChannelInboundHandlerAdapter() {
                                        @Override
                                        public void channelActive(ChannelHandlerContext context) {
                                            channel = (SocketChannel) context.channel();
                                        }

                                        @Override
                                        public void exceptionCaught(
                                                ChannelHandlerContext context, Throwable cause) {}
                                    })
                            .bind(InetAddress.getLoopbackAddress(), 0);
            until(bind::isDone);
            server = bind.channel();
            loop.run(TURN_NANOS);
            SimulatedPeer connected =
                    kernel.connect(((InetSocketAddress) server.localAddress()).getPort());
            assertNotNull(connected);
            peer = connected;
            until(() -> channel != null);
        }

        private void until(BooleanSupplier done) {
            for (int i = 0; i < TURNS_MAX && !done.getAsBoolean(); i++) {
                turn();
            }
            assertTrue(done.getAsBoolean(), "within so many turns");
        }

        private void turn() {
            loop.run(TURN_NANOS);
            messages.forEach(Message::spoilIfReleased);
        }

        private SocketChannel channel() {
            return java.util.Objects.requireNonNull(channel);
        }

        void play(Event event) {
            int eventAt = random.nextInt(MESSAGES);
            for (int i = 0; i < MESSAGES; i++) {
                Message message = new Message(random);
                messages.add(message);
                writes.add(channel().write(message.buffer));
                if (random.nextInt(3) > 0) {
                    channel().flush();
                }
                for (int turns = random.nextInt(4); turns > 0; turns--) {
                    turn();
                }
                if (random.nextInt(3) == 0) {
                    arrived.writeBytes(peer.read(random.nextInt(30_000)));
                }
                if (i == eventAt) {
                    happen(event);
                }
            }
            channel().flush();
            until(() -> {
                arrived.writeBytes(peer.read(random.nextInt(30_000)));
                return writes.stream().allMatch(Future::isDone);
            });
            boolean whole = event == Event.NOTHING || event == Event.CHANGE_OF_LOOPS;
            int total = messages.stream().mapToInt(m -> m.content.length).sum();
            until(() -> { // for what the kernel has taken, and its last notifications
                arrived.writeBytes(peer.read(30_000));
                boolean released = messages.stream().allMatch(m -> m.buffer.refCnt() == 0);
                return released && (!whole || arrived.size() >= total);
            });
            check(whole);
        }

        private void happen(Event event) {
            switch (event) {
                case NOTHING -> {}
                case CLOSE -> channel().close();
                case CLOSE_FORCIBLY -> {
                    channel().unsafe().closeForcibly(); // which leaves the queue as it is
                    channel().close();
                }
                case SHUTDOWN_OUTPUT -> channel().shutdownOutput();
                case SHUTDOWN_OUTPUT_AT_ONCE ->
                        ((UringStreamChannel) channel())
                                .shutdownOutputAtOnce(channel().newPromise());
                case CHANGE_OF_LOOPS -> {
                    Future<?> left = channel().deregister();
                    until(left::isDone);
                    ChannelPromise back = channel().newPromise();
                    channel().unsafe().register(loop, back);
                    until(back::isDone);
                }
                case PEER_CLOSES -> {
                    peer.close();
                    peerIsThere = false;
                }
                case PEER_RESETS -> {
                    peer.abort();
                    peerIsThere = false;
                }
            }
        }

        private void check(boolean whole) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            messages.forEach(message -> all.writeBytes(message.content));
            int length = whole ? all.size() : arrived.size();
            byte[] expected = Arrays.copyOf(all.toByteArray(), length);
            assertArrayEquals(expected, arrived.toByteArray());
            if (whole) {
                writes.forEach(write -> assertTrue(write.isSuccess(), () -> "" + write.cause()));
            }
        }

        void end() {
            channel().close();
            if (peerIsThere) {
                peer.close();
            }
            until(channel().closeFuture()::isDone);
            server.close();
            until(server.closeFuture()::isDone);
            Future<?> end = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            until(end::isDone);
        }
    }
}
