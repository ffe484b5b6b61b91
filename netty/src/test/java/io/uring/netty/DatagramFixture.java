package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.SocketProtocolFamily;
import io.uring.reactor.DatagramBuffers;
import io.uring.reactor.LoopCounters;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Eventually;
import io.uring.testkit.OpenDescriptors;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Two loops with datagram channels on 127.0.0.1. Closing it checks that everything came back: lent
 * buffers, headers, descriptors.
 */
final class DatagramFixture implements AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(30);

    private final OpenDescriptors before = OpenDescriptors.now();
    private final MultiThreadIoEventLoopGroup group;
    private final List<UringDatagramChannel> channels = new ArrayList<>();

    DatagramFixture() {
        this(ReactorConfig.defaults());
    }

    DatagramFixture(ReactorConfig config) {
        group = new MultiThreadIoEventLoopGroup(2, UringIoHandler.newFactory(config));
    }

    EventLoop loop(int index) {
        List<EventLoop> all = new ArrayList<>();
        group.forEach(executor -> all.add((EventLoop) executor));
        return all.get(index);
    }

    /** For options, before it is bound or connected. */
    Bootstrap bootstrap(int loop, ChannelHandler handler) {
        return bootstrap(loop, handler, SocketProtocolFamily.INET);
    }

    /** For IPv6 and IPv4. */
    Bootstrap dualStack(int loop, ChannelHandler handler) {
        return bootstrap(loop, handler, null);
    }

    private Bootstrap bootstrap(
            int loop, ChannelHandler handler, @Nullable SocketProtocolFamily family) {
        return new Bootstrap()
                .group(loop(loop))
                .channelFactory(() -> added(new UringDatagramChannel(family)))
                .handler(handler);
    }

    private UringDatagramChannel added(UringDatagramChannel channel) {
        channels.add(channel);
        return channel;
    }

    UringDatagramChannel bind(int loop, ChannelHandler handler) throws Exception {
        return bind(bootstrap(loop, handler));
    }

    static UringDatagramChannel bind(Bootstrap bootstrap) throws Exception {
        return (UringDatagramChannel) bootstrap.bind("127.0.0.1", 0).sync().channel();
    }

    UringDatagramChannel connect(int loop, ChannelHandler handler, UringDatagramChannel peer)
            throws Exception {
        InetSocketAddress address = addressOf(peer);
        return (UringDatagramChannel) bootstrap(loop, handler).connect(address).sync().channel();
    }

    static InetSocketAddress addressOf(UringDatagramChannel channel) {
        InetSocketAddress address = channel.localAddress();
        assertNotNull(address);
        return address;
    }

    static DatagramPacket packet(String text, UringDatagramChannel to) {
        return new DatagramPacket(bytes(text), addressOf(to));
    }

    static ByteBuf bytes(String text) {
        return Unpooled.directBuffer().writeBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    static void onLoop(UringDatagramChannel channel, Runnable task) throws Exception {
        channel.eventLoop().submit(task).get(30, TimeUnit.SECONDS);
    }

    static <T> T onLoop(UringDatagramChannel channel, Callable<T> task) throws Exception {
        return channel.eventLoop().submit(task).get(30, TimeUnit.SECONDS);
    }

    static LoopCounters.Snapshot counters(UringDatagramChannel channel) throws Exception {
        return onLoop(channel, () -> channel.reactor().counters().snapshot());
    }

    @Override
    public void close() throws Exception {
        List<Reactor> reactors = new ArrayList<>();
        for (UringDatagramChannel channel : channels) {
            if (channel.isOpen() && channel.isRegistered()) {
                reactors.add(onLoop(channel, channel::reactor));
                channel.close().sync();
            }
        }
        for (Reactor reactor : reactors) {
            Eventually.isTrue(LIMIT, "the loop has its memory back", () -> isAllBack(reactor));
        }
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        before.awaitReturn(LIMIT);
    }

    private static boolean isAllBack(Reactor reactor) {
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        reactor.execute(() -> {
            DatagramBuffers memory = reactor.datagrams();
            boolean returned = memory.group().outstanding() == 0;
            answer.complete(returned && memory.messagesInUse() == 0);
        });
        return answer.orTimeout(30, TimeUnit.SECONDS).join();
    }

    /** Keeps what came in text, and how it came. */
    static final class Inbox extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
        private final BlockingQueue<InetSocketAddress> recipients = new LinkedBlockingQueue<>();
        private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();

        /** For each read loop, how many packets it had. */
        final List<Integer> batches = java.util.Collections.synchronizedList(new ArrayList<>());

        private int batch;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
            batch++;
            texts.add(packet.content().toString(StandardCharsets.UTF_8));
            recipients.add(packet.recipient());
            packet.release();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            batches.add(batch);
            batch = 0;
            context.fireChannelReadComplete();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failures.add(cause);
        }

        String next() throws InterruptedException {
            return present(texts.poll(30, TimeUnit.SECONDS));
        }

        InetSocketAddress nextRecipient() throws InterruptedException {
            return present(recipients.poll(30, TimeUnit.SECONDS));
        }

        Throwable nextFailure() throws InterruptedException {
            return present(failures.poll(30, TimeUnit.SECONDS));
        }

        void expect(String... expected) throws InterruptedException {
            for (String text : expected) {
                assertEquals(text, next());
            }
        }

        boolean isEmpty() {
            return texts.isEmpty();
        }

        private static <T> T present(@Nullable T value) {
            assertNotNull(value, "nothing came");
            return value;
        }
    }
}
