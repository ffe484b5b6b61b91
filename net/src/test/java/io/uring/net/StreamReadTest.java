package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.BufferConfig;
import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReactorConfig;
import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.EventFd;
import io.uring.ring.OperationLimitException;
import io.uring.ring.Sqe;
import io.uring.testkit.Behaviour;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pausing, back-pressure, and slow applications beside quick ones. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class StreamReadTest {
    private static final int MIB = 1 << 20;

    /** Keeps the buffers until the test releases them, on another thread. */
    private static final class Hoarder extends Recorder {
        final Queue<ReceivedBuffer> hoard = new ConcurrentLinkedQueue<>();
        volatile boolean hoarding = true;

        @Override
        public void onData(StreamSocket socket, ReceivedBuffer data) {
            keep(data);
            if (hoarding) {
                hoard.add(data);
            } else {
                data.release();
            }
        }

        void releaseAll() {
            hoarding = false;
            for (ReceivedBuffer data = hoard.poll(); data != null; data = hoard.poll()) {
                data.release();
            }
        }
    }

    @Test
    void pauseAndResumeLoseNothingAndKeepTheOrder() throws Exception {
        Random random = Seed.random("StreamReadTest.pause");
        byte[] all = new byte[2 * MIB];
        random.nextBytes(all);
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            StreamSocket socket = server.socket();
            CompletableFuture<Peer> sent = Background.run(() -> peer.send(all).shutdownOutput());
            while (!server.ended.isDone()) {
                server.onLoop(StreamSocket::pauseReading);
                if (random.nextInt(4) == 0) {
                    Peer.pause(1);
                }
                server.onLoop(StreamSocket::resumeReading);
            }
            Loops.get(sent);
            assertArrayEquals(all, server.bytes(), "all data before the end");
            assertEquals(1, server.ends.get());
            assertNull(server.closeCause());
            assertEquals(false, socket.isOpen());
        }
    }

    @Test
    void pausedConnectionDeliversNothing() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(StreamSocket::pauseReading);
            peer.send("data").shutdownOutput();
            Peer.pause(100);
            assertEquals(0, server.received.get());
            assertEquals(0, server.ends.get());
            server.onLoop(StreamSocket::resumeReading);
            Loops.get(server.ended);
            assertEquals(4, server.received.get());
            server.closeCause();
        }
    }

    @Test
    void pausingInsideACallbackHoldsTheRestBack() throws Exception {
        AtomicBoolean paused = new AtomicBoolean();
        Recorder server =
                new Recorder() {
                    @Override
                    public void onData(StreamSocket socket, ReceivedBuffer data) {
                        assertEquals(false, paused.get(), "paused, and called");
                        super.onData(socket, data);
                        paused.set(true);
                        socket.pauseReading();
                    }
                };
        ReactorConfig small =
                ReactorConfig.defaults().withStreamBuffers(BufferConfig.fixed(8, 1024));
        try (Loops loops = Loops.start(1, "", small);
                Peer peer = Peer.connect(loops.serve(server))) {
            peer.send(new byte[20_000]).shutdownOutput();
            while (!server.ended.isDone()) {
                server.onLoop(socket -> {
                    paused.set(false);
                    socket.resumeReading();
                });
            }
            assertEquals(20_000, server.received.get());
            server.closeCause();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "pbuf_ring", "pbuf_ring_inc", "multishot_recv", "send_msg_ring"})
    void heldBuffersStallTheSenderUntilAnotherThreadReleasesThem(String mask) throws Exception {
        Hoarder server = new Hoarder();
        StreamConfig config =
                StreamConfig.defaults()
                        .withReadAheadBytes(64 * 1024)
                        .withSocket(SocketOptions.defaults().withBuffers(0, 64 * 1024));
        try (Loops loops = Loops.start(1, mask, ReactorConfig.defaults());
                Peer peer = Peer.connect(loops.serve(config, server))) {
            long sent = peer.sendUntilStalled(new byte[64 * 1024], 300, 64L * MIB);
            assertTrue(sent < 32L * MIB, () -> sent + " bytes were taken without a reader");
            long held = server.received.get();
            // A burst that is under way when the bound is passed fills the loop's buffers at most.
            assertTrue(held < 5L * MIB, () -> held + " bytes held beyond the bound");
            server.releaseAll(); // the loop sleeps
            peer.shutdownOutput();
            Loops.get(server.ended);
            assertEquals(sent, server.received.get());
            server.closeCause();
        }
    }

    @Test
    void buffersBecomeMoreBeforeTheyRunOutAndFewerAgain() throws Exception {
        Hoarder server = new Hoarder();
        BufferConfig buffers = BufferConfig.of(4, 64, 4096).withShrinkNanos(1_000_000);
        ReactorConfig reactor = ReactorConfig.defaults().withStreamBuffers(buffers);
        StreamConfig config = StreamConfig.defaults().withReadAheadBytes(MIB);
        try (Loops loops = Loops.start(1, "", reactor);
                Peer peer = Peer.connect(loops.serve(config, server))) {
            for (int bytes = 4096; bytes <= 40 * 4096; bytes += 4096) {
                peer.send(new byte[4096]);
                long all = bytes; // one after the other, so that the loop has its turn in between
                Eventually.isTrue(Loops.LIMIT, "came", () -> server.received.get() == all);
            }
            int many = loops.call(() -> loops.loop().reactor().buffers().sharedBuffers());
            assertEquals(64, many);
            assertEquals(0, loops.call(() -> loops.loop().reactor().buffers().chunksInUse()));
            server.releaseAll();
            while (loops.call(() -> loops.loop().reactor().buffers().sharedBuffers()) > 4) {
                peer.send(new byte[4096]); // buffers go when they come back from the kernel
                server.releaseAll();
            }
            peer.shutdownOutput();
            server.releaseAll();
            server.closeCause();
        }
    }

    /** Waits until it is cancelled, and fills the loop's queues with its like. */
    private static final class Wait extends Operation {
        private final EventFd event;

        Wait(EventFd event) {
            this.event = event;
        }

        @Override
        protected void prepare(Sqe sqe) {
            event.prepareRead(sqe);
        }

        @Override
        protected void complete(int result, int flags) {}
    }

    @Test
    void buffersThatABusyLoopCannotGiveToTheSystemAreUsedOn() throws Exception {
        Hoarder server = new Hoarder();
        BufferConfig buffers = BufferConfig.of(4, 64, 4096).withShrinkNanos(1_000_000);
        ReactorConfig config =
                ReactorConfig.defaults().withStreamBuffers(buffers).withMaxOperations(16);
        StreamConfig stream = StreamConfig.defaults().withReadAheadBytes(MIB);
        List<Wait> waits = new ArrayList<>();
        try (Loops loops = Loops.start(1, "", config);
                EventFd event = EventFd.open(loops.loop().reactor().ring());
                Peer peer = Peer.connect(loops.serve(stream, server))) {
            Reactor reactor = loops.loop().reactor();
            for (int bytes = 4096; bytes <= 40 * 4096; bytes += 4096) {
                peer.send(new byte[4096]);
                long all = bytes;
                Eventually.isTrue(Loops.LIMIT, "came", () -> server.received.get() == all);
            }
            Loops.run(
                    reactor,
                    () ->
                            assertThrows(
                                    OperationLimitException.class,
                                    () -> {
                                        while (true) {
                                            Wait wait = new Wait(event);
                                            reactor.submit(wait);
                                            waits.add(wait);
                                        }
                                    }));
            for (int i = 0; i < 200; i++) { // far longer than it takes to want to shrink
                Loops.run(reactor, server::releaseAll);
                peer.send(new byte[4096]);
                long all = (41 + i) * 4096L;
                Eventually.isTrue(Loops.LIMIT, "came", () -> server.received.get() == all);
            }
            assertEquals(64, loops.call(() -> reactor.buffers().sharedBuffers()));
            Loops.run(reactor, () -> waits.forEach(reactor::cancel));
            while (loops.call(() -> reactor.buffers().sharedBuffers()) > 4) {
                Loops.run(reactor, server::releaseAll);
                peer.send(new byte[4096]);
            }
            peer.shutdownOutput();
            Eventually.isTrue(Loops.LIMIT, "closed", () -> isClosed(server));
        }
    }

    private static boolean isClosed(Hoarder server) {
        server.releaseAll();
        return server.closed.isDone();
    }

    @Test
    void closingAStalledConnectionEndsIt() throws Exception {
        Hoarder server = new Hoarder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            peer.sendUntilStalled(new byte[64 * 1024], 50, 64L * MIB);
            server.onLoop(StreamSocket::close);
            assertNull(server.closeCause());
            server.releaseAll(); // after the end
        }
    }

    @Test
    @Behaviour({"BUF-05", "BUF-20"})
    void slowConsumersDoNotStopTheOthers() throws Exception {
        List<Hoarder> slow = new ArrayList<>();
        List<Peer> peers = new ArrayList<>();
        ReactorConfig small =
                ReactorConfig.defaults().withStreamBuffers(BufferConfig.fixed(4, 4096));
        try (Loops loops = Loops.start(1, "", small)) {
            Listener hoarding =
                    loops.listen(_ -> {
                        Hoarder hoarder = new Hoarder();
                        slow.add(hoarder);
                        return hoarder;
                    });
            for (int i = 0; i < 16; i++) {
                peers.add(Peer.connect(hoarding.address()).send(new byte[8192]));
            }
            Eventually.isTrue(
                    Loops.LIMIT,
                    "the shared buffers are exhausted",
                    () -> loops.call(() -> loops.loop().reactor().buffers().isExhausted()));
            Random random = Seed.random("StreamReadTest.slow");
            try (Peer quick = Peer.connect(loops.serve(new Echo()))) {
                CompletableFuture<Long> sum =
                        Background.run(() -> quick.sendRandom(random, 2 * MIB));
                assertEquals(quick.checksum(2 * MIB), Loops.get(sum));
            }
            peers.forEach(Peer::close);
            List<Hoarder> all = loops.call(() -> List.copyOf(slow));
            Eventually.isTrue(
                    Loops.LIMIT,
                    "all came",
                    () -> {
                        all.forEach(Hoarder::releaseAll);
                        return all.stream().allMatch(h -> h.received.get() == 8192);
                    });
            all.forEach(Recorder::closeCause);
        }
    }

    @Test
    @Behaviour("MSH-08")
    void floodingConnectionDoesNotStarveTheOthers() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        List<Peer> peers = new ArrayList<>();
        try (Loops loops = Loops.start(1);
                Peer flood = Peer.connect(loops.serve((_, data) -> data.release()))) {
            Listener echo = loops.listen(_ -> new Echo());
            CompletableFuture<Boolean> flooding =
                    Background.run(() -> {
                        byte[] block = new byte[64 * 1024];
                        while (!stop.get()) {
                            flood.send(block);
                        }
                        return true;
                    });
            for (int i = 0; i < 50; i++) {
                peers.add(Peer.connect(echo.address()));
            }
            long worst = 0;
            for (int round = 0; round < 20; round++) {
                for (Peer peer : peers) {
                    long start = System.nanoTime();
                    peer.send("ping").read(4);
                    worst = Math.max(worst, System.nanoTime() - start);
                }
            }
            stop.set(true);
            Loops.get(flooding);
            peers.forEach(Peer::close);
            long worstMillis = worst / 1_000_000;
            assertTrue(worstMillis < 1000, () -> "a ping took " + worstMillis + " ms");
        }
    }
}
