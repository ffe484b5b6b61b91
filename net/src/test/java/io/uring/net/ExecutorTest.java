package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.BufferConfig;
import io.uring.reactor.ReactorConfig;
import io.uring.reactor.ReceivedBuffer;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Handlers that run on an executor instead of the loop. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class ExecutorTest {
    private static final int MIB = 1 << 20;

    private final ExecutorService pool = Executors.newFixedThreadPool(4);
    private final ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void closeExecutors() {
        pool.close();
        virtual.close();
    }

    private Executor executor(String kind) {
        return switch (kind) {
            case "pool" -> pool;
            case "virtual" -> virtual;
            default -> Runnable::run;
        };
    }

    private static SocketAddress serve(Loops loops, Executor executor, StreamHandler handler)
            throws IOException {
        return serve(loops, executor, StreamConfig.defaults(), handler);
    }

    private static SocketAddress serve(
            Loops loops, Executor executor, StreamConfig stream, StreamHandler handler)
            throws IOException {
        ListenerConfig config = ListenerConfig.of(Loops.loopback()).withStream(stream);
        return loops.listen(config.withExecutor(executor), _ -> handler).address();
    }

    /** An echo that notices two callbacks at the same time, and callbacks on the loop. */
    private static final class Strict extends Echo {
        private final AtomicInteger inside = new AtomicInteger();
        final AtomicInteger together = new AtomicInteger();
        final AtomicInteger onLoop = new AtomicInteger();

        private void enter(StreamSocket socket) {
            if (inside.getAndIncrement() != 0) {
                together.incrementAndGet();
            }
            if (socket.reactor().inLoop()) {
                onLoop.incrementAndGet();
            }
        }

        private void exit() {
            inside.decrementAndGet();
        }

        @Override
        public void onOpen(StreamSocket socket) {
            enter(socket);
            super.onOpen(socket);
            exit();
        }

        @Override
        public void onData(StreamSocket socket, ReceivedBuffer data) {
            enter(socket);
            super.onData(socket, data);
            exit();
        }

        @Override
        public void onWritable(StreamSocket socket) {
            enter(socket);
            super.onWritable(socket);
            exit();
        }

        @Override
        public void onDrained(StreamSocket socket) {
            enter(socket);
            super.onDrained(socket);
            exit();
        }

        @Override
        public void onClose(StreamSocket socket, IOException cause) {
            enter(socket);
            super.onClose(socket, cause);
            exit();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pool", "virtual"})
    void callbacksStayInOrderAndNeverRunTogether(String kind) throws Exception {
        Random random = Seed.random("ExecutorTest.order." + kind);
        Strict server = new Strict();
        try (Loops loops = Loops.start(1)) {
            try (Peer peer = Peer.connect(serve(loops, executor(kind), server))) {
                CompletableFuture<Long> sent =
                        Background.run(() -> peer.sendRandom(random, 16 * MIB));
                assertEquals(peer.checksum(16 * MIB), Loops.get(sent));
                peer.shutdownOutput().assertEnd();
            }
            assertNull(server.closeCause());
            assertEquals(0, server.together.get(), "callbacks at the same time");
            assertEquals(0, server.onLoop.get(), "callbacks on the loop");
            assertEquals(1, server.closes.get());
        }
    }

    @Test
    void executorThatRunsOnTheLoopWorksToo() throws Exception {
        Random random = Seed.random("ExecutorTest.direct");
        Echo server = new Echo();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(serve(loops, executor("direct"), server))) {
            CompletableFuture<Long> sent = Background.run(() -> peer.sendRandom(random, 4 * MIB));
            assertEquals(peer.checksum(4 * MIB), Loops.get(sent));
        }
    }

    @Test
    void manyConnectionsShareAPoolAndLoops() throws Exception {
        Random random = Seed.random("ExecutorTest.many");
        List<Strict> servers = java.util.Collections.synchronizedList(new ArrayList<>());
        try (Loops loops = Loops.start(2)) {
            ListenerConfig config =
                    ListenerConfig.of(Loops.loopback()).withOneSocket(true).withExecutor(pool);
            Listener listener =
                    loops.listen(
                            config,
                            _ -> {
                                Strict server = new Strict();
                                servers.add(server);
                                return server;
                            });
            List<Peer> peers = new ArrayList<>();
            List<CompletableFuture<Long>> sums = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Peer peer = Peer.connect(listener.address());
                peers.add(peer);
                Random own = new Random(random.nextLong());
                sums.add(Background.run(() -> peer.sendRandom(own, MIB)));
            }
            for (int i = 0; i < peers.size(); i++) {
                assertEquals(peers.get(i).checksum(MIB), Loops.get(sums.get(i)));
            }
            peers.forEach(Peer::close);
            for (Strict server : servers) {
                server.closeCause();
                assertEquals(0, server.together.get());
            }
        }
    }

    @Test
    void handlerThatBlocksStopsReceivingAndNothingElse() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        Recorder slow =
                new Recorder() {
                    @Override
                    public void onData(StreamSocket socket, ReceivedBuffer data) {
                        try {
                            goOn.await();
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                        super.onData(socket, data);
                    }
                };
        byte[] block = new byte[64 * 1024];
        int atMost = 256 * MIB;
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(serve(loops, virtual, slow));
                Peer other = Peer.connect(serve(loops, virtual, new Echo()))) {
            long sent = peer.sendUntilStalled(block, 300, atMost);
            assertTrue(sent < atMost, "the peer has to wait: " + sent);
            assertEquals(0, slow.received.get());
            assertEquals("ping", other.send("ping").readText(4));
            goOn.countDown();
            Eventually.isTrue(
                    Loops.LIMIT,
                    () -> slow.received.get() + " of " + sent,
                    () -> slow.received.get() == sent);
        }
    }

    @Test
    void writerBeyondTheMarkIsToldWhenThereIsRoom() throws Exception {
        byte[] block = new byte[48 * 1024];
        int blocks = 200;
        Recorder server =
                new Recorder() {
                    private int left = blocks;

                    @Override
                    public void onOpen(StreamSocket socket) {
                        onWritable(socket);
                    }

                    @Override
                    public void onWritable(StreamSocket socket) {
                        super.onWritable(socket);
                        boolean room = true;
                        while (room && left > 0) {
                            left--;
                            room = socket.write(ByteBuffer.wrap(block));
                        }
                        if (left == 0) {
                            socket.close();
                        }
                    }
                };
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(serve(loops, pool, server))) {
            assertEquals(blocks * block.length, peer.readToEnd().length);
            assertNull(server.closeCause());
            assertTrue(server.writables.get() > 1, "it had to wait");
        }
    }

    @Test
    void whatWasWrittenBeforeCloseArrives() throws Exception {
        byte[] all = new byte[3 * MIB];
        new Random(1).nextBytes(all);
        Recorder server =
                new Recorder() {
                    @Override
                    public void onOpen(StreamSocket socket) {
                        socket.write(ByteBuffer.wrap(all));
                        socket.close();
                        assertFalse(socket.write(ByteBuffer.wrap(all)), "closed");
                    }
                };
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(serve(loops, pool, server))) {
            assertArrayEquals(all, peer.readToEnd());
            assertNull(server.closeCause());
        }
    }

    @Test
    void memoryOfTheCallersIsToldOnTheExecutorInEveryCase() throws Exception {
        CompletableFuture<Boolean> sent = new CompletableFuture<>();
        CompletableFuture<IOException> refused = new CompletableFuture<>();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1)) {
            MemorySegment data = arena.allocateFrom("answer", StandardCharsets.US_ASCII);
            Recorder server =
                    new Recorder() {
                        @Override
                        public void onOpen(StreamSocket socket) {
                            socket.write(
                                    data,
                                    failure ->
                                            sent.complete(
                                                    failure == null && !socket.reactor().inLoop()));
                            socket.close();
                            socket.write(data, refused::complete);
                        }
                    };
            try (Peer peer = Peer.connect(serve(loops, pool, server))) {
                assertEquals("answer\0", peer.readText(7));
                assertTrue(Loops.get(sent));
                assertTrue(Loops.get(refused) instanceof java.net.SocketException);
                assertNull(server.closeCause());
            }
        }
    }

    @Test
    void pausedHandlerGetsNothingUntilItResumes() throws Exception {
        Recorder server =
                new Recorder() {
                    @Override
                    public void onData(StreamSocket socket, ReceivedBuffer data) {
                        socket.pauseReading();
                        super.onData(socket, data);
                    }
                };
        StreamConfig small = StreamConfig.defaults();
        try (Loops loops =
                        Loops.start(
                                1,
                                "",
                                ReactorConfig.defaults()
                                        .withStreamBuffers(BufferConfig.fixed(64, 64)));
                Peer peer = Peer.connect(serve(loops, pool, small, server))) {
            peer.send(new byte[64]);
            Eventually.isTrue(Loops.LIMIT, "first", () -> server.received.get() == 64);
            peer.send(new byte[64 * 3]).shutdownOutput();
            for (int i = 2; i <= 4; i++) {
                long expected = 64L * i;
                assertEquals(0, server.ends.get());
                server.socket().resumeReading();
                Eventually.isTrue(
                        Loops.LIMIT,
                        () -> server.received.get() + ", not " + expected,
                        () -> server.received.get() >= expected);
            }
            server.socket().resumeReading();
            assertNull(server.closeCause());
            assertEquals(256, server.received.get());
        }
    }

    @Test
    void handlerThatThrowsIsAbortedAndCostsNoBuffer() throws Exception {
        IllegalStateException failure = new IllegalStateException("in a test");
        for (boolean released : new boolean[] {true, false}) {
            Recorder server =
                    new Recorder() {
                        @Override
                        public void onData(StreamSocket socket, ReceivedBuffer data) {
                            if (released) {
                                data.release();
                            }
                            throw failure;
                        }
                    };
            try (Loops loops = Loops.start(1);
                    Peer peer = Peer.connect(serve(loops, pool, server))) {
                peer.send("ping");
                assertSame(failure, server.closeCause().getCause());
                assertThrows(IOException.class, () -> peer.read(1));
            }
        }
    }

    @Test
    void executorThatRefusesEndsTheConnectionAndLeavesNothing() throws Exception {
        AtomicInteger taken = new AtomicInteger();
        CompletableFuture<Boolean> over = new CompletableFuture<>();
        Executor once =
                task -> {
                    if (taken.incrementAndGet() > 1) {
                        throw new RejectedExecutionException("full");
                    }
                    pool.execute(() -> {
                        task.run();
                        over.complete(true);
                    });
                };
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(serve(loops, once, server))) {
            Loops.get(over);
            peer.send("ping");
            assertTrue(server.closeCause().getMessage().contains("refuses"));
            assertEquals(0, server.received.get());
            assertThrows(IOException.class, () -> peer.read(1));
        }
    }

    @Test
    void stoppingTellsHandlersOnTheExecutor() throws Exception {
        Recorder server =
                new Echo() {
                    @Override
                    public void onStop(StreamSocket socket) {
                        socket.write(ByteBuffer.wrap("bye".getBytes(StandardCharsets.UTF_8)));
                        socket.close();
                    }
                };
        try (Loops loops = Loops.start(1)) {
            ListenerConfig config = ListenerConfig.of(Loops.loopback()).withExecutor(virtual);
            Listener listener = loops.listen(config, _ -> server);
            try (Peer peer = Peer.connect(listener.address())) {
                assertEquals("ping", peer.send("ping").readText(4));
                assertEquals(0, Loops.get(listener.stop(java.time.Duration.ofMinutes(1))));
                assertEquals("bye", peer.readText(3));
            }
        }
    }

    @Test
    void withoutAnExecutorOtherThreadsAreRefused() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            StreamSocket socket = server.socket();
            assertThrows(IllegalStateException.class, () -> socket.write(ByteBuffer.allocate(1)));
            assertThrows(IllegalStateException.class, socket::close);
            assertThrows(IllegalStateException.class, socket::pauseReading);
            assertThrows(IllegalStateException.class, () -> socket.abort(new IOException()));
        }
    }

    @Test
    void blockingListenersBringTheirOwnThreads() {
        try (Loops loops = Loops.start(1)) {
            ListenerConfig config = ListenerConfig.of(Loops.loopback()).withExecutor(pool);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> BlockingListener.open(loops.group(), config));
        }
    }
}
