package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Parts of files between other writes. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class FileWriteTest {
    private static final int MIB = 1 << 20;

    @TempDir private Path directory;

    private final CompletableFuture<Optional<IOException>> told = new CompletableFuture<>();
    private final AtomicInteger tellings = new AtomicInteger();

    /** For one write: what it was told. */
    private void tell(IOException failure) {
        tellings.incrementAndGet();
        told.complete(Optional.ofNullable(failure));
    }

    private IOException failure() {
        return Loops.get(told).orElse(null);
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(directory.resolve("file"), bytes);
    }

    private static byte[] random(Random random, int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "pbuf_ring", "cancel_fd"})
    void partsOfFilesArriveBetweenOtherWritesInOrder(String mask) throws Exception {
        Random random = Seed.random("FileWriteTest.order");
        byte[] content = random(random, 3 * MIB + 17);
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1, mask, ReactorConfig.defaults());
                OpenFile file = OpenFile.open(file(content));
                Peer peer = Peer.connect(loops.serve(server))) {
            assertEquals(content.length, file.size());
            CompletableFuture<byte[]> all = Background.run(peer::readToEnd);
            for (int turn = 0; turn < 20; turn++) {
                server.onLoop(socket -> {
                    for (int i = random.nextInt(6); i >= 0; i--) {
                        if (random.nextBoolean()) {
                            byte[] bytes = random(random, random.nextInt(1, 5000));
                            expected.writeBytes(bytes);
                            socket.write(ByteBuffer.wrap(bytes));
                        } else {
                            int length = random.nextInt(random.nextBoolean() ? 1000 : MIB);
                            int from = random.nextInt(content.length - length);
                            expected.write(content, from, length);
                            socket.write(file, from, length, failure -> assertNull(failure));
                        }
                    }
                });
            }
            server.onLoop(StreamSocket::close);
            assertArrayEquals(expected.toByteArray(), Loops.get(all));
            assertNull(server.closeCause());
            assertNoBlocks(loops);
        }
    }

    private static void assertNoBlocks(Loops loops) {
        assertEquals(0, loops.call(() -> loops.loop().reactor().buffers().blocksInUse()));
    }

    @Test
    void nothingOfAFileIsSentAndTold() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                OpenFile file = OpenFile.open(file(new byte[10]));
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                socket.write(file, 5, 0, this::tell);
                socket.close();
            });
            assertNull(failure());
            peer.assertEnd();
        }
    }

    @Test
    void endOfOutputFollowsTheFile() throws Exception {
        Recorder server = new Recorder();
        byte[] content = random(new Random(1), 300_000);
        try (Loops loops = Loops.start(1);
                OpenFile file = OpenFile.open(file(content));
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                socket.write(file, 0, content.length, this::tell);
                socket.shutdownOutput();
            });
            assertArrayEquals(content, peer.readToEnd());
            assertNull(failure());
            peer.shutdownOutput();
            assertNull(server.closeCause());
        }
    }

    @Test
    void positionsBeyondTwoGigabytesAreRead() throws Exception {
        Path large = directory.resolve("large");
        long size = 3L << 30;
        byte[] last = random(new Random(2), 100_000);
        try (RandomAccessFile sparse = new RandomAccessFile(large.toFile(), "rw")) {
            sparse.seek(size - last.length);
            sparse.write(last);
        }
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                OpenFile file = OpenFile.open(large);
                Peer peer = Peer.connect(loops.serve(server))) {
            assertEquals(size, file.size());
            server.onLoop(socket -> {
                socket.write(file, size - last.length, last.length, this::tell);
                socket.close();
            });
            assertArrayEquals(last, peer.readToEnd());
        }
    }

    @Test
    void fileThatEndsEarlyBreaksTheConnection() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                OpenFile file = OpenFile.open(file(new byte[100]));
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> socket.write(file, 50, 51, this::tell));
            assertInstanceOf(EOFException.class, failure());
            assertTrue(
                    failure().getMessage().contains("ends 1 bytes early"), failure()::getMessage);
            assertInstanceOf(EOFException.class, server.closeCause());
            assertThrows(SocketException.class, peer::readToEnd, "not an end like any other");
            assertNoBlocks(loops);
        }
    }

    @Test
    void directoryCannotBeSentAndSaysWhy() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                OpenFile file = OpenFile.open(directory);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> socket.write(file, 0, 1, this::tell));
            assertTrue(failure().getMessage().contains("EISDIR"), failure()::getMessage);
            server.closeCause();
        }
    }

    @Test
    void peerThatGoesInTheMiddleEndsTheWriteOnce() throws Exception {
        byte[] content = new byte[32 * MIB];
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                OpenFile file = OpenFile.open(file(content));
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                socket.write(file, 0, content.length, this::tell);
                socket.write(file, 0, content.length, _ -> tellings.incrementAndGet());
            });
            peer.read(MIB);
            peer.reset();
            assertInstanceOf(IOException.class, failure());
            server.closeCause();
            assertEquals(2, tellings.get());
            assertNoBlocks(loops);
        }
    }

    @Test
    void closedFileIsSentToItsEndAndTakesNoMore() throws Exception {
        byte[] content = random(new Random(3), 4 * MIB);
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            OpenFile file = OpenFile.open(file(content));
            server.onLoop(socket -> {
                socket.write(file, 0, content.length, this::tell);
                file.close();
                file.close();
                assertThrows(
                        IllegalStateException.class, () -> socket.write(file, 0, 1, this::tell));
            });
            assertThrows(ClosedChannelException.class, file::size);
            assertArrayEquals(content, peer.read(content.length));
            assertNull(failure());
            assertEquals(1, tellings.get());
            server.onLoop(StreamSocket::close);
            peer.assertEnd();
        }
    }

    @Test
    void fileClosedAfterAWriteFromAnExecutorIsSent() throws Exception {
        byte[] content = random(new Random(6), MIB);
        OpenFile file = OpenFile.open(file(content));
        Recorder server =
                new Recorder() {
                    @Override
                    public void onOpen(StreamSocket socket) {
                        socket.write(file, 0, content.length, failure -> tell(failure));
                        file.close();
                        socket.close();
                    }
                };
        ListenerConfig config =
                ListenerConfig.of(Loops.loopback()).withExecutor(Thread::startVirtualThread);
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.listen(config, _ -> server).address())) {
            assertArrayEquals(content, peer.readToEnd());
            assertNull(failure());
            assertNull(server.closeCause());
        }
    }

    @Test
    void closingWaitsForAFileAsLongAsItGetsOn() throws Exception {
        byte[] content = random(new Random(4), 16 * MIB);
        Recorder server = new Recorder();
        StreamConfig config = StreamConfig.defaults().withCloseNanos(3_000_000_000L);
        try (Loops loops = Loops.start(1);
                OpenFile file = OpenFile.open(file(content));
                Peer peer = Peer.connect(loops.serve(config, server))) {
            server.onLoop(socket -> {
                socket.write(file, 0, content.length, this::tell);
                socket.close();
            });
            byte[] all = new byte[content.length];
            for (int at = 0; at < all.length; at += MIB) {
                System.arraycopy(peer.read(MIB), 0, all, at, MIB);
                Peer.pause(220); // longer than closeNanos in all
            }
            assertArrayEquals(content, all);
            peer.assertEnd();
            assertNull(failure());
        }
    }

    @Test
    void impossiblePartsAreRefused() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                OpenFile file = OpenFile.open(file(new byte[1]));
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                for (long[] part : new long[][] {{-1, 1}, {0, -1}, {1, Long.MAX_VALUE}}) {
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> socket.write(file, part[0], part[1], this::tell));
                }
            });
            peer.shutdownOutput();
            assertNull(server.closeCause());
            assertEquals(0, tellings.get());
        }
    }

    @Test
    void loopClosesWhileTheReadOfAConnectionThatHasGoneWaits() throws Exception {
        Path pipe = directory.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        Recorder server = new Recorder();
        Loops loops = Loops.start(1);
        try (RandomAccessFile _ = new RandomAccessFile(pipe.toFile(), "rw"); // so it waits
                OpenFile file = OpenFile.open(pipe);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> socket.write(file, 0, 1, this::tell));
            server.onLoop(socket -> socket.abort(new IOException("over")));
            assertEquals("over", failure().getMessage());
            server.closeCause();
            assertThrows(IOException.class, () -> peer.read(1));
            loops.closeLoops();
        }
    }

    @Test
    void missingFileIsNamed() {
        Path missing = directory.resolve("missing");
        IOException e = assertThrows(IOException.class, () -> OpenFile.open(missing));
        assertTrue(e.getMessage().contains(missing.toString()), e::getMessage);
        assertTrue(e.getMessage().contains("ENOENT"), e::getMessage);
    }

    @Test
    void futureOfAFileCompletesWithIt() throws Exception {
        byte[] content = random(new Random(5), 200_000);
        try (Loops loops = Loops.start(1);
                OpenFile file = OpenFile.open(file(content))) {
            CompletableFuture<byte[]> all = new CompletableFuture<>();
            Recorder reader =
                    new Recorder() {
                        @Override
                        void atEnd(StreamSocket socket) {
                            all.complete(bytes());
                            socket.close();
                        }
                    };
            FutureStream stream =
                    Loops.get(
                            FutureStream.connect(
                                    loops.loop(),
                                    loops.serve(reader),
                                    StreamConfig.defaults(),
                                    Loops.LIMIT.toNanos()));
            Loops.get(stream.write(file, 0, content.length));
            CompletableFuture<Void> impossible = stream.write(file, -1, 1);
            assertThrows(Exception.class, () -> Loops.get(impossible));
            Loops.get(stream.close());
            assertArrayEquals(content, Loops.get(all));
        }
    }

    @Test
    void corkedWritesLeaveWithTheUncork() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(StreamSocket::cork);
            server.onLoop(socket -> socket.write(ByteBuffer.wrap(new byte[10])));
            server.onLoop(socket -> socket.write(ByteBuffer.wrap(new byte[10])));
            server.onLoop(socket -> assertEquals(20, socket.queuedBytes()));
            server.onLoop(StreamSocket::uncork);
            assertEquals(20, peer.readOnce(100).length, "in one send");
            server.onLoop(StreamSocket::cork);
            server.onLoop(socket -> {
                socket.write(ByteBuffer.wrap(new byte[10]));
                socket.close();
            });
            assertEquals(10, peer.readToEnd().length, "closing sends them as well");
        }
    }

    @Test
    void restOfAShortSendIsNotHeldBack() throws Exception {
        int total = 16 * MIB;
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                socket.cork();
                assertFalse(socket.write(ByteBuffer.wrap(new byte[total])));
            });
            Peer.pause(50); // the kernel has taken what it can
            assertEquals(total, peer.read(total).length);
            Eventually.isTrue(Loops.LIMIT, "writable", () -> server.writables.get() == 1);
            server.onLoop(StreamSocket::close);
            peer.assertEnd();
        }
    }

    @Test
    void corkHoldsNoMoreThanTheHighWaterMark() throws Exception {
        Recorder server = new Recorder();
        StreamConfig config = StreamConfig.defaults().withWaterMarks(10, 1000, 5000);
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(config, server))) {
            server.onLoop(socket -> {
                socket.cork();
                socket.write(ByteBuffer.wrap(new byte[999]));
            });
            server.onLoop(socket -> assertEquals(999, socket.queuedBytes()));
            server.onLoop(socket -> socket.write(ByteBuffer.wrap(new byte[1])));
            byte[] bytes = peer.read(1000);
            assertTrue(Arrays.equals(new byte[1000], bytes));
            server.onLoop(StreamSocket::close);
            peer.assertEnd();
        }
    }
}
