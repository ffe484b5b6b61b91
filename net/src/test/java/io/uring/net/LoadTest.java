package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.EventLoop;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Who gets a connection where one loop accepts for all: the loop with the fewest sockets. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class LoadTest {
    private final ConcurrentLinkedQueue<Reactor> places = new ConcurrentLinkedQueue<>();
    private final List<Peer> peers = new ArrayList<>();

    private Listener listen(Loops loops) throws IOException {
        ListenerConfig config = ListenerConfig.of(Loops.loopback()).withOneSocket(true);
        return loops.listen(
                config,
                socket -> {
                    places.add(socket.reactor());
                    return new Echo();
                });
    }

    /** Connects, and waits until it is known where to. */
    private Reactor connect(Listener listener) throws IOException {
        int before = places.size();
        Peer peer = Peer.connect(listener.address());
        peers.add(peer);
        assertEquals("ping", peer.send("ping").readText(4));
        assertEquals(before + 1, places.size());
        return places.stream().skip(before).findFirst().orElseThrow();
    }

    private static long count(Iterable<Reactor> places, Reactor place) {
        long count = 0;
        for (Reactor other : places) {
            count += other == place ? 1 : 0;
        }
        return count;
    }

    @Test
    void loopThatLostItsConnectionsGetsTheNextOnes() throws Exception {
        try (Loops loops = Loops.start(2)) {
            Listener listener = listen(loops);
            Reactor other = loops.group().loops().get(1).reactor();
            List<Peer> onOther = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                if (connect(listener) == other) {
                    onOther.add(peers.getLast());
                }
            }
            assertEquals(10, onOther.size(), "spread evenly");
            onOther.forEach(Peer::close);
            Eventually.isTrue(Loops.LIMIT, "gone", () -> other.resourceCount() == 0);
            for (int i = 2; i < onOther.size(); i++) { // then both have as many, about
                assertEquals(other, connect(listener));
            }
            peers.forEach(Peer::close);
        }
    }

    @Test
    void connectionsOnTheirWayCount() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        try (Loops loops = Loops.start(2)) {
            Listener listener = listen(loops);
            EventLoop other = loops.group().loops().get(1);
            other.execute(() -> await(goOn));
            for (int i = 0; i < 40; i++) {
                peers.add(Peer.connect(listener.address()).send("ping"));
            }
            Reactor first = loops.loop().reactor();
            // Some are open here, so a loop that seems to have none would get all of them.
            Eventually.isTrue(Loops.LIMIT, "accepted", () -> accepted(loops) == 40);
            goOn.countDown();
            for (Peer peer : peers) {
                assertEquals("ping", peer.readText(4));
            }
            long here = count(places, first);
            assertTrue(here >= 18 && here <= 22, "on the loop that accepts: " + here);
            peers.forEach(Peer::close);
        }
    }

    private static long accepted(Loops loops) {
        return loops.loop().counters().snapshot().accepts();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void loopThatHasFailedGetsNothingThoughItHasNothing() throws Exception {
        Loops loops = Loops.start(3, BrokenRing.MASK, ReactorConfig.defaults());
        Listener listener = listen(loops);
        EventLoop broken = loops.group().loops().get(1);
        BrokenRing.breakRing(broken);
        for (int i = 0; i < 10; i++) {
            assertNotSame(broken.reactor(), connect(listener));
            assertNotSame(broken, loops.group().leastLoaded());
        }
        long third = count(places, loops.group().loops().get(2).reactor());
        assertTrue(third >= 4 && third <= 6, "of ten: " + third);
        peers.forEach(Peer::close);
        Loops.get(listener.close());
        loops.group().close();
    }
}
