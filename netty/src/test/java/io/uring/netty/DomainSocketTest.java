package io.uring.netty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.UnixChannelOption;
import io.uring.net.PeerCredentials;
import io.uring.testkit.OpenDescriptors;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Names, files, credentials, options and ends of unix sockets. */
@Timeout(60)
class DomainSocketTest {
    @TempDir private Path directory;

    private DomainSocketAddress address() {
        return new DomainSocketAddress(directory.resolve("socket").toFile());
    }

    private static DomainWire wire(DomainSocketAddress address) throws Exception {
        return new DomainWire(address, new ServerBootstrap());
    }

    private static String nextText(Channel channel) throws Exception {
        ByteBuf bytes = assertInstanceOf(ByteBuf.class, DomainWire.next(channel));
        try {
            return bytes.toString(UTF_8);
        } finally {
            bytes.release();
        }
    }

    @Test
    void addressesAreThoseOfTheServerAndAnUnnamedClient() throws Exception {
        try (DomainWire wire = wire(address())) {
            UringDomainSocketChannel connected = wire.connect();
            UringDomainSocketChannel accepted = wire.accepted();
            assertEquals(address(), wire.server.localAddress());
            assertEquals(address(), connected.remoteAddress());
            assertEquals(address(), accepted.localAddress());
            assertEquals(new DomainSocketAddress(""), connected.localAddress());
            assertEquals(new DomainSocketAddress(""), accepted.remoteAddress());
            assertNull(new UringDomainSocketChannel().localAddress());
        }
    }

    @Test
    void aClientMayHaveANameAndItsFileStays() throws Exception {
        DomainSocketAddress own = new DomainSocketAddress(directory.resolve("client").toFile());
        try (DomainWire wire = wire(address())) {
            UringDomainSocketChannel client = new UringDomainSocketChannel();
            wire.group.register(client).sync();
            client.connect(address(), own).sync();
            assertEquals(own, client.localAddress());
            assertEquals(own, wire.accepted().remoteAddress());
            client.close().sync();
            assertTrue(Files.exists(Path.of(own.path())));
        }
    }

    @Test
    void abstractNamesNeedNoFile() throws Exception {
        DomainSocketAddress name = new DomainSocketAddress("\0uring-" + System.nanoTime());
        try (DomainWire wire = wire(name)) {
            assertEquals(name, wire.address());
            UringDomainSocketChannel connected = wire.connect();
            assertEquals(name, connected.remoteAddress());
            assertEquals(name, wire.accepted().localAddress());
        }
    }

    @Test
    void theKernelFindsANameForAnEmptyOne() throws Exception {
        try (DomainWire wire = wire(new DomainSocketAddress(""))) {
            assertTrue(wire.address().path().startsWith("\0"));
            wire.connect().writeAndFlush(Unpooled.copiedBuffer("hello", UTF_8));
            assertEquals("hello", nextText(wire.accepted()));
        }
    }

