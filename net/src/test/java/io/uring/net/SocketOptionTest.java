package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.EventLoop;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Options, credentials and sockets that come from elsewhere. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class SocketOptionTest {
    @TempDir Path directory;

    private static <T> void setAndRead(StreamSocket socket, SocketOption<T> option, T value)
            throws IOException {
        socket.option(option, value);
        assertEquals(value, socket.option(option), option.name());
    }

    @Test
    void whatIsSetIsRead() throws Exception {
        Recorder handler = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer _ = Peer.connect(loops.serve(handler))) {
            StreamSocket socket = handler.socket();
            setAndRead(socket, SocketOption.TCP_NODELAY, false);
            setAndRead(socket, SocketOption.TCP_CORK, true);
            setAndRead(socket, SocketOption.SO_KEEPALIVE, true);
            setAndRead(socket, SocketOption.TCP_KEEPIDLE, 30);
            setAndRead(socket, SocketOption.TCP_KEEPINTVL, 7);
            setAndRead(socket, SocketOption.TCP_KEEPCNT, 3);
            setAndRead(socket, SocketOption.SO_LINGER, 5);
            setAndRead(socket, SocketOption.SO_LINGER, -1);
            setAndRead(socket, SocketOption.SO_PRIORITY, 4);
            setAndRead(socket, SocketOption.IP_TOS, 0x10);
            setAndRead(socket, SocketOption.TCP_USER_TIMEOUT, 12_345);
            setAndRead(socket, SocketOption.TCP_NOTSENT_LOWAT, 65_536);
            setAndRead(socket, SocketOption.TCP_QUICKACK, true);
            String congestion = socket.option(SocketOption.TCP_CONGESTION);
            setAndRead(socket, SocketOption.TCP_CONGESTION, congestion);
            socket.option(SocketOption.SO_SNDBUF, 32 * 1024);
            assertEquals(64 * 1024, socket.option(SocketOption.SO_SNDBUF));
            socket.option(SocketOption.SO_RCVBUF, 32 * 1024);
            assertEquals(64 * 1024, socket.option(SocketOption.SO_RCVBUF));
            assertTrue(socket.option(SocketOption.SO_INCOMING_CPU) >= -1);
            assertTrue(socket.option(SocketOption.TCP_MAXSEG) > 0);
        }
    }

    @Test
    void whatTheKernelRefusesIsNamed() throws Exception {
        Recorder handler = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer _ = Peer.connect(loops.serve(handler))) {
            StreamSocket socket = handler.socket();
            IOException refusal =
                    assertThrows(
                            IOException.class,
                            () -> socket.option(SocketOption.TCP_CONGESTION, "nonsense"));
            assertTrue(refusal.getMessage().contains("TCP_CONGESTION"), refusal.getMessage());
            assertThrows(IOException.class, socket::peerCredentials);
            handler.onLoop(StreamSocket::close);
            handler.closeCause();
            assertThrows(
                    ClosedChannelException.class, () -> socket.option(SocketOption.TCP_NODELAY));
        }
    }

    @Test
    void aUnixPeerHasCredentials() throws Exception {
        Recorder handler = new Recorder();
        UnixDomainSocketAddress path = UnixDomainSocketAddress.of(directory.resolve("s"));
        try (Loops loops = Loops.start(1)) {
            loops.listen(ListenerConfig.of(path), _ -> handler);
            try (Peer _ = Peer.connect(path)) {
                PeerCredentials peer = handler.socket().peerCredentials();
                assertEquals(ProcessHandle.current().pid(), peer.pid());
                int uid = (Integer) Files.getAttribute(directory, "unix:uid");
                assertEquals(uid, peer.uid());
            }
        }
    }

    @Test
    void theEnvironmentNamesInheritedSockets() {
        Map<String, String> environment =
                Map.of("LISTEN_PID", "42", "LISTEN_FDS", "3", "LISTEN_FDNAMES", "web::admin");
        assertEquals(
                List.of(
                        new InheritedSocket(3, "web"),
                        new InheritedSocket(4, "unknown"),
                        new InheritedSocket(5, "admin")),
                InheritedSocket.parse(environment, 42));
        assertEquals(List.of(), InheritedSocket.parse(environment, 43));
        assertEquals(List.of(), InheritedSocket.parse(Map.of(), 42));
        assertThrows(
                IllegalStateException.class,
                () -> InheritedSocket.parse(Map.of("LISTEN_PID", "42", "LISTEN_FDS", "x"), 42));
    }

    @Test
    void anInheritedSocketIsServedByAllLoops() throws Exception {
        Set<Object> used = ConcurrentHashMap.newKeySet();
        int fd =
                ListenerSocket.open(ListenerConfig.of(Loops.loopback()), List.of(EventLoop.ANY_CPU))
                        .getFirst();
        List<Peer> peers = new ArrayList<>();
        try (Loops loops = Loops.start(2)) {
            Listener listener =
                    Listener.inherit(
                            loops.group(),
                            new InheritedSocket(fd, "web"),
                            StreamConfig.defaults(),
                            socket -> {
                                used.add(socket.reactor());
                                return new Echo();
                            });
            assertTrue(((InetSocketAddress) listener.address()).getPort() > 0);
            for (int i = 0; i < 4; i++) {
                Peer peer = Peer.connect(listener.address());
                peers.add(peer);
                peer.send("hi");
                assertEquals("hi", peer.readText(2));
            }
            assertEquals(2, used.size());
            peers.forEach(Peer::close);
            Loops.get(listener.close());
        }
    }

    @Test
    void aDescriptorThatDoesNotListenIsRefused() throws Exception {
        try (Loops loops = Loops.start(1)) {
            InheritedSocket none = new InheritedSocket(1 << 20, "none");
            assertThrows(
                    SocketException.class,
                    () ->
                            Listener.inherit(
                                    loops.group(),
                                    none,
                                    StreamConfig.defaults(),
                                    _ -> new Recorder()));
        }
    }
}
