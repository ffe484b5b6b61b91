package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Blocking calls on a connection: they park, wake up, and end as they should. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class BlockingStreamTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private static BlockingStream connect(Loops loops, BlockingListener listener)
            throws IOException {
        return BlockingStream.connect(
                loops.group().next(), listener.address(), StreamConfig.defaults(), 10 * SECOND);
    }

    private static BlockingListener listen(Loops loops) throws IOException {
        return BlockingListener.open(loops.group(), ListenerConfig.of(Loops.loopback()));
    }

    /** Work on a virtual thread, and that thread. */
    private record Virtual<T>(Thread thread, CompletableFuture<T> result) {
        static <T> Virtual<T> run(Callable<T> task) {
            CompletableFuture<T> result = new CompletableFuture<>();
            Thread thread =
                    Thread.startVirtualThread(() -> {
                        try {
                            result.complete(task.call());
                        } catch (Throwable t) {
                            result.completeExceptionally(t);
                        }
                    });
            return new Virtual<>(thread, result);
        }

        void awaitParked() {
            Eventually.isTrue(
                    Loops.LIMIT,
                    () -> "parked, not " + thread.getState(),
                    () -> {
                        Thread.State state = thread.getState();
                        return state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
                    });
        }

        Throwable failure() {
            return assertThrows(CompletionException.class, () -> Loops.get(result)).getCause();
        }
    }

    private static void echo(BlockingStream stream) {
        try (stream) {
            byte[] block = new byte[4096];
            int count;
            while ((count = stream.input().read(block)) >= 0) {
                stream.output().write(block, 0, count);
            }
            stream.shutdownOutput();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void accept(BlockingListener listener) {
        Thread.startVirtualThread(() -> {
            try {
                while (true) {
                    BlockingStream stream = listener.accept();
                    Thread.startVirtualThread(() -> echo(stream));
                }
            } catch (ClosedChannelException e) {
                // the test is over
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    /** Sends random blocks and compares what comes back; returns the bytes. */
    private static long exchange(BlockingStream stream, Random random) throws Exception {
        CRC32 sent = new CRC32();
        long total = 0;
        CRC32 received = new CRC32();
        byte[] back = new byte[8192];
        try (stream) {
            for (int i = 0; i < 10; i++) {
                byte[] block = new byte[1 + random.nextInt(8192)];
                random.nextBytes(block);
                sent.update(block);
                stream.output().write(block);
                stream.input().readNBytes(back, 0, block.length);
                received.update(back, 0, block.length);
                total += block.length;
            }
            stream.shutdownOutput();
            assertEquals(-1, stream.input().read());
        }
        assertEquals(sent.getValue(), received.getValue());
        return total;
    }

    @Test
    void aThousandVirtualThreadsEcho() throws Exception {
        long seed = Seed.random("aThousandVirtualThreadsEcho").nextLong();
        try (Loops loops = Loops.start(2);
                BlockingListener listener = listen(loops)) {
            accept(listener);
            List<Virtual<Long>> clients = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                Random random = new Random(seed + i);
                clients.add(Virtual.run(() -> exchange(connect(loops, listener), random)));
            }
            for (Virtual<Long> client : clients) {
                assertTrue(client.result().get(50, TimeUnit.SECONDS) >= 10);
            }
        }
    }

    @Test
    void moreThanAllBuffersGoesBothWaysAtOnce() throws Exception {
        try (Loops loops = Loops.start(1);
                BlockingListener listener = listen(loops)) {
            accept(listener);
            byte[] data = new byte[8 * 1024 * 1024];
            new Random(1).nextBytes(data);
            try (BlockingStream stream = connect(loops, listener)) {
                Virtual<Boolean> writer =
                        Virtual.run(() -> {
                            stream.output().write(data);
                            stream.shutdownOutput();
                            return true;
                        });
                assertArrayEquals(data, stream.input().readAllBytes());
                assertTrue(Loops.get(writer.result()));
                assertThrows(SocketException.class, () -> stream.output().write(1));
            }
        }
    }

    /** Two ends without anybody at the far one. */
    private static final class Pair implements AutoCloseable {
        final Loops loops = Loops.start(1);
        final BlockingListener listener;
        final BlockingStream near;
        final Peer far;

        Pair() throws IOException {
            listener = listen(loops);
            far = Peer.connect(listener.address());
            near = listener.accept();
        }

        @Override
        public void close() {
            near.close();
            far.close();
            listener.close();
            loops.close();
        }
    }

    @Test
    void aByteAtATimeStopsThePeerAndLosesNothing() throws Exception {
        try (Pair pair = new Pair()) {
            pair.far.with(java.net.StandardSocketOptions.TCP_NODELAY, true);
            Virtual<Boolean> writer =
                    Virtual.run(() -> {
                        for (int i = 0; i < 5000; i++) {
                            pair.far.send(new byte[] {(byte) i});
                        }
                        return true;
                    });
            byte[] all = pair.near.input().readNBytes(5000);
            for (int i = 0; i < all.length; i++) {
                assertEquals((byte) i, all[i]);
            }
            assertTrue(Loops.get(writer.result()));
        }
    }

    @Test
    void aSlowReaderMakesThePeerWait() throws Exception {
        try (Pair pair = new Pair()) {
            long sent = pair.far.sendUntilStalled(new byte[64 * 1024], 200, 256L << 20);
            assertTrue(sent < 256L << 20, "stalled");
            byte[] all = pair.near.input().readNBytes((int) sent);
            assertEquals(sent, all.length);
        }
    }

    @Test
    void aReadTimesOutAndTheStreamGoesOn() throws Exception {
        try (Pair pair = new Pair()) {
            pair.near.readTimeoutNanos(TimeUnit.MILLISECONDS.toNanos(20));
            assertThrows(SocketTimeoutException.class, () -> pair.near.input().read());
            pair.near.readTimeoutNanos(0);
            pair.far.send("a");
            assertEquals('a', pair.near.input().read());
        }
    }

    @Test
    void anInterruptedReaderWakesAndTheStreamIsClosed() throws Exception {
        try (Pair pair = new Pair()) {
            Virtual<Integer> reader = Virtual.run(() -> pair.near.input().read());
            reader.awaitParked();
            reader.thread().interrupt();
            assertInstanceOf(ClosedByInterruptException.class, reader.failure());
            assertThrows(ClosedChannelException.class, () -> pair.near.input().read());
            pair.far.assertEnd();
        }
    }

    @Test
    void anInterruptedWriterWakesAndTheStreamIsClosed() throws Exception {
        try (Pair pair = new Pair()) {
            Virtual<Boolean> writer = Virtual.run(() -> writeForEver(pair.near));
            writer.awaitParked();
            writer.thread().interrupt();
            assertInstanceOf(ClosedByInterruptException.class, writer.failure());
        }
    }

    private static boolean writeForEver(BlockingStream stream) throws IOException {
        ByteBuffer block = ByteBuffer.allocateDirect(1 << 20);
        while (true) {
            stream.write(block.clear());
        }
    }

    @Test
    void closeWakesReaderAndWriter() throws Exception {
        try (Pair pair = new Pair()) {
            Virtual<Integer> reader = Virtual.run(() -> pair.near.read(ByteBuffer.allocate(1)));
            Virtual<Boolean> writer = Virtual.run(() -> writeForEver(pair.near));
            reader.awaitParked();
            writer.awaitParked();
            pair.near.close();
            assertInstanceOf(AsynchronousCloseException.class, reader.failure());
            assertInstanceOf(AsynchronousCloseException.class, writer.failure());
        }
    }

    @Test
    void closeRacesReadAndWrite() throws Exception {
        Random random = Seed.random("closeRacesReadAndWrite");
        try (Loops loops = Loops.start(2);
                BlockingListener listener = listen(loops)) {
            accept(listener);
            for (int i = 0; i < 100; i++) {
                BlockingStream stream = connect(loops, listener);
                Virtual<Boolean> writer = Virtual.run(() -> writeForEver(stream));
                Virtual<Boolean> reader =
                        Virtual.run(() -> {
                            byte[] block = new byte[4096];
                            while (stream.input().read(block) >= 0) {}
                            return true;
                        });
                for (int spin = random.nextInt(20_000); spin > 0; spin--) {
                    Thread.onSpinWait();
                }
                stream.close();
                assertInstanceOf(ClosedChannelException.class, writer.failure());
                assertInstanceOf(ClosedChannelException.class, reader.failure());
            }
        }
    }

    @Test
    void halfCloseWorksBothWays() throws Exception {
        try (Pair pair = new Pair()) {
            pair.near.output().write("bye".getBytes(StandardCharsets.US_ASCII));
            pair.near.shutdownOutput();
            assertEquals("bye", new String(pair.far.readToEnd(), StandardCharsets.US_ASCII));
            pair.far.send("late").shutdownOutput();
            assertEquals(
                    "late",
                    new String(pair.near.input().readAllBytes(), StandardCharsets.US_ASCII));
        }
    }

    @Test
    void writingGoesOnAfterTheEndOfInput() throws Exception {
        try (Pair pair = new Pair()) {
            pair.far.shutdownOutput();
            assertEquals(-1, pair.near.input().read());
            pair.near.output().write('x');
            assertEquals("x", pair.far.readText(1));
        }
    }

    @Test
    void shutdownInputEndsReadingAndDropsWhatComes() throws Exception {
        try (Pair pair = new Pair()) {
            Virtual<Integer> reader = Virtual.run(() -> pair.near.input().read());
            reader.awaitParked();
            pair.near.shutdownInput();
            assertEquals(-1, Loops.get(reader.result()));
            pair.far.send(new byte[256 * 1024]);
            assertEquals(-1, pair.near.input().read());
        }
    }

    @Test
    void aResetIsThrownWithItsCause() throws Exception {
        try (Pair pair = new Pair()) {
            Virtual<Integer> reader = Virtual.run(() -> pair.near.input().read());
            reader.awaitParked();
            pair.far.reset();
            Throwable failure = reader.failure();
            assertInstanceOf(SocketException.class, failure);
            assertTrue(failure.getMessage().contains("ECONNRESET"), failure.getMessage());
            assertThrows(SocketException.class, () -> pair.near.output().write(1));
        }
    }

    @Test
    void blockingOnTheLoopIsRefused() throws Exception {
        try (Pair pair = new Pair()) {
            AtomicReference<Throwable> refusal = new AtomicReference<>();
            Loops.run(
                    pair.near.socket().reactor(),
                    () ->
                            refusal.set(
                                    assertThrows(
                                            IllegalStateException.class,
                                            () -> pair.near.input().read())));
            assertTrue(refusal.get().getMessage().contains("loop"));
        }
    }

    @Test
    void connectReportsWhyItFailed() throws Exception {
        try (Loops loops = Loops.start(1)) {
            BlockingListener gone = listen(loops);
            gone.close();
            assertThrows(ConnectException.class, () -> connect(loops, gone));
        }
    }

    @Test
    void acceptTimesOutAndEndsWithTheListener() throws Exception {
        try (Loops loops = Loops.start(1);
                BlockingListener listener = listen(loops)) {
            assertThrows(SocketTimeoutException.class, () -> listener.accept(SECOND / 50));
            Virtual<BlockingStream> accepting = Virtual.run(listener::accept);
            accepting.awaitParked();
            listener.close();
            assertInstanceOf(AsynchronousCloseException.class, accepting.failure());
        }
    }

    @Test
    void connectionsNobodyAcceptsWaitInTheBacklog() throws Exception {
        int count = BlockingListener.MAX_READY + 50;
        List<Peer> peers = new ArrayList<>();
        try (Loops loops = Loops.start(1);
                BlockingListener listener = listen(loops)) {
            for (int i = 0; i < count; i++) {
                peers.add(Peer.connect(listener.address()));
            }
            for (int i = 0; i < count; i++) {
                listener.accept(10 * SECOND).close();
            }
            peers.forEach(Peer::close);
        }
    }

    @Test
    void theLoopsEndWakesTheReader() throws Exception {
        Loops loops = Loops.start(1);
        BlockingListener listener = listen(loops);
        try (Peer _ = Peer.connect(listener.address());
                BlockingStream stream = listener.accept()) {
            Virtual<Integer> reader = Virtual.run(() -> stream.input().read());
            reader.awaitParked();
            loops.closeLoops();
            assertInstanceOf(SocketException.class, reader.failure());
            assertThrows(IOException.class, () -> stream.output().write(1));
        }
    }
}