    @Test
    void aBindReplacesTheFileOfAnEarlierSocketAndTheCloseDeletesIt() throws Exception {
        Path file = Path.of(address().path());
        try (var left =
                java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(file));
        }
        assertTrue(Files.exists(file));
        try (DomainWire wire = wire(address())) {
            wire.connect().writeAndFlush(Unpooled.copiedBuffer("hello", UTF_8));
            assertEquals("hello", nextText(wire.accepted()));
            wire.server.close().sync();
            assertFalse(Files.exists(file));
        }
    }

    @Test
    void theFileOfASuccessorStays() throws Exception {
        try (DomainWire first = wire(address());
                DomainWire second = wire(address())) {
            first.server.close().sync();
            second.connect().writeAndFlush(Unpooled.copiedBuffer("hello", UTF_8));
            assertEquals("hello", nextText(second.accepted()));
        }
    }

    @Test
    void filesOfOtherKindsAreNotReplaced() throws Exception {
        Path file = Files.writeString(Path.of(address().path()), "precious");
        IOException refused =
                assertThrows(java.net.BindException.class, () -> wire(address()).close());
        assertTrue(refused.getMessage().contains(address().path()), refused.getMessage());
        assertEquals("precious", Files.readString(file));
    }

    @Test
    void connectingToNobodyFailsWithAConnectException() throws Exception {
        try (DomainWire wire = wire(address())) {
            UringDomainSocketChannel client = new UringDomainSocketChannel();
            wire.group.register(client).sync();
            ChannelFuture attempt = client.connect(new DomainSocketAddress(directory + "/none"));
            assertTrue(attempt.await(20, TimeUnit.SECONDS));
            assertInstanceOf(ConnectException.class, attempt.cause());
        }
    }

    @Test
    void credentialsAreThoseOfThisProcess() throws Exception {
        try (DomainWire wire = wire(address())) {
            UringDomainSocketChannel connected = wire.connect();
            int user = (Integer) Files.getAttribute(directory, "unix:uid");
            int group = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:gid");
            int pid = (int) ProcessHandle.current().pid();
            PeerCredentials expected = new PeerCredentials(pid, user, group);
            assertEquals(expected, connected.peerCredentials());
            assertEquals(expected, wire.accepted().peerCredentials());
            connected.close().sync();
            assertThrows(IOException.class, connected::peerCredentials);
        }
    }

    @Test
    void anUnconnectedChannelHasNoPeerCredentials() {
        UringDomainSocketChannel channel = new UringDomainSocketChannel();
        IOException none = assertThrows(IOException.class, channel::peerCredentials);
        assertTrue(none.getMessage().contains("not connected"), none.getMessage());
        channel.unsafe().closeForcibly();
    }

    @Test
    void halfClosedConnectionsStillSend() throws Exception {
        try (DomainWire wire =
                new DomainWire(
                        new ServerBootstrap()
                                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true))) {
            UringDomainSocketChannel connected = wire.connect();
            UringDomainSocketChannel accepted = wire.accepted();
            connected.writeAndFlush(Unpooled.copiedBuffer("question", UTF_8));
            connected.shutdownOutput().sync();
            assertEquals("question", nextText(accepted));
            assertEquals(ChannelInputShutdownEvent.INSTANCE, DomainWire.next(accepted));
            accepted.writeAndFlush(Unpooled.copiedBuffer("answer", UTF_8)).sync();
            assertEquals(ChannelOutputShutdownEvent.INSTANCE, DomainWire.next(connected));
            assertEquals("answer", nextText(connected));
            accepted.close().sync();
            assertTrue(connected.closeFuture().await(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void thePeersCloseIsNoticedWithoutReading() throws Exception {
        try (DomainWire wire =
                new DomainWire(new ServerBootstrap().childOption(ChannelOption.AUTO_READ, false))) {
            UringDomainSocketChannel connected = wire.connect();
            UringDomainSocketChannel accepted = wire.accepted();
            connected.writeAndFlush(Unpooled.copiedBuffer("last words", UTF_8)).sync();
            connected.close().sync();
            assertTrue(accepted.closeFuture().await(20, TimeUnit.SECONDS));
            assertEquals("last words", nextText(accepted));
        }
    }

    @Test
    void plainJavaTalksToUs() throws Exception {
        try (DomainWire wire = wire(address());
                SocketChannel client =
                        SocketChannel.open(UnixDomainSocketAddress.of(address().path()))) {
            UringDomainSocketChannel accepted = wire.accepted();
            client.write(ByteBuffer.wrap("hello".getBytes(UTF_8)));
            assertEquals("hello", nextText(accepted));
            accepted.writeAndFlush(Unpooled.copiedBuffer("answer", UTF_8)).sync();
            ByteBuffer answer = ByteBuffer.allocate(6);
            while (answer.hasRemaining() && client.read(answer) >= 0) {}
            assertEquals("answer", new String(answer.array(), UTF_8));
        }
    }

    @Test
    void optionsAreTheKernelsAndNettys() throws Exception {
        UringDomainSocketChannel channel = new UringDomainSocketChannel();
        var config = channel.config();
        assertTrue(config.setOption(ChannelOption.SO_SNDBUF, 40_000));
        assertTrue(config.setOption(ChannelOption.SO_RCVBUF, 50_000));
        assertTrue(config.setOption(ChannelOption.SO_REUSEADDR, true));
        assertTrue(config.setOption(ChannelOption.ALLOW_HALF_CLOSURE, true));
        assertTrue(
                config.setOption(
                        UnixChannelOption.DOMAIN_SOCKET_READ_MODE,
                        DomainSocketReadMode.FILE_DESCRIPTORS));
        assertEquals(80_000, config.getOption(ChannelOption.SO_SNDBUF)); // the kernel doubles it
        assertEquals(100_000, config.getOption(ChannelOption.SO_RCVBUF));
        assertEquals(true, config.getOptions().get(ChannelOption.SO_REUSEADDR));
        assertEquals(true, config.getOptions().get(ChannelOption.ALLOW_HALF_CLOSURE));
        assertEquals(
                DomainSocketReadMode.FILE_DESCRIPTORS,
                config.getOptions().get(UnixChannelOption.DOMAIN_SOCKET_READ_MODE));
        channel.unsafe().closeForcibly();
        UringServerDomainSocketChannel server = new UringServerDomainSocketChannel();
        assertTrue(server.config().setOption(ChannelOption.SO_BACKLOG, 5));
        assertEquals(5, server.config().getOption(ChannelOption.SO_BACKLOG));
        assertTrue(server.config().setOption(ChannelOption.SO_RCVBUF, 50_000));
        assertTrue(server.config().getOptions().containsKey(ChannelOption.SO_REUSEADDR));
        server.unsafe().closeForcibly();
    }

    @Test
    void noDescriptorIsLeft() throws Exception {
        new DomainWire().close();
        OpenDescriptors before = OpenDescriptors.now();
        try (DomainWire wire = wire(address())) {
            for (int i = 0; i < 100; i++) {
                UringDomainSocketChannel connected = wire.connect();
                UringDomainSocketChannel accepted = wire.accepted();
                (i % 2 == 0 ? connected : accepted).close();
            }
        }
        before.awaitReturn(Duration.ofSeconds(20));
    }
}
