package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.uring.reactor.BufferConfig;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Eventually;
import io.uring.testkit.RecordingLeakDetector;
import io.uring.testkit.RequiresKernel;
import java.io.ByteArrayOutputStream;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages that do not fit in what is left of a shared receive buffer. */
@Timeout(60)
@RequiresKernel("6.12") // before, each receive has a buffer of its own
class TornMessageTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int MOST_JOINED = 8192;

    /** Of random sizes: long enough for several rounds of all buffers. */
    private static final int MESSAGES = 500;

    @BeforeAll
    static void lookForLeaks() {
        RecordingLeakDetector.begin();
    }

    @AfterAll
    static void nothingLeaked() {
        RecordingLeakDetector.assertNone();
    }

    private static byte[] content(int bytes) {
        byte[] content = new byte[bytes];
        new Random(bytes).nextBytes(content);
        return content;
    }

    private static Wire wire(
            BufferConfig buffers, Supplier<ChannelHandler> handler, boolean autoRead)
            throws Exception {
        return new Wire(
                1,
                ReactorConfig.defaults().withStreamBuffers(buffers),
                new ServerBootstrap().childOption(ChannelOption.AUTO_READ, autoRead),
                handler);
    }

    /** Answers with what it got, and notes how much each message was. */
    private static final class Echo extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<Integer> sizes;

        Echo(BlockingQueue<Integer> sizes) {
            this.sizes = sizes;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.read();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            sizes.add(((ByteBuf) message).readableBytes());
            context.writeAndFlush(message);
            context.read();
        }
    }

    private static void send(Socket client, byte[] message) throws Exception {
        client.getOutputStream().write(message);
        assertArrayEquals(message, client.getInputStream().readNBytes(message.length));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void smallMessagesArriveWhole(boolean autoRead) throws Exception {
        BlockingQueue<Integer> sizes = new LinkedBlockingQueue<>();
        try (Wire wire = wire(BufferConfig.fixed(8, 4096), () -> new Echo(sizes), autoRead);
                Socket client = wire.connect()) {
            for (int i = 0; i < MESSAGES; i++) {
                send(client, content(1000));
                assertEquals(1000, sizes.poll(20, TimeUnit.SECONDS), "message " + i);
            }
        }
    }

    /** The kernel remembers how much room there was when a receive was armed. */
    @Test
    void theFirstMessageArrivesWholeThoughABufferWasNearItsEndBefore() throws Exception {
        BlockingQueue<Integer> sizes = new LinkedBlockingQueue<>();
        try (Wire wire = wire(BufferConfig.fixed(8, 4096), () -> new Echo(sizes), true);
                Socket other = wire.connect()) {
            wire.accepted();
            send(other, content(4000));
            try (Socket client = wire.connect()) {
                wire.accepted();
                send(other, content(1000)); // of which most is in the next buffer
                sizes.clear();
                send(client, content(1000));
                assertEquals(List.of(1000), List.copyOf(sizes));
            }
        }
    }

    @Test
    void messagesOfAnySizeArriveInOrderAndThoseOfEightKibibytesWhole() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        BlockingQueue<Integer> sizes = new LinkedBlockingQueue<>();
        try (Wire wire = wire(BufferConfig.fixed(8, 16_384), () -> new Echo(sizes), true);
                Socket client = wire.connect()) {
            for (int i = 0; i < MESSAGES; i++) {
                int bytes = 1 + random.nextInt(2 * MOST_JOINED);
                send(client, content(bytes));
                List<Integer> pieces = new ArrayList<>();
                sizes.drainTo(pieces);
                if (bytes <= MOST_JOINED) {
                    assertEquals(List.of(bytes), pieces, "seed " + seed + ", message " + i);
                }
            }
        }
    }

    @Test
    @RequiresKernel("6.17") // before, unix sockets do not say whether there is more
    void smallMessagesArriveWholeOnUnixSockets() throws Exception {
        try (DomainWire wire = new DomainWire();
                SocketChannel client =
                        SocketChannel.open(UnixDomainSocketAddress.of(wire.address().path()))) {
            Channel channel = wire.accepted();
            for (int i = 0; i < MESSAGES; i++) {
                client.write(ByteBuffer.wrap(content(1000)));
                ByteBuf message = (ByteBuf) DomainWire.next(channel);
                assertEquals(1000, message.readableBytes(), "message " + i);
                message.release();
            }
        }
    }

    /** The rest comes in memory of its own, when somebody still wants it. */
    @Test
    void thePieceInTheLastBufferIsNotHeldBackWhenThereIsNoOther() throws Exception {
        BlockingQueue<Integer> sizes = new LinkedBlockingQueue<>();
        try (Wire wire = wire(BufferConfig.fixed(1, 4096), () -> new Echo(sizes), true);
                Socket client = wire.connect()) {
            send(client, content(5000));
            assertEquals(List.of(4096, 904), List.copyOf(sizes));
        }
    }

    @Test
    void aPieceOfAChannelThatIsClosedInBetweenIsGivenBack() throws Exception {
        Between handler = new Between(Channel::close);
        try (Wire wire = handler.wire();
                Socket many = wire.connect();
                Socket one = wire.connect()) {
            handler.run(wire, many, one);
            assertTrue(handler.first.closeFuture().await(20, TimeUnit.SECONDS));
            Reactor reactor = Wire.reactor(wire.server);
            Eventually.isTrue(SOON, "all back", () -> reactor.buffers().outstanding() == 0);
        }
    }

    @Test
    void aPieceOfAChannelThatLeavesItsLoopInBetweenIsDelivered() throws Exception {
        Between handler = new Between(Channel::deregister);
        EventLoopGroup next = new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
        try (Wire wire = handler.wire();
                Socket many = wire.connect();
                Socket one = wire.connect()) {
            handler.run(wire, many, one);
            Eventually.isTrue(SOON, "left", () -> !handler.first.isRegistered());
            handler.first.deregister().sync();
            next.register(handler.first).sync();
            Eventually.isTrue(SOON, "all", () -> handler.received() >= Between.BYTES);
            assertArrayEquals(content(Between.BYTES), handler.bytes());
        } finally {
            next.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    /**
     * Acts on the first connection as soon as the second one has sent something, which is while the
     * loop has one piece of a message of the first one, and the kernel the other.
     */
    private static final class Between extends ChannelInboundHandlerAdapter {
        /** So small that 33 receives, after which it is another socket's turn, end in a piece. */
        private static final int BUFFER_BYTES = 64;

        private static final int BYTES = 66 * BUFFER_BYTES;

        private final Consumer<Channel> act;
        private final ByteArrayOutputStream received = new ByteArrayOutputStream();
        private final CountDownLatch acted = new CountDownLatch(1);
        volatile Channel first;

        Between(Consumer<Channel> act) {
            this.act = act;
        }

        Wire wire() throws Exception {
            return TornMessageTest.wire(BufferConfig.fixed(1024, BUFFER_BYTES), () -> this, true);
        }

        void run(Wire wire, Socket many, Socket one) throws Exception {
            first = wire.accepted();
            Channel second = wire.accepted();
            CountDownLatch go = new CountDownLatch(1);
            second.eventLoop()
                    .execute(() -> {
                        try {
                            assertTrue(go.await(20, TimeUnit.SECONDS));
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    });
            many.getOutputStream().write(content(BYTES));
            one.getOutputStream().write('x');
            go.countDown();
            assertTrue(acted.await(20, TimeUnit.SECONDS));
        }

        synchronized int received() {
            return received.size();
        }

        synchronized byte[] bytes() {
            return received.toByteArray();
        }

        @Override
        public boolean isSharable() {
            return true;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
            ByteBuf data = (ByteBuf) message;
            if (context.channel() == first) {
                synchronized (this) {
                    data.readBytes(received, data.readableBytes());
                }
            } else {
                act.accept(first);
                acted.countDown();
            }
            data.release();
        }
    }
}
