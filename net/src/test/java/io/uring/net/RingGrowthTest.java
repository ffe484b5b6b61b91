package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.ring.Feature;
import io.uring.ring.Ring;
import io.uring.testkit.NothingLeft;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A loop's ring under many connections that all have something to do at once. */
@Timeout(120)
@ExtendWith(NothingLeft.class)
final class RingGrowthTest {
    private static final int MANY = 5_000;

    @TempDir Path directory;

    @Test
    void loopWithManyConnectionsGrowsItsRingAndOverflowsNever() throws Exception {
        ListenerConfig config =
                ListenerConfig.of(UnixDomainSocketAddress.of(directory.resolve("socket")));
        try (Loops loops = Loops.start(1)) {
            Ring ring = loops.loop().reactor().ring();
            assumeTrue(ring.capabilities().has(Feature.RESIZE_RINGS), "resizing rings: 6.13");
            Listener listener = loops.listen(config, _ -> new Echo());
            try (Peer first = Peer.connect(listener.address())) {
                assertEquals("ping", first.send("ping").readText(4));
                assertEquals(512, Loops.<Integer>call(loops.loop().reactor(), ring::cqEntries));
            }
            List<Peer> peers = new ArrayList<>();
            try {
                for (int i = 0; i < MANY; i++) {
                    peers.add(Peer.connect(listener.address()));
                }
                Loops.run(
                        loops.loop().reactor(),
                        () -> {
                            // All peers speak while the loop does not listen.
                            for (Peer peer : peers) {
                                sendPing(peer);
                            }
                        });
                for (Peer peer : peers) {
                    assertEquals("ping", peer.readText(4));
                }
                int entries = Loops.call(loops.loop().reactor(), ring::cqEntries);
                assertTrue(entries >= MANY, () -> entries + " entries");
                assertEquals(0, loops.loop().counters().snapshot().overflows());
            } finally {
                peers.forEach(Peer::close);
            }
        }
    }

    private static void sendPing(Peer peer) {
        try {
            peer.send("ping");
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
