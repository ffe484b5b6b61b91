package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.ReceivedBuffer;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses, ports and pauses of listeners. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class ListenerTest {
    @TempDir Path directory;

    /** Echoes, and counts connections by loop. */
    private static final class Spread {
        final Map<Object, AtomicInteger> connections = new ConcurrentHashMap<>();

        StreamHandler accept(StreamSocket socket) {
            connections
                    .computeIfAbsent(socket.reactor(), _ -> new AtomicInteger())
                    .incrementAndGet();
            assertTrue(socket.reactor().inLoop(), "on the connection's own loop");
            return new Echo();
        }
    }

    private static void connectAll(SocketAddress address, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            try (Peer peer = Peer.connect(address)) {
                assertEquals("ping", peer.send("ping").readText(4));
            }
        }
    }

    @Test
    void loopsShareOnePortAndTheConnections() throws Exception {
        Spread spread = new Spread();
        try (Loops loops = Loops.start(3)) {
            Listener listener = loops.listen(spread::accept);
            assertNotEquals(0, ((InetSocketAddress) listener.address()).getPort());
            connectAll(listener.address(), 200);
            assertEquals(3, spread.connections.size(), "every loop has some");
            assertEquals(
                    200, spread.connections.values().stream().mapToInt(AtomicInteger::get).sum());
        }
    }

    @Test
    void unixPathHandsConnectionsToAllLoopsEvenlyAndIsDeleted() throws Exception {
        Spread spread = new Spread();
        Path path = directory.resolve("socket");
        try (Loops loops = Loops.start(3)) {
            ListenerConfig config = ListenerConfig.of(UnixDomainSocketAddress.of(path));
            Listener listener = loops.listen(config, spread::accept);
            assertEquals(UnixDomainSocketAddress.of(path), listener.address());
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                peers.add(Peer.connect(listener.address()));
                assertEquals("ping", peers.getLast().send("ping").readText(4));
            }
            peers.forEach(Peer::close);
            assertEquals(
                    List.of(10, 10, 10),
                    spread.connections.values().stream().map(AtomicInteger::get).toList());
            assertTrue(Files.exists(path));
            Loops.get(listener.close());
            assertFalse(Files.exists(path));
        }
    }

    @Test
    void closingAgainDoesNotDeleteTheNextListenersPath() throws Exception {
        Path path = directory.resolve("socket");
        ListenerConfig config = ListenerConfig.of(UnixDomainSocketAddress.of(path));
        try (Loops loops = Loops.start(1)) {
            Listener first = loops.listen(config, _ -> new Echo());
            Loops.get(first.close());
            loops.listen(config, _ -> new Echo());
            Loops.get(first.close());
            assertTrue(Files.exists(path));
            connectAll(config.address(), 1);
        }
    }

    @Test
    void pathThatIsTooLongIsRefused() {
        Path path = directory.resolve("x".repeat(120));
        ListenerConfig config = ListenerConfig.of(UnixDomainSocketAddress.of(path));
        try (Loops loops = Loops.start(1)) {
            IllegalArgumentException e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> loops.listen(config, _ -> new Echo()));
            assertTrue(e.getMessage().contains("107"), e::getMessage);
        }
    }

    @Test
    void pathInUseIsRefused() throws Exception {
        Path path = Files.createFile(directory.resolve("socket"));
        ListenerConfig config = ListenerConfig.of(UnixDomainSocketAddress.of(path));
        try (Loops loops = Loops.start(1)) {
            assertThrows(BindException.class, () -> loops.listen(config, _ -> new Echo()));
            assertTrue(Files.exists(path), "not ours to delete");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void listensOnTheAddressThatWasAskedFor(String host) throws Exception {
        InetAddress address = InetAddress.getByName(host);
        CompletableFuture<StreamSocket> accepted = new CompletableFuture<>();
        try (Loops loops = Loops.start(1)) {
            Listener listener =
                    loops.listen(
                            ListenerConfig.of(new InetSocketAddress(address, 0)),
                            socket -> {
                                accepted.complete(socket);
                                return new Echo();
                            });
            try (Peer peer = Peer.connect(listener.address())) {
                assertEquals("ping", peer.send("ping").readText(4));
                StreamSocket socket = Loops.get(accepted);
                assertEquals(peer.localAddress(), socket.remoteAddress());
                assertEquals(listener.address(), socket.localAddress());
            }
        }
    }

    @Test
    void wildcardServesIpv4AndIpv6() throws Exception {
        try (Loops loops = Loops.start(1)) {
            Listener listener = loops.listen(ListenerConfig.tcp(0), _ -> new Echo());
            int port = ((InetSocketAddress) listener.address()).getPort();
            for (String host : List.of("127.0.0.1", "::1")) {
                connectAll(new InetSocketAddress(host, port), 1);
            }
        }
    }

    @Test
    void secondListenerOnThePortIsRefusedThoughLoopsShareIt() throws Exception {
        try (Loops loops = Loops.start(2);
                Loops others = Loops.start(2)) {
            Listener listener = loops.listen(_ -> new Echo());
            ListenerConfig same = ListenerConfig.of(listener.address());
            BindException e =
                    assertThrows(BindException.class, () -> others.listen(same, _ -> new Echo()));
            assertTrue(e.getMessage().contains("EADDRINUSE"), e::getMessage);
            connectAll(listener.address(), 10);
        }
    }

    @Test
    void addressIsFreeAsSoonAsCloseCompletes() throws Exception {
        try (Loops loops = Loops.start(2)) {
            Listener first = loops.listen(_ -> new Echo());
            ListenerConfig same = ListenerConfig.of(first.address());
            Loops.get(first.close());
            for (int i = 0; i < 20; i++) {
                Listener again = Listener.open(loops.group(), same, _ -> new Echo());
                connectAll(again.address(), 2);
                Loops.get(again.close());
            }
        }
    }

    @Test
    void restartOnThePortWithConnectionsInTimeWait() throws Exception {
        SocketAddress address;
        try (Loops loops = Loops.start(2)) {
            // The server closes first: TIME_WAIT is on its side.
            Listener listener =
                    loops.listen(_ ->
                            new Recorder() {
                                @Override
                                public void onOpen(StreamSocket socket) {
                                    socket.close();
                                }
                            });
            address = listener.address();
            for (int i = 0; i < 10; i++) {
                try (Peer peer = Peer.connect(address)) {
                    peer.assertEnd();
                }
            }
        }
        try (Loops loops = Loops.start(2)) {
            loops.listen(ListenerConfig.of(address), _ -> new Echo());
            connectAll(address, 2);
        }
    }

    @Test
    void acceptedConnectionsOutliveTheListener() throws Exception {
        try (Loops loops = Loops.start(1)) {
            Listener listener = loops.listen(_ -> new Echo());
            try (Peer peer = Peer.connect(listener.address())) {
                assertEquals("ping", peer.send("ping").readText(4));
                Loops.get(listener.close());
                assertEquals("pong", peer.send("pong").readText(4));
                assertThrows(
                        java.io.IOException.class, () -> Peer.connect(listener.address()).close());
            }
        }
    }

    @Test
    void pausedListenerKeepsConnectionsInItsBacklog() throws Exception {
        AtomicInteger accepted = new AtomicInteger();
        StreamAcceptor counting =
                _ -> {
                    accepted.incrementAndGet();
                    return new Echo();
                };
        try (Loops loops = Loops.start(1)) {
            ListenerConfig config = ListenerConfig.of(Loops.loopback()).withPaused(true);
            Listener listener = loops.listen(config, counting);
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                peers.add(Peer.connect(listener.address()).send("ping"));
            }
            Peer.pause(100);
            assertEquals(0, accepted.get());
            listener.resume();
            for (Peer peer : peers) {
                assertEquals("ping", peer.readText(4));
                peer.close();
            }
            assertEquals(10, accepted.get());
        }
    }

    @Test
    void pausingAndResumingQuicklyLosesNoConnection() throws Exception {
        try (Loops loops = Loops.start(1)) {
            Listener listener = loops.listen(_ -> new Echo());
            for (int i = 0; i < 200; i++) {
                listener.pause();
                try (Peer peer = Peer.connect(listener.address())) {
                    listener.resume();
                    assertEquals("ping", peer.send("ping").readText(4));
                }
            }
        }
    }

    @Test
    void optionsReachAcceptedConnections() throws Exception {
        CompletableFuture<List<Integer>> options = new CompletableFuture<>();
        StreamConfig config =
                StreamConfig.defaults().withSocket(SocketOptions.defaults().withKeepAlive(true));
        try (Loops loops = Loops.start(1)) {
            Listener listener =
                    loops.listen(
                            config,
                            socket -> {
                                int fd = socket.descriptor().number();
                                options.complete(
                                        List.of(
                                                io.uring.ring.internal.SocketCalls.option(fd, 6, 1),
                                                io.uring.ring.internal.SocketCalls.option(
                                                        fd, 1, 9)));
                                return new Echo();
                            });
            connectAll(listener.address(), 1);
            assertEquals(List.of(1, 1), Loops.get(options));
        }
    }

    @Test
    void openOnClosedLoopsIsRefusedAndLeavesNothing() {
        Loops loops = Loops.start(2);
        loops.close();
        assertThrows(
                java.io.IOException.class,
                () ->
                        Listener.open(
                                loops.group(),
                                ListenerConfig.of(Loops.loopback()),
                                _ -> new Echo()));
    }

    @Test
    void connectionsComeAndGoWhileLoopsClose() throws Exception {
        for (int i = 0; i < 20; i++) {
            Path path = directory.resolve("s" + i);
            Loops loops = Loops.start(2);
            Recorder sink =
                    new Recorder() {
                        @Override
                        public void onData(StreamSocket socket, ReceivedBuffer data) {
                            data.release();
                        }
                    };
            SocketAddress address =
                    Listener.open(
                                    loops.group(),
                                    ListenerConfig.of(UnixDomainSocketAddress.of(path)),
                                    _ -> sink)
                            .address();
            CompletableFuture<Boolean> connecting =
                    Background.run(() -> {
                        try {
                            while (true) {
                                Peer.connect(address).close();
                            }
                        } catch (java.io.IOException closed) {
                            return true;
                        }
                    });
            Eventually.isTrue(Loops.LIMIT, "some came", () -> sink.opened.isDone());
            loops.closeLoops();
            Loops.get(connecting);
        }
    }
}
