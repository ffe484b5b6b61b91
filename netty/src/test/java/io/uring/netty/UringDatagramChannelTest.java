package io.uring.netty;

import static io.uring.netty.DatagramFixture.bytes;
import static io.uring.netty.DatagramFixture.packet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.UnixChannelOption;
import io.uring.netty.DatagramFixture.Inbox;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.channels.AlreadyConnectedException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(90)
class UringDatagramChannelTest {
    private static final InetAddress GROUP = InetAddress.ofLiteral("239.255.77.9");

    private final Inbox inbox = new Inbox();

    private static NetworkInterface loopback() throws Exception {
        return NetworkInterface.getByInetAddress(InetAddress.ofLiteral("127.0.0.1"));
    }

    @SuppressWarnings("deprecation")
    @ParameterizedTest
    @EnumSource(
            value = SocketProtocolFamily.class,
            names = {"INET", "INET6"})
    void optionsAreReadAsTheyWereSet(SocketProtocolFamily family) throws Exception {
        UringDatagramChannel channel = new UringDatagramChannel(family);
        try {
            Map<ChannelOption<?>, Object> values =
                    Map.ofEntries(
                            Map.entry(ChannelOption.SO_BROADCAST, true),
                            Map.entry(ChannelOption.SO_REUSEADDR, true),
                            Map.entry(UnixChannelOption.SO_REUSEPORT, true),
                            Map.entry(ChannelOption.IP_TOS, 8),
                            Map.entry(ChannelOption.IP_MULTICAST_TTL, 7),
                            Map.entry(ChannelOption.IP_MULTICAST_LOOP_DISABLED, true),
                            Map.entry(ChannelOption.IP_MULTICAST_IF, loopback()),
                            Map.entry(ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION, true),
                            Map.entry(UringChannelOption.UDP_GRO, true),
                            Map.entry(UringChannelOption.IP_MULTICAST_ALL, true),
                            Map.entry(UringChannelOption.IP_RECVORIGDSTADDR, true),
                            Map.entry(UringChannelOption.IP_FREEBIND, true),
                            Map.entry(UringChannelOption.SO_PRIORITY, 3));
            values.forEach((option, value) -> {
                set(channel, option, value);
                assertEquals(value, channel.config().getOption(option), option.name());
                assertEquals(value, channel.config().getOptions().get(option), option.name());
            });
            channel.config().setSendBufferSize(20_000).setReceiveBufferSize(30_000);
            assertEquals(40_000, channel.config().getOption(ChannelOption.SO_SNDBUF));
            assertEquals(60_000, channel.config().getOption(ChannelOption.SO_RCVBUF));
        } finally {
            channel.unsafe().closeForcibly();
        }
    }

    @SuppressWarnings("unchecked")
    private static <T> void set(UringDatagramChannel channel, ChannelOption<T> option, Object to) {
        assertTrue(channel.config().setOption(option, (T) to));
    }

    @Test
    void multicastIsConfinedUntilOtherwiseSet() throws Exception {
        UringDatagramChannel channel = new UringDatagramChannel();
        try {
            assertFalse(channel.config().getOption(UringChannelOption.IP_MULTICAST_ALL));
            assertFalse(channel.config().isLoopbackModeDisabled());
            assertEquals(1, channel.config().getTimeToLive());
            assertNull(channel.config().getNetworkInterface());
            assertNull(channel.config().getInterface());
            InetAddress own = InetAddress.ofLiteral("127.0.0.1");
            assertEquals(loopback(), channel.config().setInterface(own).getNetworkInterface());
            ChannelException unknown =
                    assertThrows(
                            ChannelException.class,
                            () ->
                                    channel.config()
                                            .setInterface(InetAddress.ofLiteral("192.0.2.1")));
            assertTrue(unknown.getCause().getMessage().contains("192.0.2.1"));
        } finally {
            channel.unsafe().closeForcibly();
        }
    }

