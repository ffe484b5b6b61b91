package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.ChildJvm;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import io.uring.testkit.OpenDescriptors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Everything ends at once, and nothing stays. */
@Timeout(180)
@ExtendWith(NothingLeft.class)
final class StormTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** Counts what opens and closes, and echoes. */
    private static final class Counting implements StreamAcceptor {
        final AtomicInteger begun = new AtomicInteger();
        final AtomicInteger gone = new AtomicInteger();
        final AtomicInteger failed = new AtomicInteger();

        @Override
        public StreamHandler accepted(StreamSocket socket) {
            return new Echo() {
                @Override
                public void onOpen(StreamSocket opening) {
                    begun.incrementAndGet();
                }

                @Override
                public void onClose(StreamSocket closing, IOException cause) {
                    if (cause != null) {
                        failed.incrementAndGet();
                    }
                    gone.incrementAndGet();
                }
            };
        }

        void awaitClosed(int count) {
            Eventually.isTrue(
                    LIMIT,
                    () -> begun.get() + " opened, " + gone.get() + " closed",
                    () -> begun.get() == count && gone.get() == count);
        }
    }

    @Test
    void tenThousandConnectionsOfAKilledPeerEnd() throws Exception {
        Counting counting = new Counting();
        try (Loops loops = Loops.start(2)) {
            OpenDescriptors before = OpenDescriptors.now();
            Listener listener = loops.listen(counting);
            String port = Integer.toString(((InetSocketAddress) listener.address()).getPort());
            try (ChildJvm child = ChildJvm.start(List.of(), Crowd.class, port, "10000")) {
                child.awaitOutput(LIMIT, "answered 10000");
                assertEquals(10_000, counting.begun.get() - counting.gone.get());
                child.kill();
                counting.awaitClosed(10_000);
            }
            try (Peer peer = Peer.connect(listener.address())) {
                assertEquals("ping", peer.send("ping").readText(4), "the others are not harmed");
            }
            Loops.get(listener.close());
            before.awaitReturn(LIMIT);
        }
    }

    /** Many connections that wait until they are killed. */
    static final class Crowd {
        public static void main(String[] arguments) throws Exception {
            SocketAddress server =
                    new InetSocketAddress(
                            InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
            List<SocketChannel> channels = new ArrayList<>();
            int count = Integer.parseInt(arguments[1]);
            for (int i = 0; i < count; i++) {
                SocketChannel channel = SocketChannel.open(server);
                channel.write(ByteBuffer.wrap(new byte[] {1}));
                channels.add(channel);
            }
            for (SocketChannel channel : channels) {
                channel.read(ByteBuffer.allocate(1));
            }
            System.out.println("answered " + count);
            new CountDownLatch(1).await();
        }
    }

    @Test
    void resetStormLeavesNothing() throws Exception {
        int rounds = 20;
        int perRound = 200;
        Counting counting = new Counting();
        try (Loops loops = Loops.start(2)) {
            Listener listener = loops.listen(counting);
            for (int round = 1; round <= rounds; round++) {
                List<Peer> peers = new ArrayList<>();
                for (int i = 0; i < perRound; i++) {
                    // Answers are on their way when the reset comes.
                    peers.add(Peer.connect(listener.address()).send(new byte[20_000]));
                }
                for (Peer peer : peers) {
                    peer.reset();
                }
                counting.awaitClosed(round * perRound);
            }
            assertTrue(counting.failed.get() > 0, "resets are told");
        }
    }

    @Test
    void closeRacesEveryOtherCall() throws Exception {
        Random random = Seed.random("StormTest");
        try (Loops loops = Loops.start(2);
                Arena arena = Arena.ofShared()) {
            MemorySegment bytes = arena.allocate(10_000);
            for (int i = 0; i < 300; i++) {
                Recorder handler = new Recorder();
                Listener listener = loops.listen(_ -> handler);
                try (Peer peer = Peer.connect(listener.address())) {
                    peer.send(new byte[1000]);
                    race(handler, bytes, random.nextLong());
                    Loops.get(handler.closed);
                    assertEquals(1, handler.closes.get());
                }
                Loops.get(listener.close());
            }
        }
    }

    /** Some threads do everything to a connection until one of them, or of its calls, ends it. */
    private static void race(Recorder handler, MemorySegment bytes, long seed) {
        StreamSocket socket = handler.socket();
        AtomicBoolean ending = new AtomicBoolean();
        List<CompletableFuture<Boolean>> threads = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            Random random = new Random(seed + thread);
            threads.add(
                    Background.run(() -> {
                        while (socket.isOpen()) {
                            step(socket, bytes, random.nextInt(100), ending);
                        }
                        return true;
                    }));
        }
        threads.forEach(Loops::get);
    }

    private static void step(
            StreamSocket socket, MemorySegment bytes, int choice, AtomicBoolean ending) {
        switch (choice) {
            case 0 -> socket.reactor().execute(socket::close);
            case 1 -> socket.reactor().execute(() -> socket.abort(new IOException("race")));
            case 2 -> socket.reactor().execute(socket::shutdownOutput);
            case 3 -> socket.reactor().execute(socket::pauseReading);
            case 4, 5 -> socket.reactor().execute(socket::resumeReading);
            case 6 -> socket.remoteAddress();
            case 7 -> socket.localAddress();
            case 8, 9 ->
                    socket.reactor()
                            .execute(() -> {
                                if (!ending.get() && socket.queuedBytes() < 100_000) {
                                    socket.write(bytes, _ -> {});
                                }
                            });
            default -> trySend(socket, bytes);
        }
    }

    private static void trySend(StreamSocket socket, MemorySegment bytes) {
        try {
            assertTrue(socket.trySend(bytes, 0, 100) >= 0);
        } catch (IOException e) {
            assertTrue(e.getMessage() == null || !e.getMessage().isEmpty(), "closed or broken");
        }
    }
}
