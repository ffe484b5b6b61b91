package io.uring.netty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.uring.testkit.OpenDescriptors;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names, senders, lengths, order and ends of unix sockets for datagrams. */
@Timeout(60)
class DomainDatagramTest {
    @TempDir private Path directory;

    private final OpenDescriptors before = OpenDescriptors.now();
    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
    private final BlockingQueue<DomainDatagramPacket> received = new LinkedBlockingQueue<>();

    @AfterEach
    void nothingIsLeft() throws Exception {
        group.shutdownGracefully(0, 10, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        received.forEach(DomainDatagramPacket::release);
        before.awaitReturn(Duration.ofSeconds(20));
    }

    private final class Inbox extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            received.add((DomainDatagramPacket) message);
        }
    }

    @SuppressWarnings("deprecation") // of an option that still has no other name
    private Bootstrap bootstrap() {
        return new Bootstrap()
                .group(group)
                .channel(UringDomainDatagramChannel.class)
                .option(ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION, true)
                .handler(new Inbox());
    }

    private UringDomainDatagramChannel bind(DomainSocketAddress address) throws Exception {
        return (UringDomainDatagramChannel) bootstrap().bind(address).sync().channel();
    }

    private UringDomainDatagramChannel unnamed() throws Exception {
        return (UringDomainDatagramChannel) bootstrap().register().sync().channel();
    }

    private DomainSocketAddress file(String name) {
        return new DomainSocketAddress(directory.resolve(name).toFile());
    }

    private static DomainDatagramPacket packet(String text, DomainSocketAddress to) {
        return new DomainDatagramPacket(Unpooled.copiedBuffer(text, UTF_8), to);
    }

    private DomainDatagramPacket next() throws Exception {
        DomainDatagramPacket next = received.poll(20, TimeUnit.SECONDS);
        assertNotNull(next, "nothing came");
        return next;
    }

    private DomainSocketAddress expect(String text) throws Exception {
        DomainDatagramPacket packet = next();
        try {
            assertEquals(text, packet.content().toString(UTF_8));
            return packet.sender();
        } finally {
            packet.release();
        }
    }

    private static ChannelFuture ended(ChannelFuture write) throws Exception {
        assertTrue(write.await(20, TimeUnit.SECONDS));
        return write;
    }

    @Test
    void theSenderIsNamedWhetherItsNameIsAFileAbstractOrNone() throws Exception {
        UringDomainDatagramChannel server = bind(file("server"));
        DomainSocketAddress name = new DomainSocketAddress("\0uring-" + System.nanoTime());
        bind(file("client")).writeAndFlush(packet("a", server.localAddress())).sync();
        assertEquals(file("client"), expect("a"));
        bind(name).writeAndFlush(packet("b", server.localAddress())).sync();
        assertEquals(name, expect("b"));
        unnamed().writeAndFlush(packet("c", server.localAddress())).sync();
        assertEquals(new DomainSocketAddress(""), expect("c"));
    }

    @Test
    void abstractNamesAreRecipientsAndPeers() throws Exception {
        DomainSocketAddress name = new DomainSocketAddress("\0uring-" + System.nanoTime());
        UringDomainDatagramChannel server = bind(name);
        assertEquals(name, server.localAddress());
        UringDomainDatagramChannel client = unnamed();
        client.writeAndFlush(packet("to", name)).sync();
        expect("to");
        client.connect(name).sync();
        assertTrue(client.isConnected());
        assertEquals(name, client.remoteAddress());
        client.writeAndFlush(Unpooled.copiedBuffer("peer", UTF_8)).sync();
        expect("peer");
    }

    @Test
    void aPacketThatIsTooLongFailsAndTheNextOneArrives() throws Exception {
        DomainSocketAddress server = bind(file("server")).localAddress();
        UringDomainDatagramChannel client = unnamed();
        client.config().setOption(ChannelOption.SO_SNDBUF, 8192);
        ByteBuf large = Unpooled.directBuffer(64 << 10).writeZero(64 << 10);
        ChannelFuture failed = client.write(new DomainDatagramPacket(large, server));
        ChannelFuture next = client.writeAndFlush(packet("short", server));
        String told = String.valueOf(ended(failed).cause());
        assertTrue(told.contains("EMSGSIZE") && told.contains("SO_SNDBUF"), told);
        assertTrue(ended(next).isSuccess());
        expect("short");
        assertEquals(0, large.refCnt());
    }

    @Test
    void aRecipientThatIsGoneFailsItsPacketAlone() throws Exception {
        UringDomainDatagramChannel server = bind(file("server"));
        UringDomainDatagramChannel other = bind(file("other"));
        server.close().sync();
        assertTrue(Files.exists(Path.of(file("server").path())), "nobody deletes it");
        UringDomainDatagramChannel client = unnamed();
        ChannelFuture gone = client.write(packet("x", file("server")));
        ChannelFuture never = client.write(packet("y", file("never")));
        ChannelFuture there = client.writeAndFlush(packet("z", other.localAddress()));
        assertInstanceOf(ConnectException.class, ended(gone).cause());
        assertInstanceOf(ConnectException.class, ended(never).cause());
        assertTrue(ended(there).isSuccess());
        expect("z");
        assertTrue(client.isActive());
    }

    /** The kernel keeps only a few packets for it, and the others wait. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void allPacketsArriveInOrderAtAReceiverThatIsSlow(boolean connected) throws Exception {
        UringDomainDatagramChannel server = bind(file("server"));
        server.config().setAutoRead(false);
        UringDomainDatagramChannel client = unnamed();
        if (connected) {
            client.connect(server.localAddress()).sync();
        }
        List<ChannelFuture> writes = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            DomainDatagramPacket packet = packet("" + i, server.localAddress());
            writes.add(client.write(connected ? packet.content() : packet));
        }
        client.flush();
        for (int i = 0; i < 40; i++) { // more turns than the kernel takes packets
            client.eventLoop().submit(() -> {}).get(20, TimeUnit.SECONDS);
        }
        assertFalse(writes.getLast().isDone());
        server.config().setAutoRead(true);
        for (int i = 0; i < 300; i++) {
            expect("" + i);
        }
        for (ChannelFuture write : writes) {
            assertTrue(ended(write).isSuccess());
        }
    }

    @Test
    void aCloseDoesNotWaitForAReceiverThatDoesNotRead() throws Exception {
        UringDomainDatagramChannel server = bind(file("server"));
        server.config().setAutoRead(false);
        UringDomainDatagramChannel client = unnamed();
        List<ByteBuf> buffers = new ArrayList<>();
        ChannelFuture last = client.newSucceededFuture();
        for (int i = 0; i < 2000; i++) {
            ByteBuf bytes = Unpooled.directBuffer().writeInt(i);
            buffers.add(bytes);
            last = client.write(new DomainDatagramPacket(bytes, server.localAddress()));
        }
        client.flush();
        ended(client.close());
        assertFalse(ended(last).isSuccess());
        assertTrue(buffers.stream().allMatch(bytes -> bytes.refCnt() == 0));
    }
}