    @Test
    void disconnectingKeepsThePortAndTheChannelActive() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel server = udp.bind(0, new Inbox());
            UringDatagramChannel client = udp.connect(1, inbox, server);
            int port = DatagramFixture.addressOf(client).getPort();
            assertTrue(client.isConnected());
            assertEquals(server.localAddress(), client.remoteAddress());
            ChannelFuture again = client.connect(DatagramFixture.addressOf(server)).await();
            assertInstanceOf(AlreadyConnectedException.class, again.cause());
            client.disconnect().sync();
            assertFalse(client.isConnected());
            assertTrue(client.isActive());
            assertNull(client.remoteAddress());
            assertEquals(port, DatagramFixture.addressOf(client).getPort());
            InetSocketAddress to = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
            server.writeAndFlush(
                            new io.netty.channel.socket.DatagramPacket(bytes("still there"), to))
                    .sync();
            inbox.expect("still there");
        }
    }

    @Test
    void aConnectedChannelHearsItsPeerAlone() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel server = udp.bind(0, new Inbox());
            UringDatagramChannel stranger = udp.bind(0, new Inbox());
            UringDatagramChannel client = udp.connect(1, inbox, server);
            stranger.writeAndFlush(packet("psst", client)).sync();
            server.writeAndFlush(packet("answer", client)).sync();
            inbox.expect("answer");
            assertTrue(inbox.isEmpty());
        }
    }

    @Test
    void anAddressInUseIsTold() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel first = udp.bind(0, new Inbox());
            ChannelFuture second =
                    udp.bootstrap(1, inbox).bind(DatagramFixture.addressOf(first)).await();
            assertInstanceOf(java.net.BindException.class, second.cause());
        }
    }

    @Test
    void aMemberReceivesUntilItLeaves() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel member = any(udp, inbox);
            UringDatagramChannel sender = onLoopback(udp, "127.0.0.1");
            InetSocketAddress group =
                    new InetSocketAddress(GROUP, DatagramFixture.addressOf(member).getPort());
            member.joinGroup(group, loopback()).sync();
            send(sender, "to the group", group);
            inbox.expect("to the group");
            assertTrue(
                    member.joinGroup(group, loopback())
                            .await()
                            .cause()
                            .getMessage()
                            .contains("join"));
            member.leaveGroup(group, loopback()).sync();
            send(sender, "to nobody", group);
            InetSocketAddress own =
                    new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), group.getPort());
            send(sender, "to one", own);
            inbox.expect("to one");
            assertFalse(member.leaveGroup(group, loopback()).await().isSuccess());
        }
    }

    @Test
    void aBlockedSourceIsNotHeard() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel member = any(udp, inbox);
            member.config().setNetworkInterface(loopback());
            UringDatagramChannel one = onLoopback(udp, "127.0.0.1");
            UringDatagramChannel two = onLoopback(udp, "127.0.0.2");
            InetSocketAddress group =
                    new InetSocketAddress(GROUP, DatagramFixture.addressOf(member).getPort());
            member.joinGroup(GROUP).sync();
            member.block(GROUP, InetAddress.ofLiteral("127.0.0.1")).sync();
            send(one, "blocked", group);
            send(two, "heard", group);
            inbox.expect("heard");
            member.leaveGroup(GROUP).sync();
            assertTrue(inbox.isEmpty());
        }
    }

    @Test
    void onlyTheNamedSourceIsHeard() throws Exception {
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel member = any(udp, inbox);
            UringDatagramChannel one = onLoopback(udp, "127.0.0.1");
            UringDatagramChannel two = onLoopback(udp, "127.0.0.2");
            InetAddress ssm = InetAddress.ofLiteral("232.1.2.9");
            InetAddress source = InetAddress.ofLiteral("127.0.0.2");
            InetSocketAddress group =
                    new InetSocketAddress(ssm, DatagramFixture.addressOf(member).getPort());
            member.joinGroup(ssm, loopback(), source).sync();
            send(one, "another", group);
            send(two, "named", group);
            inbox.expect("named");
            member.leaveGroup(ssm, loopback(), source).sync();
            assertTrue(inbox.isEmpty());
        }
    }

    private static UringDatagramChannel any(DatagramFixture udp, Inbox inbox) throws Exception {
        return (UringDatagramChannel) udp.bootstrap(0, inbox).bind("0.0.0.0", 0).sync().channel();
    }

    private static UringDatagramChannel onLoopback(DatagramFixture udp, String address)
            throws Exception {
        return (UringDatagramChannel)
                udp.bootstrap(1, new Inbox())
                        .option(ChannelOption.IP_MULTICAST_IF, loopback())
                        .bind(address, 0)
                        .sync()
                        .channel();
    }

    private static void send(UringDatagramChannel from, String text, InetSocketAddress to)
            throws Exception {
        assertTrue(
                from.writeAndFlush(new io.netty.channel.socket.DatagramPacket(bytes(text), to))
                        .await(30, TimeUnit.SECONDS));
    }

    @Test
    void anIpv6ChannelTalksToItself() throws Exception {
        InetAddress own = Inet6Address.ofLiteral("::1");
        try (DatagramFixture udp = new DatagramFixture()) {
            UringDatagramChannel receiver =
                    (UringDatagramChannel) udp.dualStack(0, inbox).bind(own, 0).sync().channel();
            send(receiver, "six", DatagramFixture.addressOf(receiver));
            inbox.expect("six");
            assertEquals(receiver.localAddress(), inbox.nextRecipient());
        }
    }
}
