package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.uring.net.SocketErrors;
import io.uring.reactor.BufferConfig;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReactorConfig;
import io.uring.ring.Errno;
import io.uring.testkit.DescriptorLimit;
import io.uring.testkit.Eventually;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Without descriptors, buffers or memory those suffer who need them, and nobody else. */
@Timeout(60)
class ShortageTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    /** At the head of a server's pipeline, before what makes it pause. */
    private static final class Failures extends ChannelInboundHandlerAdapter {
        private final BlockingQueue<Throwable> all = new LinkedBlockingQueue<>();

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            all.add(cause);
            context.fireExceptionCaught(cause);
        }

        Throwable next() throws InterruptedException {
            Throwable next = all.poll(20, TimeUnit.SECONDS);
            assertNotNull(next, "no failure");
            return next;
        }
    }

    private static void echo(Socket client) throws IOException {
        client.setSoTimeout(20_000);
        client.getOutputStream().write('x');
        assertEquals('x', client.getInputStream().read());
    }

    /** What is loaded late cannot be loaded without descriptors. */
    private static void warmUp(Failures failures, Channel server) throws Exception {
        assertNotNull(SocketErrors.exception("nothing", Errno.EMFILE));
        IOException cause = Errors.exception("accept on nobody", Errno.EMFILE);
        server.pipeline().fireExceptionCaught(cause);
        assertSame(cause, failures.next());
        Eventually.isTrue(SOON, "accepts again", () -> server.config().isAutoRead());
        DescriptorLimit.none().close();
        server.config().setAutoRead(false); // an accept has the limit of when it was armed
        for (int i = 0; i < 2; i++) {
            server.eventLoop().submit(() -> {}).get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void aServerWithoutDescriptorsPausesAndAcceptsLater() throws Exception {
        Failures failures = new Failures();
        try (Wire wire =
                        new Wire(
                                1,
                                new ServerBootstrap().handler(failures),
                                StreamLifetimeTest.Echo::new);
                Socket healthy = wire.connect();
                SocketChannel waiting = SocketChannel.open()) {
            echo(healthy);
            wire.accepted();
            warmUp(failures, wire.server);
            Reactor reactor = Wire.reactor(wire.server);
            assertTrue(reactor.counters().snapshot().enters() > 0);
            try (DescriptorLimit _ = DescriptorLimit.none()) {
                waiting.connect(wire.address());
                wire.server.config().setAutoRead(true);
                String told = String.valueOf(failures.next().getMessage());
                assertTrue(told.contains("EMFILE"), told);
                long enters = reactor.counters().snapshot().enters();
                failures.next(); // after a second, in which the loop has slept
                failures.next();
                long spent = reactor.counters().snapshot().enters() - enters;
                assertTrue(spent < 200, spent + " calls of the kernel");
                echo(healthy);
            }
            waiting.write(ByteBuffer.wrap(new byte[] {'y'}));
            ByteBuffer answer = ByteBuffer.allocate(1);
            assertEquals(1, waiting.read(answer));
            assertEquals('y', answer.get(0));
        }
    }

    /** Four buffers of 4 KiB for all. */
    private static ReactorConfig fewBuffers() {
        return ReactorConfig.defaults().withStreamBuffers(BufferConfig.fixed(4, 4096));
    }

    /** Its first connection keeps what it gets, the others echo. */
    private static final class Hoarding extends ChannelInitializer<Channel>
            implements AutoCloseable {
        private static final int HOARD_BYTES = 64 * 1024; // more than all buffers

        private final BlockingQueue<ByteBuf> hoard = new LinkedBlockingQueue<>();
        private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
        private final EventLoopGroup group =
                new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory(fewBuffers()));
        private final Channel server;
        private final Socket hoarder;
        private boolean hasHoarder;
        private boolean scarceMemory;

        Hoarding() throws Exception {
            server =
                    new ServerBootstrap()
                            .group(group)
                            .channel(UringServerSocketChannel.class)
                            .childHandler(this)
                            .bind(InetAddress.getLoopbackAddress(), 0)
                            .sync()
                            .channel();
            hoarder = connect();
            hoarder.getOutputStream().write(new byte[HOARD_BYTES]);
            Eventually.isTrue(
                    SOON,
                    "hoarded",
                    () -> hoard.stream().mapToInt(ByteBuf::readableBytes).sum() == HOARD_BYTES);
        }

        @Override
        protected void initChannel(Channel channel) {
            if (scarceMemory) {
                channel.config().setAllocator(new NoMemory());
            }
            channel.pipeline()
                    .addLast(
                            hasHoarder
                                    ? new StreamLifetimeTest.Echo()
                                    : new StreamLifetimeTest.Keep(hoard))
                    .addLast(
                            new ChannelInboundHandlerAdapter() {
                                @Override
                                public void exceptionCaught(
                                        ChannelHandlerContext context, Throwable cause) {
                                    failures.add(cause);
                                }
                            });
            hasHoarder = true;
        }

        Socket connect() throws IOException {
            InetSocketAddress address = (InetSocketAddress) server.localAddress();
            return new Socket(address.getAddress(), address.getPort());
        }

        @Override
        public void close() throws Exception {
            hoard.forEach(ByteBuf::release);
            hoarder.close();
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    private static final class NoMemory extends AbstractByteBufAllocator {
        NoMemory() {
            super(true);
        }

        @Override
        protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
            throw new OutOfMemoryError("on purpose");
        }

        @Override
        public boolean isDirectBufferPooled() {
            return false;
        }

        @Override
        protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
            throw new OutOfMemoryError("on purpose");
        }
    }

    @Test
    void whoKeepsAllBuffersDoesNotStopTheOtherConnections() throws Exception {
        try (Hoarding server = new Hoarding()) {
            for (int i = 0; i < 10; i++) {
                try (Socket client = server.connect()) {
                    echo(client);
                    echo(client);
                }
            }
            assertTrue(server.failures.isEmpty(), server.failures::toString);
        }
    }

    private static boolean ends(Socket victim) {
        try {
            return victim.getInputStream().readAllBytes().length < 16 * 1024;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true; // a reset, for what nobody read
        }
    }

    /** Bytes that cannot be given to the application are missing in the stream. */
    @Test
    void aConnectionThatFindsNoMemoryForItsBytesEndsAndNoOther() throws Exception {
        try (Hoarding server = new Hoarding();
                Socket healthy = server.connect()) {
            echo(healthy);
            CompletableFuture<Boolean> set = new CompletableFuture<>();
            server.server
                    .eventLoop()
                    .execute(() -> {
                        server.scarceMemory = true;
                        set.complete(true);
                    });
            assertTrue(set.get(20, TimeUnit.SECONDS));
            try (Socket victim = server.connect()) {
                victim.setSoTimeout(20_000);
                victim.getOutputStream().write(new byte[16 * 1024]); // one buffer is not scarce
                assertInstanceOf(
                        OutOfMemoryError.class, server.failures.poll(20, TimeUnit.SECONDS));
                assertTrue(ends(victim));
            }
            echo(healthy);
        }
    }
}
