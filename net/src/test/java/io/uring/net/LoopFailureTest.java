package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.EventLoop;
import io.uring.reactor.ReactorConfig;
import io.uring.ring.RingException;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A ring that becomes unusable costs its own connections, which hear of it, and nothing else. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class LoopFailureTest {
    @TempDir private Path directory;

    private static Loops loops(int count) {
        return Loops.start(count, BrokenRing.MASK, ReactorConfig.defaults());
    }

    private static void assertTold(Recorder handler) {
        IOException cause = handler.closeCause();
        assertTrue(cause.getMessage().contains("the loop has failed"), cause::getMessage);
        assertInstanceOf(RingException.class, cause.getCause());
        assertEquals(1, handler.closes.get());
    }

    @Test
    void connectionsAreToldOnceAndTheirPeersReset() throws Exception {
        List<Recorder> handlers = new CopyOnWriteArrayList<>();
        List<Peer> peers = new ArrayList<>();
        Loops loops = loops(1);
        Listener listener =
                loops.listen(_ -> {
                    Recorder handler = new Echo();
                    handlers.add(handler);
                    return handler;
                });
        for (int i = 0; i < 10; i++) {
            Peer peer = Peer.connect(listener.address());
            peers.add(peer);
            assertEquals("ping", peer.send("ping").readText(4));
        }
        BrokenRing.breakRing(loops.loop());
        assertEquals(10, handlers.size());
        handlers.forEach(LoopFailureTest::assertTold);
        for (Peer peer : peers) {
            assertThrows(IOException.class, () -> peer.read(1), "a reset");
            peer.close();
        }
        assertInstanceOf(RingException.class, loops.loop().failure());
        assertFalse(loops.loop().isRunning());
        assertThrows(RejectedExecutionException.class, () -> loops.loop().execute(() -> {}));
        Loops.get(listener.close());
        loops.group().close();
    }

    @Test
    void writesInFlightAreToldOnce() throws Exception {
        Recorder handler = new Recorder();
        AtomicInteger told = new AtomicInteger();
        Loops loops = loops(1);
        try (Arena arena = Arena.ofShared();
                Peer peer = Peer.connectWithReceiveBuffer(loops.serve(handler), 4096)) {
            var bytes = arena.allocate(8_000_000);
            handler.onLoop(socket -> {
                for (int i = 0; i < 3; i++) {
                    socket.write(
                            bytes,
                            failure -> {
                                assertTrue(failure != null, "the peer cannot have it all");
                                told.incrementAndGet();
                            });
                }
            });
            peer.read(1);
            BrokenRing.breakRing(loops.loop());
            assertTold(handler);
            assertEquals(3, told.get());
        }
        loops.group().close();
    }

    @Test
    void blockedThreadWakes() throws Exception {
        CompletableFuture<IOException> told = new CompletableFuture<>();
        CompletableFuture<Boolean> reading = new CompletableFuture<>();
        Loops loops = loops(1);
        Listener listener =
                BlockingListener.serve(
                        loops.group(),
                        ListenerConfig.of(Loops.loopback()),
                        task -> Thread.startVirtualThread(task),
                        stream -> {
                            reading.complete(true);
                            told.complete(
                                    assertThrows(
                                            IOException.class,
                                            () -> stream.read(ByteBuffer.allocate(1))));
                        });
        try (Peer peer = Peer.connect(listener.address())) {
            assertTrue(Loops.get(reading));
            BrokenRing.breakRing(loops.loop());
            assertTrue(Loops.get(told).getMessage().contains("the loop has failed"));
            assertThrows(IOException.class, () -> peer.read(1));
        }
        Loops.get(listener.close());
        loops.group().close();
    }

    @Test
    void fileWhoseConnectionWentBeforeIsClosedAllTheSame() throws Exception {
        Path pipe = directory.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        Recorder handler = new Recorder();
        CompletableFuture<IOException> told = new CompletableFuture<>();
        Loops loops = loops(1);
        try (RandomAccessFile _ = new RandomAccessFile(pipe.toFile(), "rw"); // so that reads wait
                OpenFile file = OpenFile.open(pipe);
                Peer peer = Peer.connect(loops.serve(handler))) {
            handler.onLoop(socket -> socket.write(file, 0, 1, told::complete));
            handler.onLoop(socket -> socket.abort(new IOException("over")));
            assertEquals("over", Loops.get(told).getMessage());
            assertEquals("over", handler.closeCause().getMessage());
            assertThrows(IOException.class, () -> peer.read(1));
            BrokenRing.breakRing(loops.loop());
        }
        loops.group().close();
    }

    @Test
    void attemptToConnectFails() throws Exception {
        CompletableFuture<IOException> failure = new CompletableFuture<>();
        Loops loops = loops(1);
        List<SocketChannel> queue = new ArrayList<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (int i = 0; i < 4; i++) { // its backlog is full: no answer comes
                SocketChannel channel = SocketChannel.open();
                channel.configureBlocking(false);
                channel.connect(full.getLocalSocketAddress());
                queue.add(channel);
            }
            Peer.pause(50);
            Connector.connect(
                    loops.loop(),
                    full.getLocalSocketAddress(),
                    StreamConfig.defaults(),
                    0,
                    new Recorder(),
                    failure::complete);
            loops.call(() -> true);
            BrokenRing.breakRing(loops.loop());
            assertTrue(Loops.get(failure).getMessage().contains("the loop has failed"));
            for (SocketChannel channel : queue) {
                channel.close();
            }
        }
        loops.group().close();
    }

    @Test
    void otherLoopsGoOn() throws Exception {
        Loops loops = loops(3);
        Listener listener = loops.listen(_ -> new Echo());
        EventLoop broken = loops.group().loops().get(1);
        BrokenRing.breakRing(broken);
        for (int i = 0; i < 100; i++) {
            try (Peer peer = Peer.connect(listener.address())) {
                assertEquals("ping", peer.send("ping").readText(4));
            }
            assertNotSame(broken, loops.group().next());
        }
        Loops.get(listener.close());
        loops.group().close();
    }

    @Test
    void threadInsideTheDescriptorDoesNotKeepItOpen() throws Exception {
        Recorder handler = new Recorder();
        Loops loops = loops(1);
        try (Arena arena = Arena.ofShared();
                Peer peer = Peer.connect(loops.serve(handler))) {
            var bytes = arena.allocate(64);
            StreamSocket socket = handler.socket();
            CompletableFuture<Boolean> sender =
                    Background.run(() -> {
                        while (socket.isOpen()) {
                            try {
                                socket.trySend(bytes, 0, 64);
                            } catch (IOException closed) {
                                return true;
                            }
                        }
                        return true;
                    });
            peer.read(64);
            BrokenRing.breakRing(loops.loop());
            assertTrue(Loops.get(sender));
            assertTold(handler);
            assertThrows(
                    IOException.class,
                    () -> {
                        while (peer.readOnce(65536).length > 0) {}
                        throw new IOException("end");
                    });
        }
        loops.group().close();
    }
}
