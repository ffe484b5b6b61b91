package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.BufferConfig;
import io.uring.reactor.LoopCounters;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a loop has done can be read while it does it. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class CountersTest {
    @Test
    void trafficIsCounted() throws Exception {
        try (Loops loops = Loops.start(1)) {
            LoopCounters counters = loops.loop().counters();
            Listener listener = loops.listen(_ -> new Echo());
            for (int i = 0; i < 5; i++) {
                try (Peer peer = Peer.connect(listener.address())) {
                    assertEquals("ping", peer.send("ping").readText(4));
                }
            }
            Eventually.isTrue(
                    Loops.LIMIT,
                    () -> counters.snapshot().toString(),
                    () -> counters.snapshot().bytesSent() == 20);
            LoopCounters.Snapshot seen = counters.snapshot();
            assertEquals(5, seen.accepts());
            assertEquals(20, seen.bytesReceived());
            assertEquals(0, seen.failures());
            assertEquals(0, seen.staleCompletions());
            assertTrue(seen.enters() >= 10 && seen.enters() < 200, seen::toString);
            assertTrue(seen.sqes() >= 10 && seen.cqes() >= 15, seen::toString);
        }
    }

    @Test
    void failuresAreCounted() throws Exception {
        try (Loops loops = Loops.start(1)) {
            Recorder handler = new Recorder();
            Peer peer = Peer.connect(loops.serve(handler));
            handler.socket();
            peer.reset();
            assertTrue(handler.closeCause() != null);
            assertEquals(1, loops.loop().counters().snapshot().failures());
        }
    }

    @Test
    void wakesAndExhaustionAreCounted() throws Exception {
        ReactorConfig small =
                ReactorConfig.defaults().withStreamBuffers(BufferConfig.fixed(1, 1024));
        try (Loops loops = Loops.start(1, "", small)) {
            LoopCounters counters = loops.loop().counters();
            try (Peer peer = Peer.connect(loops.serve(new Echo()))) {
                byte[] block = new byte[100_000];
                var sending = Background.run(() -> peer.send(block));
                peer.read(block.length);
                Loops.get(sending);
            }
            assertTrue(counters.snapshot().exhaustions() > 0, counters.snapshot()::toString);
            long before = counters.snapshot().wakes();
            for (int i = 0; i < 10; i++) {
                loops.call(() -> true);
            }
            Eventually.isTrue(
                    Loops.LIMIT, "wakes are counted", () -> counters.snapshot().wakes() > before);
        }
    }
}
