package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.IllegalReferenceCountException;
import io.uring.testkit.Eventually;
import io.uring.testkit.OpenDescriptors;
import io.uring.testkit.RecordingLeakDetector;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Buffers and descriptors: who has them, how long, and that each goes back once. */
@Timeout(60)
class StreamLifetimeTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int MORE_THAN_THE_KERNEL_TAKES = 32 << 20;

    private static ByteBuf filled(int bytes) {
        byte[] content = new byte[bytes];
        new Random(bytes).nextBytes(content);
        return PooledByteBufAllocator.DEFAULT.directBuffer(bytes).writeBytes(content);
    }

    private static byte[] content(int bytes) {
        byte[] content = new byte[bytes];
        new Random(bytes).nextBytes(content);
        return content;
    }

    @BeforeAll
    static void lookForLeaks() {
        RecordingLeakDetector.begin();
    }

    @AfterAll
    static void nothingLeaked() {
        RecordingLeakDetector.assertNone();
    }

    @Test
    void whatWasFlushedBeforeACloseArrives() throws Exception {
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new);
                Socket client = wire.connect()) {
            Channel channel = wire.accepted();
            channel.eventLoop()
                    .execute(() -> {
                        channel.writeAndFlush(filled(10)); // leaves at once
                        channel.write(filled(1000));
                        channel.writeAndFlush(filled(2000));
                        channel.close();
                    });
            byte[] all = client.getInputStream().readAllBytes();
            assertEquals(3010, all.length);
            assertArrayEquals(content(2000), Arrays.copyOfRange(all, 1010, 3010));
        }
    }

    @Test
    void whatWasFlushedBeforeAShutdownOfTheOutputArrivesAndSucceeds() throws Exception {
        try (Wire wire =
                        new Wire(
                                1,
                                new ServerBootstrap()
                                        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true),
                                ChannelInboundHandlerAdapter::new);
                Socket client = wire.connect()) {
            SocketChannel channel = (SocketChannel) wire.accepted();
            channel.writeAndFlush(filled(10));
            ChannelFuture[] futures = new ChannelFuture[2];
            channel.eventLoop()
                    .submit(() -> {
                        futures[0] = channel.writeAndFlush(filled(5000));
                        futures[1] = channel.shutdownOutput();
                    })
                    .get(20, TimeUnit.SECONDS);
            assertEquals(5010, client.getInputStream().readAllBytes().length);
            assertTrue(futures[0].await(20, TimeUnit.SECONDS));
            assertTrue(futures[0].isSuccess(), String.valueOf(futures[0].cause()));
            assertTrue(futures[1].sync().isSuccess());
            assertTrue(channel.isOutputShutdown());
            assertFalse(channel.isInputShutdown());
        }
    }

    /** The kernel reads it: what it belongs to may fail, but the memory must wait. */
    @ParameterizedTest
    @ValueSource(strings = {"shutdownOutput", "unsafe", "close", "closeForcibly"})
    void aBufferInFlightIsReleasedWhenTheKernelIsDoneWithIt(String end) throws Exception {
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new);
                Socket client = wire.connect()) {
            SocketChannel channel = (SocketChannel) wire.accepted();
            ByteBuf large = filled(MORE_THAN_THE_KERNEL_TAKES);
            ChannelFuture write = channel.writeAndFlush(large);
            client.getInputStream().read();
            channel.eventLoop()
                    .submit(() -> {
                        switch (end) {
                            case "shutdownOutput" -> channel.shutdownOutput();
                            case "unsafe" ->
                                    ((UringStreamChannel) channel)
                                            .shutdownOutputAtOnce(channel.newPromise());
                            case "close" -> channel.close();
                            default -> channel.unsafe().closeForcibly();
                        }
                    })
                    .get(20, TimeUnit.SECONDS);
            // The last one does not touch the queue, which keeps its reference.
            int left = end.startsWith("closeF") ? 1 : 0;
            Eventually.isTrue(SOON, "released", () -> large.refCnt() == left);
            if (left == 0) {
                assertTrue(write.await(20, TimeUnit.SECONDS));
                assertFalse(write.isSuccess());
            } else {
                large.release();
            }
        }
    }

    @Test
    void everyDescriptorIsClosedOnceAndAtTheEndNoneIsLeft() throws Exception {
        try (Wire warm = new Wire(ChannelInboundHandlerAdapter::new)) {
            warm.connect().close();
            warm.accepted().closeFuture().await(20, TimeUnit.SECONDS);
        }
        OpenDescriptors before = OpenDescriptors.now();
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new)) {
            for (int i = 0; i < 200; i++) {
                Socket client = wire.connect();
                Channel channel = wire.accepted();
                if (i % 3 == 0) {
                    client.setSoLinger(true, 0); // RST
                }
                if (i % 2 == 0) {
                    channel.close();
                }
                client.close();
            }
        }
        before.awaitReturn(SOON);
    }

    @Test
    void receivedBytesOutliveTheLoop() throws Exception {
        BlockingQueue<ByteBuf> received = new LinkedBlockingQueue<>();
        ByteBuf kept;
        try (Wire wire = new Wire(() -> new Keep(received));
                Socket client = wire.connect()) {
            client.getOutputStream().write(content(100));
            kept = received.poll(20, TimeUnit.SECONDS);
            assertNotNull(kept);
        }
        System.gc();
        byte[] bytes = new byte[100];
        kept.getBytes(0, bytes);
        assertArrayEquals(content(100), bytes);
        assertTrue(kept.release());
        assertThrows(IllegalReferenceCountException.class, kept::readByte);
    }

    @Test
    void whoeverKeepsAllBuffersGetsCopiesAndOthersGoOn() throws Exception {
        BlockingQueue<ByteBuf> received = new LinkedBlockingQueue<>();
        try (Wire wire = new Wire(() -> new Keep(received));
                Socket hoarder = wire.connect()) {
            int total = 0;
            byte[] block = content(64 * 1024);
            for (int i = 0; i < 1600; i++) { // 100 MiB of 64 MiB
                hoarder.getOutputStream().write(block);
                total += block.length;
            }
            long arrived = 0;
            while (arrived < total) {
                ByteBuf next = received.poll(20, TimeUnit.SECONDS);
                assertNotNull(next, arrived + " of " + total);
                arrived += next.readableBytes();
                if (arrived % 3 == 0 || total - arrived < block.length) {
                    next.release();
                } else {
                    HELD.add(next);
                }
            }
            assertEquals(total, arrived);
        } finally {
            HELD.forEach(ByteBuf::release);
            HELD.clear();
        }
    }

    private static final BlockingQueue<ByteBuf> HELD = new LinkedBlockingQueue<>();

    @Test
    void aChannelMovesToAnotherLoopAndLosesNothing() throws Exception {
        int total = 4 << 20;
        EventLoopGroup other = new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
        try (Wire wire = new Wire(() -> new Echo());
                Socket client = wire.connect()) {
            Channel channel = wire.accepted();
            Thread writer =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    client.getOutputStream().write(content(total));
                                } catch (java.io.IOException e) {
                                    throw new java.io.UncheckedIOException(e);
                                }
                            });
            InputStream input = client.getInputStream();
            byte[] echoed = new byte[total];
            int count = 0;
            EventLoopGroup next = other;
            while (count < total) {
                count += input.readNBytes(echoed, count, Math.min(total - count, 512 * 1024));
                channel.deregister().get(20, TimeUnit.SECONDS);
                next.register(channel).get(20, TimeUnit.SECONDS);
                next = next == other ? wire.group : other;
            }
            assertArrayEquals(content(total), echoed);
            writer.join();
        } finally {
            other.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void addressesAreThereAfterTheClose() throws Exception {
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new);
                Socket client = wire.connect()) {
            Channel channel = wire.accepted();
            channel.close().sync();
            assertEquals(client.getLocalSocketAddress(), channel.remoteAddress());
            assertEquals(client.getPort(), ((InetSocketAddress) channel.localAddress()).getPort());
        }
    }

    static final class Keep extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<ByteBuf> received;

        Keep(BlockingQueue<ByteBuf> received) {
            this.received = received;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            received.add((ByteBuf) message);
        }
    }

    static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }
    }

    @Test
    void emptyMessagesSucceedWithoutASend() throws Exception {
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new);
                Socket _ = wire.connect()) {
            Channel channel = wire.accepted();
            assertTrue(channel.writeAndFlush(Unpooled.EMPTY_BUFFER).await(20, TimeUnit.SECONDS));
            ByteBuf empty = Unpooled.directBuffer(4);
            assertTrue(channel.writeAndFlush(empty).await(20, TimeUnit.SECONDS));
            assertEquals(0, empty.refCnt());
        }
    }
}
