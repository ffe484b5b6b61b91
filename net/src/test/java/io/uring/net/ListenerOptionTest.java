package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.SocketCalls;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The kernel's options of listening sockets, and how their connections are spread. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class ListenerOptionTest {
    private static <T> T read(int fd, SocketOption<T> option) {
        byte[] value = SocketOption.room();
        return option.decode(value, option.get(fd, value));
    }

    @Test
    void optionsAreSetOnEachSocketBeforeItListens() throws Exception {
        ListenerConfig config =
                ListenerConfig.of(Loops.loopback())
                        .withOption(SocketOption.TCP_FASTOPEN, 64)
                        .withOption(SocketOption.TCP_DEFER_ACCEPT, 3)
                        .withOption(SocketOption.IP_FREEBIND, true);
        List<Integer> sockets = ListenerSocket.open(config, List.of(-1, -1));
        try {
            for (int fd : sockets) {
                assertEquals(64, read(fd, SocketOption.TCP_FASTOPEN));
                assertTrue(read(fd, SocketOption.TCP_DEFER_ACCEPT) >= 3);
                assertTrue(read(fd, SocketOption.IP_FREEBIND));
            }
        } finally {
            sockets.forEach(SocketCalls::close);
        }
    }

    @Test
    void deferredConnectionIsAcceptedWhenItsFirstBytesCome() throws Exception {
        AtomicInteger accepted = new AtomicInteger();
        ListenerConfig config =
                ListenerConfig.of(Loops.loopback()).withOption(SocketOption.TCP_DEFER_ACCEPT, 60);
        try (Loops loops = Loops.start(1)) {
            Listener listener =
                    loops.listen(
                            config,
                            _ -> {
                                accepted.incrementAndGet();
                                return new Echo();
                            });
            try (Peer silent = Peer.connect(listener.address());
                    Peer second = Peer.connect(listener.address())) {
                assertEquals("ping", second.send("ping").readText(4));
                assertEquals(1, accepted.get(), "the first one has sent nothing");
                assertEquals("ping", silent.send("ping").readText(4));
                assertEquals(2, accepted.get());
            }
        }
    }

    @Test
    void listenerOnAnAddressThatIsNotThereNeedsFreebind() throws Exception {
        // TEST-NET-1: nobody has it.
        InetSocketAddress foreign =
                new InetSocketAddress(
                        InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, 1}), 0);
        ListenerConfig config = ListenerConfig.of(foreign);
        try (Loops loops = Loops.start(1)) {
            assertThrows(java.net.BindException.class, () -> loops.listen(config, _ -> new Echo()));
            loops.listen(config.withOption(SocketOption.IP_FREEBIND, true), _ -> new Echo());
        }
    }

    @Test
    void optionTheKernelRefusesIsNamed(@TempDir Path directory) {
        ListenerConfig unix =
                ListenerConfig.of(UnixDomainSocketAddress.of(directory.resolve("socket")))
                        .withOption(SocketOption.TCP_FASTOPEN, 64);
        ListenerConfig device =
                ListenerConfig.of(Loops.loopback())
                        .withOption(SocketOption.SO_BINDTODEVICE, "no-such-device");
        try (Loops loops = Loops.start(1)) {
            IOException e =
                    assertThrows(IOException.class, () -> loops.listen(unix, _ -> new Echo()));
            assertTrue(e.getMessage().contains("TCP_FASTOPEN"), e::getMessage);
            e = assertThrows(IOException.class, () -> loops.listen(device, _ -> new Echo()));
            assertTrue(e.getMessage().contains("SO_BINDTODEVICE"), e::getMessage);
        }
    }

    @Test
    void oneSocketGivesConnectionsToAllLoopsEvenly() throws Exception {
        Map<Object, AtomicInteger> spread = new ConcurrentHashMap<>();
        ListenerConfig config = ListenerConfig.of(Loops.loopback()).withOneSocket(true);
        try (Loops loops = Loops.start(3)) {
            Listener listener =
                    loops.listen(
                            config,
                            socket -> {
                                spread.computeIfAbsent(socket.reactor(), _ -> new AtomicInteger())
                                        .incrementAndGet();
                                return new Echo();
                            });
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                peers.add(Peer.connect(listener.address()));
                assertEquals("ping", peers.getLast().send("ping").readText(4));
            }
            peers.forEach(Peer::close);
            assertEquals(
                    List.of(10, 10, 10), spread.values().stream().map(AtomicInteger::get).toList());
        }
    }
}
