package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.ReceivedBuffer;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Graceful ends, and starting again on the same address. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class ListenerStopTest {
    private static final Duration LONG = Duration.ofMinutes(10);

    @TempDir Path directory;

    /** Echoes; says goodbye and closes when it is told to stop. */
    private static final class Polite extends Echo {
        final AtomicInteger stops = new AtomicInteger();

        @Override
        public void onStop(StreamSocket socket) {
            stops.incrementAndGet();
            socket.write(ByteBuffer.wrap("bye".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
            socket.close();
        }
    }

    private ListenerConfig config(String kind) {
        return ListenerConfig.of(
                kind.equals("unix")
                        ? UnixDomainSocketAddress.of(directory.resolve("socket"))
                        : Loops.loopback());
    }

    private static void echo(Peer peer) throws IOException {
        assertEquals("ping", peer.send("ping").readText(4));
    }

    @ParameterizedTest
    @CsvSource({"1, tcp", "2, tcp", "1, unix", "2, unix"})
    void openConnectionsAreToldAndEndByThemselves(int count, String kind) throws Exception {
        Queue<Polite> handlers = new ConcurrentLinkedQueue<>();
        try (Loops loops = Loops.start(count)) {
            Listener listener =
                    loops.listen(
                            config(kind),
                            _ -> {
                                Polite handler = new Polite();
                                handlers.add(handler);
                                return handler;
                            });
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                Peer peer = Peer.connect(listener.address());
                echo(peer);
                peers.add(peer);
            }
            assertEquals(0, Loops.get(listener.stop(LONG)));
            for (Peer peer : peers) {
                assertEquals("bye", peer.readText(3));
                peer.assertEnd();
                peer.close();
            }
            for (Polite handler : handlers) {
                assertEquals(1, handler.stops.get());
                assertNull(handler.closeCause());
            }
            assertThrows(IOException.class, () -> Peer.connect(listener.address()).close());
            assertFalse(Files.exists(directory.resolve("socket")));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void whatIsLeftAtTheDeadlineIsCutAndCounted(int count) throws Exception {
        Queue<Recorder> handlers = new ConcurrentLinkedQueue<>();
        try (Loops loops = Loops.start(count)) {
            Listener listener =
                    loops.listen(_ -> {
                        Recorder handler = handlers.isEmpty() ? new Polite() : new Echo();
                        handlers.add(handler);
                        return handler;
                    });
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                Peer peer = Peer.connect(listener.address());
                echo(peer);
                peers.add(peer);
            }
            assertEquals(4, Loops.get(listener.stop(Duration.ofMillis(50))));
            Recorder polite = handlers.remove();
            assertNull(polite.closeCause());
            for (Recorder cut : handlers) {
                assertTrue(cut.closeCause().getMessage().contains("listener was stopped"));
            }
            peers.getFirst().readText(3);
            for (Peer peer : peers.subList(1, 5)) {
                assertThrows(IOException.class, () -> peer.read(1), "a reset");
            }
            peers.forEach(Peer::close);
        }
    }

    @Test
    void connectionInTheMiddleOfSomethingFinishes() throws Exception {
        Echo handler = new Echo();
        try (Loops loops = Loops.start(1)) {
            Listener listener = loops.listen(_ -> handler);
            try (Peer peer = Peer.connect(listener.address())) {
                echo(peer);
                CompletableFuture<Integer> stopped = listener.stop(LONG);
                Loops.get(listener.close());
                echo(peer);
                assertFalse(stopped.isDone());
                peer.close();
                assertEquals(0, Loops.get(stopped));
            }
        }
    }

    @Test
    void onlyTheListenersOwnConnectionsAreTold() throws Exception {
        Polite own = new Polite();
        Polite others = new Polite();
        try (Loops loops = Loops.start(1)) {
            Listener listener = loops.listen(_ -> own);
            Listener other = loops.listen(_ -> others);
            try (Peer peer = Peer.connect(listener.address());
                    Peer stays = Peer.connect(other.address())) {
                echo(peer);
                echo(stays);
                Loops.get(listener.stop(LONG));
                echo(stays);
                assertEquals(1, own.stops.get());
                assertEquals(0, others.stops.get());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, tcp", "2, tcp", "1, unix", "2, unix"})
    void backlogIsServedBeforeTheListenerEnds(int count, String kind) throws Exception {
        try (Loops loops = Loops.start(count)) {
            Listener listener = loops.listen(config(kind).withPaused(true), _ -> new Polite());
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                peers.add(Peer.connect(listener.address()));
            }
            assertEquals(0, Loops.get(listener.stop(LONG)));
            for (Peer peer : peers) {
                assertEquals("bye", peer.readText(3));
                peer.assertEnd();
                peer.close();
            }
        }
    }

    @Test
    void handlerThatFailsWhenToldIsAborted() throws Exception {
        IllegalStateException failure = new IllegalStateException("in a test");
        Recorder handler =
                new Echo() {
                    @Override
                    public void onStop(StreamSocket socket) {
                        throw failure;
                    }
                };
        try (Loops loops = Loops.start(1)) {
            Listener listener = loops.listen(_ -> handler);
            try (Peer peer = Peer.connect(listener.address())) {
                echo(peer);
                assertEquals(0, Loops.get(listener.stop(LONG)));
                assertEquals(failure, handler.closeCause().getCause());
            }
        }
    }

    @Test
    void stoppingTwiceAndAfterTheLoopsEndCompletes() throws Exception {
        Loops loops = Loops.start(2);
        Listener listener = loops.listen(_ -> new Polite());
        try (Peer peer = Peer.connect(listener.address())) {
            echo(peer);
            CompletableFuture<Integer> first = listener.stop(LONG);
            assertEquals(0, Loops.get(listener.stop(LONG)));
            assertEquals(0, Loops.get(first));
        }
        loops.close();
        assertEquals(0, Loops.get(listener.stop(LONG)));
    }

    @Test
    void loopsThatCloseMeanwhileCompleteTheStop() throws Exception {
        Loops loops = Loops.start(2);
        Listener listener = loops.listen(_ -> new Echo());
        try (Peer peer = Peer.connect(listener.address())) {
            echo(peer);
            CompletableFuture<Integer> stopped = listener.stop(LONG);
            Loops.get(listener.close());
            loops.closeLoops();
            Loops.get(stopped);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, tcp", "2, tcp", "1, unix", "2, unix"})
    void groupEndsGracefullyWithItsListenersAndConnections(int count, String kind)
            throws Exception {
        Loops loops = Loops.start(count);
        Listener listener = loops.listen(config(kind), _ -> new Polite());
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Peer peer = Peer.connect(listener.address());
            echo(peer);
            peers.add(peer);
        }
        assertEquals(0, Loops.get(loops.group().stop(LONG)));
        for (Peer peer : peers) {
            assertEquals("bye", peer.readText(3));
            peer.assertEnd();
            peer.close();
        }
        loops.closeLoops();
    }

    @Test
    void groupCutsWhatIsLeftAtTheDeadline() throws Exception {
        Loops loops = Loops.start(2);
        Listener listener = loops.listen(_ -> new Echo());
        try (Peer peer = Peer.connect(listener.address());
                Peer other = Peer.connect(listener.address())) {
            echo(peer);
            echo(other);
            assertEquals(2, Loops.get(loops.group().stop(Duration.ofMillis(50))));
            assertThrows(IOException.class, () -> peer.read(1));
            loops.closeLoops();
        }
    }

    @Test
    void blockingStreamsSeeThatTheServerStops() throws Exception {
        CompletableFuture<BlockingStream> serving = new CompletableFuture<>();
        CompletableFuture<Boolean> goOn = new CompletableFuture<>();
        try (Loops loops = Loops.start(1)) {
            Listener listener =
                    BlockingListener.serve(
                            loops.group(),
                            ListenerConfig.of(Loops.loopback()),
                            Thread::startVirtualThread,
                            stream -> {
                                serving.complete(stream);
                                goOn.join();
                            });
            try (Peer peer = Peer.connect(listener.address())) {
                BlockingStream stream = Loops.get(serving);
                assertFalse(stream.isStopping());
                CompletableFuture<Integer> stopped = listener.stop(LONG);
                Eventually.isTrue(Loops.LIMIT, "it is told", stream::isStopping);
                goOn.complete(true);
                assertEquals(0, Loops.get(stopped));
                peer.assertEnd();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, tcp, 1", "1, tcp, 2", "2, tcp, 1", "2, tcp, 2", "1, unix, 2", "2, unix, 1"})
    void nextListenerHasTheAddressWhileOldConnectionsAreOpen(int before, String kind, int after)
            throws Exception {
        try (Loops old = Loops.start(before);
                Loops loops = Loops.start(after)) {
            Listener first = old.listen(config(kind), _ -> new Echo());
            SocketAddress address = first.address();
            try (Peer peer = Peer.connect(address);
                    Peer timeWait = Peer.connect(address)) {
                echo(peer);
                echo(timeWait);
                CompletableFuture<Integer> stopped = first.stop(LONG);
                Loops.get(first.close());
                loops.listen(ListenerConfig.of(address), _ -> new Echo());
                try (Peer next = Peer.connect(address)) {
                    echo(next);
                    echo(peer);
                }
                assertFalse(stopped.isDone());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, tcp", "2, tcp", "1, unix", "2, unix"})
    void manyRestartsOnOneAddressLoseNoPolitePeer(int count, String kind) throws Exception {
        try (Loops loops = Loops.start(count)) {
            Listener listener = loops.listen(config(kind), _ -> new Polite());
            ListenerConfig same = ListenerConfig.of(listener.address());
            for (int i = 0; i < 20; i++) {
                Peer peer = Peer.connect(same.address());
                CompletableFuture<Integer> stopped = listener.stop(LONG);
                assertEquals("bye", peer.readText(3));
                Loops.get(listener.close());
                listener = loops.listen(same, _ -> new Polite());
                peer.close(); // the server closed first: its side is in TIME_WAIT
                assertEquals(0, Loops.get(stopped));
            }
        }
    }

    @Test
    void slowPeerGetsTheLastBytesWithinTheGrace() throws Exception {
        byte[] all = new byte[8 << 20];
        new java.util.Random(1).nextBytes(all);
        Recorder handler =
                new Recorder() {
                    @Override
                    public void onData(StreamSocket socket, ReceivedBuffer data) {
                        data.release();
                        socket.write(ByteBuffer.wrap(all));
                    }

                    @Override
                    public void onStop(StreamSocket socket) {
                        socket.close();
                    }
                };
        try (Loops loops = Loops.start(1)) {
            Listener listener = loops.listen(_ -> handler);
            try (Peer peer = Peer.connect(listener.address())) {
                peer.send("x").read(1);
                CompletableFuture<Integer> stopped = listener.stop(LONG);
                assertEquals(all.length - 1, peer.readToEnd().length);
                assertEquals(0, stopped.get(Loops.LIMIT.toSeconds(), TimeUnit.SECONDS));
                assertNotNull(handler.closed);
            }
        }
    }
}
