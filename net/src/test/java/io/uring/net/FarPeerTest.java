package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peers behind a bad line, and peers that disappear without a word. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class FarPeerTest {
    private static final int PEERS = 6;
    private static final int BYTES = 150_000;

    private static SocketAddress listen(
            Loops loops, FarLink link, StreamConfig config, StreamAcceptor handlers) {
        ListenerConfig listening =
                ListenerConfig.of(new InetSocketAddress(link.far().address(), 0))
                        .withStream(config);
        return link.far().call(() -> loops.listen(listening, handlers)).address();
    }

    private static Peer connect(FarLink link, SocketAddress address) {
        return link.near().call(() -> Peer.connect(address));
    }

    @ParameterizedTest
    @ValueSource(ints = {1500, 576})
    void everyByteArrivesThroughLossDelayReorderingAndDamage(int mtu) throws Exception {
        try (FarLink link = FarLink.open(FarLink.Conditions.bad(mtu));
                Loops loops = Loops.start(1)) {
            SocketAddress address = listen(loops, link, StreamConfig.defaults(), _ -> new Echo());
            List<CompletableFuture<Boolean>> peers = new ArrayList<>();
            for (int i = 0; i < PEERS; i++) {
                Random random = new Random(i);
                peers.add(Background.run(() -> exchange(connect(link, address), random)));
            }
            for (CompletableFuture<Boolean> peer : peers) {
                assertTrue(peer.get(40, TimeUnit.SECONDS));
            }
        }
    }

    private static boolean exchange(Peer peer, Random random) throws Exception {
        try (peer) {
            CompletableFuture<Long> sent =
                    Background.run(() -> {
                        long sum = peer.sendRandom(random, BYTES);
                        peer.shutdownOutput();
                        return sum;
                    });
            long received = peer.checksum(BYTES);
            assertEquals(Loops.get(sent), received);
            peer.assertEnd();
            return true;
        }
    }

    @Test
    void idleTimeoutEndsTheConnectionOfAPeerThatDisappeared() throws Exception {
        Recorder server = new Echo();
        StreamConfig config =
                StreamConfig.defaults().withIdleNanos(TimeUnit.MILLISECONDS.toNanos(500));
        try (FarLink link = FarLink.open(FarLink.Conditions.good());
                Loops loops = Loops.start(1)) {
            SocketAddress address = listen(loops, link, config, _ -> server);
            try (Peer peer = connect(link, address)) {
                assertEquals("ping", peer.send("ping").readText(4));
                link.cut(true);
                assertInstanceOf(SocketTimeoutException.class, server.closeCause());
            }
        }
    }

    @Test
    void closeGivesUpOnAPeerThatDisappeared() throws Exception {
        Recorder server = new Echo();
        StreamConfig config =
                StreamConfig.defaults().withCloseNanos(TimeUnit.MILLISECONDS.toNanos(500));
        try (FarLink link = FarLink.open(FarLink.Conditions.good());
                Loops loops = Loops.start(1)) {
            SocketAddress address = listen(loops, link, config, _ -> server);
            try (Peer peer = connect(link, address)) {
                assertEquals("ping", peer.send("ping").readText(4));
                link.cut(true);
                server.onLoop(socket -> {
                    socket.write(ByteBuffer.wrap(new byte[16 << 20]));
                    socket.close();
                });
                assertInstanceOf(SocketTimeoutException.class, server.closeCause());
            }
        }
    }

    @Test
    void lingeringEndsWhenThePeerHasDisappeared() throws Exception {
        Recorder server = new Echo();
        StreamConfig config =
                StreamConfig.defaults().withLingerNanos(TimeUnit.MILLISECONDS.toNanos(300));
        try (FarLink link = FarLink.open(FarLink.Conditions.good());
                Loops loops = Loops.start(1)) {
            SocketAddress address = listen(loops, link, config, _ -> server);
            try (Peer peer = connect(link, address)) {
                assertEquals("ping", peer.send("ping").readText(4));
                link.cut(true);
                server.onLoop(socket -> {
                    socket.write(ByteBuffer.wrap(new byte[1000])); // never acknowledged
                    socket.close();
                });
                assertEquals(null, server.closeCause());
            }
        }
    }

    @Test
    void interruptionOfTheLineCostsTimeAndNoByte() throws Exception {
        try (FarLink link = FarLink.open(FarLink.Conditions.good());
                Loops loops = Loops.start(1)) {
            SocketAddress address = listen(loops, link, StreamConfig.defaults(), _ -> new Echo());
            try (Peer peer = connect(link, address)) {
                assertEquals("ping", peer.send("ping").readText(4));
                link.cut(true);
                peer.send("lost and sent again");
                Peer.pause(300);
                link.cut(false);
                assertEquals("lost and sent again", peer.readText(19));
            }
        }
    }

    @Test
    void connectingToAPeerThatDisappearedTimesOut() {
        try (FarLink link = FarLink.open(FarLink.Conditions.good());
                Loops loops = link.near().call(() -> Loops.start(1))) {
            link.cut(true);
            CompletableFuture<IOException> failure = new CompletableFuture<>();
            Connector.connect(
                    loops.loop(),
                    new InetSocketAddress(link.far().address(), 7),
                    StreamConfig.defaults(),
                    TimeUnit.MILLISECONDS.toNanos(200),
                    new Recorder(),
                    failure::complete);
            assertInstanceOf(SocketTimeoutException.class, Loops.get(failure));
        }
    }

    @Test
    void connectionFromALoopReachesThePeerOverTheBadLine() throws Exception {
        Source client = new Source(BYTES);
        try (FarLink link = FarLink.open(FarLink.Conditions.bad(1280));
                Loops servers = Loops.start(1);
                Loops clients = link.near().call(() -> Loops.start(1))) {
            SocketAddress address = listen(servers, link, StreamConfig.defaults(), _ -> new Echo());
            Connector.connect(
                    clients.loop(),
                    address,
                    StreamConfig.defaults(),
                    TimeUnit.SECONDS.toNanos(20),
                    client,
                    client.opened::completeExceptionally);
            client.closed.get(40, TimeUnit.SECONDS);
            assertEquals(client.sum(), client.receivedSum());
        }
    }
}
