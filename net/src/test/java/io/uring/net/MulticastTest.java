package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Groups that stay on this machine. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class MulticastTest {
    private static final String V4 = "239.255.77.1";
    private static final String V6 = "ff01::4711";

    /**
     * Loopback for IPv4. For IPv6, which has no route for groups there, any other: what is sent to
     * a group of interface-local scope never leaves the machine.
     */
    private static NetworkInterface network(InetAddress group) throws Exception {
        Predicate<NetworkInterface> fits =
                group instanceof Inet4Address
                        ? MulticastTest::isLoopback
                        : MulticastTest::hasIpv6Groups;
        Optional<NetworkInterface> first =
                NetworkInterface.networkInterfaces().filter(fits).findFirst();
        assumeTrue(first.isPresent(), "no interface for " + group);
        return first.get();
    }

    private static boolean isLoopback(NetworkInterface network) {
        try {
            return network.isLoopback();
        } catch (SocketException e) {
            return false;
        }
    }

    private static boolean hasIpv6Groups(NetworkInterface network) {
        try {
            return network.isUp()
                    && network.supportsMulticast()
                    && network.inetAddresses().anyMatch(Inet6Address.class::isInstance);
        } catch (SocketException e) {
            return false;
        }
    }

    private static DatagramConfig any(InetAddress group) throws IOException {
        boolean v4 = group instanceof Inet4Address;
        InetAddress any = InetAddress.getByAddress(new byte[v4 ? 4 : 16]);
        return DatagramConfig.bind(new InetSocketAddress(any, 0));
    }

    private static DatagramAddress at(InetAddress group, DatagramSocket receiver) {
        return DatagramAddress.of(new InetSocketAddress(group, receiver.localAddress().getPort()));
    }

    /** Returns when the kernel has it. */
    private static void send(DatagramSocket socket, String text, DatagramAddress target) {
        ByteBuffer payload = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        CompletableFuture<Optional<IOException>> told = new CompletableFuture<>();
        WriteListener listener = failure -> told.complete(Optional.ofNullable(failure));
        Loops.run(socket.reactor(), () -> socket.send(payload, target, 0, listener));
        assertEquals(Optional.empty(), Loops.get(told));
    }

    @ParameterizedTest
    @CsvSource({V4 + ",true", V4 + ",false", V6 + ",true", V6 + ",false"})
    void memberReceivesUntilItLeaves(String address, boolean dualStack) throws Exception {
        InetAddress group = InetAddress.ofLiteral(address);
        NetworkInterface network = network(group);
        DatagramRecorder member = new DatagramRecorder();
        try (Loops loops = Loops.start(1)) {
            DatagramConfig config = any(group).withDualStack(dualStack);
            DatagramSocket receiver = loops.datagrams(config, member);
            DatagramSocket sender = loops.datagrams(config, new DatagramRecorder());
            DatagramAddress target = at(group, receiver);
            sender.multicastInterface(network);
            receiver.join(group, network, null);
            send(sender, "to the group", target);
            assertEquals("to the group", member.next().text());
            receiver.leave(group, network, null);
            send(sender, "to nobody", target);
            InetAddress own =
                    InetAddress.ofLiteral(group instanceof Inet4Address ? "127.0.0.1" : "::1");
            send(sender, "to one", at(own, receiver));
            assertEquals("to one", member.next().text());
        }
    }

    @Test
    void onlyTheNamedSourceIsHeard() throws Exception {
        InetAddress group = InetAddress.ofLiteral("232.1.2.3");
        NetworkInterface network = network(group);
        InetAddress one = InetAddress.ofLiteral("127.0.0.1");
        InetAddress two = InetAddress.ofLiteral("127.0.0.2");
        DatagramRecorder member = new DatagramRecorder();
        try (Loops loops = Loops.start(1)) {
            DatagramSocket receiver = loops.datagrams(any(group).withDualStack(false), member);
            receiver.join(group, network, two);
            DatagramSocket first =
                    loops.datagrams(
                            DatagramConfig.bind(new InetSocketAddress(one, 0)),
                            new DatagramRecorder());
            DatagramSocket second =
                    loops.datagrams(
                            DatagramConfig.bind(new InetSocketAddress(two, 0)),
                            new DatagramRecorder());
            first.multicastInterface(network);
            second.multicastInterface(network);
            send(first, "first", at(group, receiver));
            send(second, "second", at(group, receiver));
            assertEquals("second", member.next().text());
            receiver.leave(group, network, two);
            assertTrue(member.datagrams.isEmpty());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {V4, V6})
    void joiningTwiceIsRefusedByName(String address) throws Exception {
        InetAddress group = InetAddress.ofLiteral(address);
        NetworkInterface network = network(group);
        try (Loops loops = Loops.start(1)) {
            DatagramSocket socket = loops.datagrams(any(group), new DatagramRecorder());
            socket.join(group, network, null);
            IOException refused =
                    assertThrows(IOException.class, () -> socket.join(group, network, null));
            assertTrue(refused.getMessage().contains("EADDRINUSE"), refused::getMessage);
            assertTrue(refused.getMessage().contains("join"), refused::getMessage);
            socket.leave(group, network, null);
            assertThrows(IOException.class, () -> socket.leave(group, network, null));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> socket.join(InetAddress.getLoopbackAddress(), network, null));
        }
    }

    @Test
    void optionsOfBothFamiliesAreSetAndRead() throws Exception {
        NetworkInterface network = network(InetAddress.ofLiteral(V4));
        try (Loops loops = Loops.start(1)) {
            DatagramSocket socket =
                    loops.datagrams(any(InetAddress.ofLiteral(V6)), new DatagramRecorder());
            socket.multicastInterface(network);
            assertEquals(network.getIndex(), socket.option(SocketOption.IPV6_MULTICAST_IF));
            socket.option(SocketOption.IPV6_MULTICAST_HOPS, 5);
            assertEquals(5, socket.option(SocketOption.IPV6_MULTICAST_HOPS));
            socket.option(SocketOption.IPV6_UNICAST_HOPS, 6);
            assertEquals(6, socket.option(SocketOption.IPV6_UNICAST_HOPS));
            socket.option(SocketOption.IPV6_MULTICAST_LOOP, false);
            assertFalse(socket.option(SocketOption.IPV6_MULTICAST_LOOP));
            assertFalse(socket.option(SocketOption.IPV6_V6ONLY));
        }
    }

    @Test
    void withoutLoopTheSendersMachineDoesNotHearIt() throws Exception {
        InetAddress group = InetAddress.ofLiteral(V6);
        NetworkInterface network = network(group);
        DatagramRecorder member = new DatagramRecorder();
        try (Loops loops = Loops.start(1)) {
            DatagramSocket receiver = loops.datagrams(any(group), member);
            DatagramSocket sender = loops.datagrams(any(group), new DatagramRecorder());
            sender.multicastInterface(network);
            receiver.join(group, network, null);
            sender.option(SocketOption.IPV6_MULTICAST_LOOP, false);
            send(sender, "unheard", at(group, receiver));
            sender.option(SocketOption.IPV6_MULTICAST_LOOP, true);
            send(sender, "heard", at(group, receiver));
            assertEquals("heard", member.next().text());
        }
    }
}
