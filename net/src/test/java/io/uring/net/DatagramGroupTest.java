package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.EventLoop;
import io.uring.testkit.NothingLeft;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A socket per loop on one port. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class DatagramGroupTest {
    private static final int LOOPS = 4;
    private static final int PEERS = 64;

    @Test
    void everyLoopServesPeersAndEachPeerStaysOnItsLoop() throws Exception {
        Map<EventLoop, AtomicInteger> served = new ConcurrentHashMap<>();
        Map<String, EventLoop> loopOfPeer = new ConcurrentHashMap<>();
        Map<String, EventLoop> strayed = new ConcurrentHashMap<>();
        List<DatagramPeer> peers = new ArrayList<>();
        try (Loops loops = Loops.start(LOOPS)) {
            DatagramGroup group =
                    DatagramSocket.openGroup(
                            loops.group(),
                            DatagramConfig.bind(Loops.loopback()),
                            loop ->
                                    (socket, datagram) -> {
                                        assertTrue(loop.reactor().inLoop());
                                        served.computeIfAbsent(loop, _ -> new AtomicInteger())
                                                .incrementAndGet();
                                        String peer = datagram.source().toString();
                                        EventLoop known = loopOfPeer.putIfAbsent(peer, loop);
                                        if (known != null && known != loop) {
                                            strayed.put(peer, loop);
                                        }
                                        socket.send(datagram, datagram.source());
                                    });
            assertEquals(LOOPS, group.sockets().size());
            for (DatagramSocket socket : group.sockets()) {
                assertEquals(group.address(), socket.localAddress());
                assertTrue(socket.option(SocketOption.SO_REUSEPORT), "also of the first");
            }
            for (int i = 0; i < PEERS; i++) {
                DatagramPeer peer = new DatagramPeer();
                peers.add(peer);
                for (int n = 0; n < 3; n++) {
                    assertEquals("ping" + n, peer.send("ping" + n, group.address()).receiveText());
                }
            }
            assertEquals(LOOPS, served.size(), () -> "loops that served: " + served);
            assertTrue(strayed.isEmpty(), () -> "peers on two loops: " + strayed);
            peers.forEach(DatagramPeer::close);
            Loops.get(group.close());
            // The port is free again, and the loops still work.
            DatagramGroup again =
                    DatagramSocket.openGroup(
                            loops.group(),
                            DatagramConfig.bind(group.address()),
                            _ -> new DatagramRecorder());
            Loops.get(again.close());
            group.sockets().forEach(s -> Loops.assertNoDatagrams(s.reactor()));
        }
    }

    @Test
    void groupOnTheWildcardAddressServesBothFamilies() throws Exception {
        Map<String, String> answers = new HashMap<>();
        try (Loops loops = Loops.start(2);
                DatagramPeer four = new DatagramPeer();
                DatagramPeer six = new DatagramPeer(InetAddress.ofLiteral("::1"))) {
            DatagramGroup group =
                    DatagramSocket.openGroup(
                            loops.group(),
                            DatagramConfig.bind(new InetSocketAddress(0)),
                            _ -> (own, datagram) -> own.send(datagram, datagram.source()));
            int port = group.address().getPort();
            answers.put(
                    "v4",
                    four.send("v4", new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port))
                            .receiveText());
            answers.put(
                    "v6",
                    six.send("v6", new InetSocketAddress(InetAddress.ofLiteral("::1"), port))
                            .receiveText());
            assertEquals(Map.of("v4", "v4", "v6", "v6"), answers);
            Loops.get(group.close());
        }
    }

    @Test
    void secondGroupOnThePortIsRefused() throws Exception {
        try (Loops loops = Loops.start(2)) {
            DatagramGroup group =
                    DatagramSocket.openGroup(
                            loops.group(),
                            DatagramConfig.bind(Loops.loopback()),
                            _ -> new DatagramRecorder());
            assertThrows(
                    BindException.class,
                    () ->
                            DatagramSocket.openGroup(
                                    loops.group(),
                                    DatagramConfig.bind(group.address()),
                                    _ -> new DatagramRecorder()));
            Loops.get(group.close());
        }
    }

    @Test
    void openingOnClosedLoopsLeavesNoDescriptor() throws Exception {
        Loops loops = Loops.start(2);
        loops.closeLoops();
        assertThrows(
                java.io.IOException.class,
                () ->
                        DatagramSocket.openGroup(
                                loops.group(),
                                DatagramConfig.bind(Loops.loopback()),
                                _ -> new DatagramRecorder()));
    }

    @Test
    void connectedGroupIsTheCallersError() throws Exception {
        try (Loops loops = Loops.start(1)) {
            DatagramConfig connected =
                    DatagramConfig.bind(Loops.loopback()).withRemote(Loops.loopback());
            assertThrows(
                    IllegalArgumentException.class,
                    () ->
                            DatagramSocket.openGroup(
                                    loops.group(), connected, _ -> new DatagramRecorder()));
        }
    }
}
