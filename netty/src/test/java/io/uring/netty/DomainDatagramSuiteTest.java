package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.unix.DomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapFactory;
import io.netty.testsuite.transport.socket.DatagramUnicastTest;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.uring.ring.Feature;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Timeout;

/** Netty's own tests of datagrams, over unix sockets. */
@Timeout(180)
class DomainDatagramSuiteTest {
    private static EventLoopGroup group(String mask) {
        System.setProperty(Feature.MASK_PROPERTY, mask);
        try {
            return new MultiThreadIoEventLoopGroup(
                    2,
                    new DefaultThreadFactory("uring-domain-datagrams", true),
                    UringIoHandler.newFactory());
        } finally {
            System.clearProperty(Feature.MASK_PROPERTY);
        }
    }

    private static final EventLoopGroup USUAL = group("");
    private static final EventLoopGroup SINGLE_SHOT = group("multishot_recv,pbuf_ring");

    @Nested
    class AsItComes extends Suite {
        AsItComes() {
            super(USUAL);
        }
    }

    @Nested
    class WithoutMultishot extends Suite {
        WithoutMultishot() {
            super(SINGLE_SHOT);
        }
    }

    /** What is to be received, and by whom. */
    private static final class Expected extends SimpleChannelInboundHandler<DomainDatagramPacket> {
        private final byte[] bytes;
        private final @Nullable SocketAddress sender;
        private final CountDownLatch latch;
        private final AtomicReference<Throwable> failure;
        private final boolean echo;

        Expected(
                byte[] bytes,
                @Nullable SocketAddress sender,
                CountDownLatch latch,
                AtomicReference<Throwable> failure,
                boolean echo) {
            this.bytes = bytes;
            this.sender = sender;
            this.latch = latch;
            this.failure = failure;
            this.echo = echo;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, DomainDatagramPacket packet) {
            try {
                assertNotNull(packet.sender());
                if (sender != null) {
                    assertEquals(sender, packet.sender());
                }
                assertEquals(context.channel().localAddress(), packet.recipient());
                ByteBuf content = packet.content();
                assertEquals(bytes.length, content.readableBytes());
                for (int i = 0; i < bytes.length; i++) {
                    assertEquals(bytes[i], content.getByte(content.readerIndex() + i));
                }
                if (echo) {
                    context.writeAndFlush(
                            new DomainDatagramPacket(content.retain(), packet.sender()));
                }
            } finally {
                latch.countDown();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failure.compareAndSet(null, cause);
        }
    }

    abstract static class Suite extends DatagramUnicastTest {
        private final EventLoopGroup group;

        Suite(EventLoopGroup group) {
            this.group = group;
        }

        @Override
        protected List<BootstrapComboFactory<Bootstrap, Bootstrap>> newFactories() {
            BootstrapFactory<Bootstrap> ours =
                    () -> new Bootstrap().group(group).channel(UringDomainDatagramChannel.class);
            return List.of(
                    new BootstrapComboFactory<>() {
                        @Override
                        public Bootstrap newServerInstance() {
                            return ours.newInstance();
                        }

                        @Override
                        public Bootstrap newClientInstance() {
                            return ours.newInstance();
                        }
                    });
        }

        @Override
        protected SocketAddress newSocketAddress() {
            return DomainCombos.newAddress();
        }

        @Override
        protected boolean supportDisconnect() {
            return true;
        }

        @Override
        protected boolean isConnected(Channel channel) {
            return ((DomainDatagramChannel) channel).isConnected();
        }

        @Override
        protected Channel setupClientChannel(
                Bootstrap bootstrap,
                byte[] bytes,
                CountDownLatch latch,
                AtomicReference<Throwable> failure)
                throws Throwable {
            return bootstrap
                    .handler(new Expected(bytes, null, latch, failure, false))
                    .bind(newSocketAddress())
                    .sync()
                    .channel();
        }

        @Override
        protected Channel setupServerChannel(
                Bootstrap bootstrap,
                byte[] bytes,
                SocketAddress sender,
                CountDownLatch latch,
                AtomicReference<Throwable> failure,
                boolean echo)
                throws Throwable {
            return bootstrap
                    .handler(new Expected(bytes, sender, latch, failure, echo))
                    .bind(newSocketAddress())
                    .sync()
                    .channel();
        }

        @Override
        protected ChannelFuture write(
                Channel channel, ByteBuf bytes, SocketAddress remote, WrapType wrapType) {
            ByteBuf content =
                    switch (wrapType) {
                        case DUP -> bytes.retainedDuplicate();
                        case SLICE -> bytes.retainedSlice();
                        case READ_ONLY -> bytes.retain().asReadOnly();
                        case NONE -> bytes.retain();
                    };
            return channel.write(new DomainDatagramPacket(content, (DomainSocketAddress) remote));
        }
    }
}
