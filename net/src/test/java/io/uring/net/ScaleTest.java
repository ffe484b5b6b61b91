package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import io.uring.testkit.OpenDescriptors;
import io.uring.testkit.ProcessCpu;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Many connections, one after the other and at once. */
@Timeout(120)
@ExtendWith(NothingLeft.class)
final class ScaleTest {
    private static final int CHURN = 200_000;
    private static final int THREADS = 4;

    @Test
    void churnOfConnectionsLeaksNothing() throws Exception {
        AtomicInteger begun = new AtomicInteger();
        AtomicInteger gone = new AtomicInteger();
        try (Loops loops = Loops.start(2)) {
            Listener listener =
                    loops.listen(
                            ListenerConfig.of(new InetSocketAddress("0.0.0.0", 0)),
                            _ ->
                                    new Echo() {
                                        @Override
                                        public void onOpen(StreamSocket socket) {
                                            begun.incrementAndGet();
                                        }

                                        @Override
                                        public void onClose(
                                                StreamSocket socket, java.io.IOException cause) {
                                            gone.incrementAndGet();
                                        }
                                    });
            int port = ((InetSocketAddress) listener.address()).getPort();
            OpenDescriptors before = OpenDescriptors.now();
            List<CompletableFuture<Boolean>> threads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int thread = i;
                threads.add(Background.run(() -> churn(thread, port)));
            }
            for (CompletableFuture<Boolean> thread : threads) {
                thread.get(90, java.util.concurrent.TimeUnit.SECONDS);
            }
            Eventually.isTrue(
                    Loops.LIMIT,
                    () -> begun.get() + " opened, " + gone.get() + " closed",
                    () -> begun.get() == CHURN && gone.get() == CHURN);
            before.awaitReturn(Loops.LIMIT);
        }
    }

    /** Ends its connections in every way: at once, after an answer, with FIN and with RST. */
    private static boolean churn(int thread, int port) throws Exception {
        byte[] message = new byte[100];
        for (int i = 0; i < CHURN / THREADS; i++) {
            // Many addresses, since each keeps its ports for a while after the close.
            String host = "127.0.0." + (1 + (i + thread) % 16);
            Peer peer = Peer.connect(new InetSocketAddress(host, port));
            if (i % 4 > 0) {
                peer.send(message);
            }
            if (i % 4 > 1) {
                peer.read(message.length);
            }
            if (i % 3 == 0) {
                peer.reset();
            } else {
                peer.close();
            }
        }
        return true;
    }

    @Test
    void fiveThousandConnectionsAreOpenAtOnce() throws Exception {
        List<Peer> peers = new ArrayList<>();
        try (Loops loops = Loops.start(2)) {
            Listener listener = loops.listen(_ -> new Echo());
            for (int i = 0; i < 5000; i++) {
                peers.add(Peer.connect(listener.address()));
            }
            for (int round = 0; round < 2; round++) {
                for (Peer peer : peers) {
                    peer.send("ping");
                }
                for (Peer peer : peers) {
                    assertEquals("ping", peer.readText(4));
                }
            }
            peers.forEach(Peer::close);
        }
    }

    @Test
    void aThousandIdleConnectionsCostNoCpuAndHoldNoMemory() throws Exception {
        List<Peer> peers = new ArrayList<>();
        StreamConfig config =
                StreamConfig.defaults()
                        .withIdleNanos(java.util.concurrent.TimeUnit.MINUTES.toNanos(5));
        try (Loops loops = Loops.start(2, "", ReactorConfig.defaults())) {
            Listener listener = loops.listen(config, _ -> new Echo());
            for (int i = 0; i < 1000; i++) {
                peers.add(Peer.connect(listener.address()).send("ping"));
            }
            for (Peer peer : peers) {
                assertEquals("ping", peer.readText(4));
            }
            Peer.pause(500);
            ProcessCpu before = ProcessCpu.ofThreads("uring-loop");
            Peer.pause(5000);
            long cpu = ProcessCpu.ofThreads("uring-loop").minus(before).totalNanos();
            assertTrue(cpu <= 20_000_000, () -> cpu + " ns of CPU in 5 s");
            for (var loop : loops.group().loops()) {
                assertEquals(
                        0,
                        Loops.call(
                                loop.reactor(),
                                () ->
                                        loop.reactor().buffers().outstanding()
                                                + loop.reactor().buffers().chunksInUse()));
            }
            peers.forEach(Peer::close);
        }
    }
}
