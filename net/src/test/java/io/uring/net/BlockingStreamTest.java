package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadPendingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Threads that wait for a connection: what wakes them, and what they are told. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class BlockingStreamTest {
    private static final long FOREVER = 0;

    /** A client on a loop, a peer of the JDK's own. */
    private static final class Pair implements AutoCloseable {
        final Loops loops;
        final Peer peer;
        final BlockingStream stream;

        Pair() throws IOException {
            this("", StreamConfig.defaults());
        }

        Pair(String mask, StreamConfig config) throws IOException {
            loops = Loops.start(1, mask, io.uring.reactor.ReactorConfig.defaults());
            CompletableFuture<BlockingStream> accepted = new CompletableFuture<>();
            SocketAddress address = loops.listen(config, _ -> handler(accepted)).address();
            peer = Peer.connect(address);
            stream = Loops.get(accepted);
        }

        private static StreamHandler handler(CompletableFuture<BlockingStream> accepted) {
            PendingStream pending = new PendingStream();
            var _ = pending.stream.thenAccept(accepted::complete);
            return pending;
        }

        @Override
        public void close() throws IOException {
            stream.close();
            peer.close();
            loops.close();
        }
    }

    /** What a virtual thread does; its result or failure comes with the future. */
    private record Running<T>(Thread thread, CompletableFuture<T> result) {
        static <T> Running<T> start(Callable<T> task) {
            CompletableFuture<T> result = new CompletableFuture<>();
            Thread thread =
                    Thread.startVirtualThread(() -> {
                        try {
                            result.complete(task.call());
                        } catch (Throwable t) {
                            result.completeExceptionally(t);
                        }
                    });
            return new Running<>(thread, result);
        }

        void awaitParked() {
            Eventually.isTrue(
                    Loops.LIMIT,
                    () -> "the thread waits: " + thread.getState(),
                    () ->
                            thread.getState() == Thread.State.WAITING
                                    || thread.getState() == Thread.State.TIMED_WAITING);
        }

        <E extends Throwable> E failure(Class<E> type) {
            Throwable cause =
                    assertThrows(
                                    java.util.concurrent.CompletionException.class,
                                    () -> Loops.get(result))
                            .getCause();
            return org.junit.jupiter.api.Assertions.assertInstanceOf(type, cause);
        }
    }

    private static byte[] random(Random random, int bytes) {
        byte[] content = new byte[bytes];
        random.nextBytes(content);
        return content;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "multishot_recv", "pbuf_ring", "defer_taskrun", "send_msg_ring"})
    void bothDirectionsCarryEverything(String mask) throws Exception {
        byte[] content = random(Seed.random("BlockingStreamTest"), 3_000_000);
        try (Pair pair = new Pair(mask, StreamConfig.defaults())) {
            Running<byte[]> read = Running.start(() -> pair.stream.inputStream().readAllBytes());
            pair.peer.send(content);
            pair.peer.shutdownOutput();
            assertArrayEquals(content, Loops.get(read.result()));
            Running<Integer> written =
                    Running.start(() -> {
                        pair.stream.outputStream().write(content, 0, 1_000_000);
                        ByteBuffer direct = ByteBuffer.allocateDirect(2_000_000);
                        direct.put(content, 1_000_000, 2_000_000).flip();
                        int count = pair.stream.write(direct);
                        pair.stream.shutdownOutput();
                        return count;
                    });
            assertArrayEquals(content, pair.peer.readToEnd());
            assertEquals(2_000_000, Loops.get(written.result()));
        }
    }

    @Test
    void thousandVirtualThreadsEcho() throws Exception {
        AtomicInteger served = new AtomicInteger();
        try (Loops loops = Loops.start(2);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Listener listener =
                    BlockingListener.serve(
                            loops.group(),
                            ListenerConfig.of(Loops.loopback()),
                            threads,
                            stream -> {
                                echo(stream);
                                served.incrementAndGet();
                            });
            List<Future<Boolean>> clients = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                int seed = i;
                clients.add(threads.submit(() -> client(loops, listener.address(), seed)));
            }
            for (Future<Boolean> client : clients) {
                assertTrue(client.get());
            }
            Eventually.isTrue(Loops.LIMIT, "all were served", () -> served.get() == 1000);
            Loops.get(listener.close());
        }
    }

    private static void echo(BlockingStream stream) {
        try {
            stream.inputStream().transferTo(stream.outputStream());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean client(Loops loops, SocketAddress address, int seed) throws IOException {
        byte[] content = random(new Random(seed), 1 + seed * 30);
        try (BlockingStream stream =
                BlockingStream.connect(
                        loops.group().next(), address, StreamConfig.defaults(), FOREVER)) {
            DataInputStream in = new DataInputStream(stream.inputStream());
            for (int i = 0; i < 5; i++) {
                stream.outputStream().write(content);
                byte[] answer = new byte[content.length];
                in.readFully(answer);
                assertArrayEquals(content, answer);
            }
            stream.shutdownOutput();
            return in.read() < 0;
        }
    }

    @Test
    void closeWakesTheReader() throws Exception {
        try (Pair pair = new Pair()) {
            Running<Integer> read = Running.start(() -> pair.stream.inputStream().read());
            read.awaitParked();
            pair.stream.close();
            read.failure(AsynchronousCloseException.class);
            assertThrows(
                    ClosedChannelException.class, () -> pair.stream.read(ByteBuffer.allocate(1)));
        }
    }

    @Test
    void closeWakesTheWriter() throws Exception {
        try (Pair pair = new Pair()) {
            Running<Integer> write =
                    Running.start(() -> pair.stream.write(ByteBuffer.allocate(50_000_000)));
            write.awaitParked();
            pair.stream.close();
            write.failure(AsynchronousCloseException.class);
        }
    }

    @Test
    void interruptClosesAndTellsTheThread() throws Exception {
        try (Pair pair = new Pair()) {
            Running<Integer> read = Running.start(() -> pair.stream.inputStream().read());
            read.awaitParked();
            read.thread().interrupt();
            read.failure(ClosedByInterruptException.class);
            assertFalse(pair.stream.isOpen());
            assertEquals(0, pair.peer.readToEnd().length);
        }
    }

    @Test
    void readTimesOutAndTheConnectionGoesOn() throws Exception {
        try (Pair pair = new Pair()) {
            InputStream in = pair.stream.readTimeoutNanos(20_000_000).inputStream();
            assertThrows(SocketTimeoutException.class, in::read);
            pair.stream.readTimeoutNanos(0);
            pair.peer.send("x");
            assertEquals('x', in.read());
        }
    }

    @Test
    void resetIsReported() throws Exception {
        try (Pair pair = new Pair()) {
            Running<Integer> read = Running.start(() -> pair.stream.inputStream().read());
            read.awaitParked();
            pair.peer.reset();
            IOException cause = read.failure(IOException.class);
            assertTrue(cause.getMessage().contains("ECONNRESET"), cause::getMessage);
            assertThrows(IOException.class, () -> pair.stream.write(ByteBuffer.allocate(1)));
        }
    }

    @Test
    void secondReaderIsRefused() throws Exception {
        try (Pair pair = new Pair()) {
            Running<Integer> read = Running.start(() -> pair.stream.inputStream().read());
            read.awaitParked();
            assertThrows(
                    ReadPendingException.class, () -> pair.stream.read(ByteBuffer.allocate(1)));
            pair.peer.send("x");
            assertEquals('x', (int) Loops.get(read.result()));
        }
    }

    @Test
    void loopMayNotWait() throws Exception {
        try (Pair pair = new Pair()) {
            IllegalStateException e =
                    pair.loops.call(() ->
                            assertThrows(
                                    IllegalStateException.class,
                                    () -> pair.stream.read(ByteBuffer.allocate(1))));
            assertTrue(e.getMessage().contains("loop"), e::getMessage);
        }
    }

    @Test
    void unreadBytesGoBackToTheLoop() throws Exception {
        try (Pair pair = new Pair()) { // its end counts the buffers that are lent
            pair.peer.send(new byte[30_000]);
            Eventually.isTrue(
                    Loops.LIMIT,
                    "bytes have come",
                    () -> {
                        try {
                            return pair.stream.inputStream().available() > 0;
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
            assertEquals(0, pair.stream.inputStream().read());
        }
    }

    @Test
    void slowReaderMakesThePeerWait() throws Exception {
        StreamConfig config = StreamConfig.defaults().withReadAheadBytes(4096);
        try (Pair pair = new Pair("", config)) {
            long sent = pair.peer.sendUntilStalled(new byte[65536], 200, 1 << 30);
            assertTrue(sent < 1 << 28, () -> sent + " bytes were taken");
            Running<Long> read =
                    Running.start(() ->
                            pair.stream.inputStream().transferTo(OutputStream.nullOutputStream()));
            pair.peer.shutdownOutput();
            assertEquals(sent, Loops.get(read.result()));
        }
    }

    @Test
    void closeRacesReadAndWrite() throws Exception {
        for (int i = 0; i < 100; i++) {
            try (Pair pair = new Pair()) {
                Running<Long> read =
                        Running.start(() ->
                                pair.stream
                                        .inputStream()
                                        .transferTo(OutputStream.nullOutputStream()));
                Running<Integer> write =
                        Running.start(() -> pair.stream.write(ByteBuffer.allocate(30_000_000)));
                pair.peer.send(new byte[10_000]);
                pair.stream.close();
                read.failure(IOException.class);
                write.failure(IOException.class);
            }
        }
    }

    @Test
    void refusedConnectionIsAConnectException() throws Exception {
        SocketAddress nobody;
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = server.getLocalSocketAddress();
        }
        try (Loops loops = Loops.start(1)) {
            assertThrows(
                    ConnectException.class,
                    () ->
                            BlockingStream.connect(
                                            loops.loop(), nobody, StreamConfig.defaults(), FOREVER)
                                    .close());
        }
    }
}
