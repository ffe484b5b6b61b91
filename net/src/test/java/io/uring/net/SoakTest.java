package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.BufferConfig;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.NothingLeft;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Connections of every kind come and go, all bytes are checked. Half a minute with every build,
 * longer with {@code -Dsoak.seconds=300}.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
@ExtendWith(NothingLeft.class)
final class SoakTest {
    private static final long SECONDS = Long.getLong("soak.seconds", 30);
    private static final int PEERS = 12;

    @Test
    void everyByteComesBackWhateverTheOthersDo() throws Exception {
        long seed = Seed.random("SoakTest").nextLong();
        // Few and small buffers, so that they run out and come back all the time.
        ReactorConfig config =
                ReactorConfig.defaults().withStreamBuffers(BufferConfig.fixed(8, 16 * 1024));
        AtomicLong bytes = new AtomicLong();
        AtomicLong connections = new AtomicLong();
        try (Loops loops = Loops.start(2, "", config)) {
            SocketAddress address = loops.listen(_ -> new Echo()).address();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            List<CompletableFuture<Boolean>> peers = new ArrayList<>();
            for (int i = 0; i < PEERS; i++) {
                Random random = new Random(seed + i);
                peers.add(
                        Background.run(() -> {
                            while (System.nanoTime() < end) {
                                bytes.addAndGet(connection(address, random));
                                connections.incrementAndGet();
                            }
                            return true;
                        }));
            }
            for (CompletableFuture<Boolean> peer : peers) {
                assertTrue(peer.get(SECONDS + 60, TimeUnit.SECONDS));
            }
        }
        System.out.printf(
                "soak: %d connections, %d bytes there and back in %d s%n",
                connections.get(), bytes.get(), SECONDS);
        assertTrue(connections.get() > PEERS, "connections came and went");
    }

    /** One connection, and how many bytes were checked. */
    private static long connection(SocketAddress address, Random random) throws Exception {
        int kind = random.nextInt(10);
        try (Peer peer =
                kind < 3 ? Peer.connectWithReceiveBuffer(address, 4096) : Peer.connect(address)) {
            if (kind == 9) { // leaves with everything on its way
                peer.send(new byte[random.nextInt(300_000)]);
                peer.reset();
                return 0;
            }
            long total = 1L + random.nextInt(kind < 3 ? 50_000 : 2_000_000);
            CompletableFuture<Long> sent =
                    Background.run(() -> {
                        long sum = peer.sendRandom(random, total);
                        peer.shutdownOutput();
                        return sum;
                    });
            long received = peer.checksum(total);
            assertEquals(Loops.get(sent), received, "checksum of " + total + " bytes");
            peer.assertEnd();
            return total;
        }
    }
}
