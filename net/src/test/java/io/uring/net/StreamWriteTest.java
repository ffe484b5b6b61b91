package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a connection promises to those who write. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class StreamWriteTest {
    private static final int MIB = 1 << 20;

    @Test
    void smallWritesOfATurnLeaveInOneSend() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            CompletableFuture<byte[]> first = Background.run(() -> peer.readOnce(4096));
            server.onLoop(socket -> {
                for (int i = 0; i < 100; i++) {
                    socket.write(ByteBuffer.wrap(new byte[10]));
                }
            });
            assertEquals(1000, Loops.get(first).length, "all in what the first receive finds");
            assertEquals(1, server.drains.get());
            peer.shutdownOutput();
            server.closeCause();
        }
    }

    @Test
    @Behaviour("SND-07")
    void writesOfManyTurnsArriveInOrder() throws Exception {
        Random random = Seed.random("StreamWriteTest.order");
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        Recorder server = new Recorder();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            CompletableFuture<byte[]> all = Background.run(peer::readToEnd);
            for (int turn = 0; turn < 100; turn++) {
                server.onLoop(socket -> writeRandomly(socket, random, arena, expected));
            }
            server.onLoop(StreamSocket::close);
            assertArrayEquals(expected.toByteArray(), Loops.get(all));
        }
    }

    /** Copies, native memory and empty writes, from a byte to some chunks. */
    private static void writeRandomly(
            StreamSocket socket, Random random, Arena arena, ByteArrayOutputStream expected) {
        for (int i = random.nextInt(100); i >= 0; i--) {
            byte[] bytes = new byte[random.nextInt(random.nextInt(10) == 0 ? 40_000 : 100)];
            random.nextBytes(bytes);
            expected.writeBytes(bytes);
            if (random.nextBoolean()) {
                socket.write(ByteBuffer.wrap(bytes));
            } else {
                MemorySegment memory = arena.allocate(Math.max(bytes.length, 1));
                MemorySegment.copy(bytes, 0, memory, Layout.BYTE, 0, bytes.length);
                socket.write(memory.asSlice(0, bytes.length), failure -> assertNull(failure));
            }
        }
    }

    @Test
    void waterMarksStopAndRestartTheWriter() throws Exception {
        Recorder server = new Recorder();
        StreamConfig config = StreamConfig.defaults().withWaterMarks(10_000, 20_000, 64L * MIB);
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(config, server))) {
            long[] written = new long[1];
            server.onLoop(socket -> {
                assertTrue(socket.write(ByteBuffer.wrap(new byte[19_999])));
                assertTrue(socket.isWritable());
                assertFalse(socket.write(ByteBuffer.wrap(new byte[1])));
                assertFalse(socket.isWritable());
                socket.write(ByteBuffer.wrap(new byte[16 * MIB]));
                written[0] = socket.queuedBytes();
            });
            Peer.pause(100);
            assertEquals(0, server.writables.get(), "the peer has not read");
            peer.read(Math.toIntExact(written[0]));
            Eventually.isTrue(Loops.LIMIT, "writable", () -> server.writables.get() == 1);
            peer.shutdownOutput();
            server.closeCause();
            assertEquals(1, server.writables.get(), "once for each time it was full");
        }
    }

    @Test
    void queueBeyondItsLimitThrowsAndKeepsWhatIsQueued() throws Exception {
        Recorder server = new Recorder();
        StreamConfig config = StreamConfig.defaults().withWaterMarks(1, 1000, 2000);
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(config, server))) {
            server.onLoop(socket -> {
                socket.write(ByteBuffer.wrap(new byte[2000]));
                IllegalStateException e =
                        assertThrows(
                                IllegalStateException.class,
                                () -> socket.write(ByteBuffer.wrap(new byte[1])));
                assertTrue(e.getMessage().contains("maxQueuedBytes 2000"), e::getMessage);
                socket.close();
            });
            assertEquals(2000, peer.readToEnd().length);
        }
    }

    @Test
    void writingOnAnotherThreadIsRefused() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            StreamSocket socket = server.socket();
            ByteBuffer bytes = ByteBuffer.wrap(new byte[1]);
            assertThrows(IllegalStateException.class, () -> socket.write(bytes));
            peer.shutdownOutput();
            server.closeCause();
        }
    }

    @Test
    void heapMemoryIsRefused() throws Exception {
        Recorder server = new Recorder();
        MemorySegment heap = MemorySegment.ofArray(new byte[10]);
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket ->
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> socket.write(heap, failure -> {})));
            peer.shutdownOutput();
            server.closeCause();
        }
    }

    /** Counts what each of several writes was told. */
    private static final class Told {
        final List<Optional<IOException>> answers = Collections.synchronizedList(new ArrayList<>());
        final AtomicInteger writes = new AtomicInteger();

        void write(StreamSocket socket, MemorySegment memory) {
            writes.incrementAndGet();
            socket.write(memory, failure -> answers.add(Optional.ofNullable(failure)));
        }

        void awaitAll() {
            Eventually.isTrue(
                    Loops.LIMIT,
                    () -> answers.size() + " of " + writes.get() + " told",
                    () -> answers.size() >= writes.get());
            Peer.pause(20);
            assertEquals(writes.get(), answers.size(), "each exactly once");
        }

        long failures() {
            return answers.stream().filter(Optional::isPresent).count();
        }
    }

    @Test
    void listenersAreToldOnceOnSuccess() throws Exception {
        Recorder server = new Recorder();
        Told told = new Told();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            MemorySegment memory = arena.allocate(100_000);
            server.onLoop(socket -> {
                for (int i = 0; i < 200; i++) { // more than one message has vectors
                    told.write(socket, memory.asSlice(0, i * 100L));
                }
                socket.close();
            });
            assertEquals(1_990_000, peer.readToEnd().length);
            told.awaitAll();
            assertEquals(0, told.failures());
        }
    }

    @Test
    void listenersAreToldOnceWhenTheConnectionIsAborted() throws Exception {
        Recorder server = new Recorder();
        Told told = new Told();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            MemorySegment memory = arena.allocate(8L * MIB);
            server.onLoop(socket -> {
                told.write(socket, memory);
                told.write(socket, memory);
            });
            peer.read(1);
            server.onLoop(socket -> {
                told.write(socket, memory);
                socket.abort(new IOException("over"));
                told.write(socket, memory); // after the end
            });
            assertNotNull(server.closeCause());
            told.awaitAll();
            assertTrue(told.failures() >= 3, "what was not taken has failed");
        }
    }

    @Test
    void listenersAreToldOnceWhenThePeerResets() throws Exception {
        Recorder server = new Recorder();
        Told told = new Told();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1)) {
            Peer peer = Peer.connect(loops.serve(server));
            MemorySegment memory = arena.allocate(8L * MIB);
            server.onLoop(socket -> {
                told.write(socket, memory);
                told.write(socket, memory);
            });
            peer.read(1);
            peer.reset();
            assertNotNull(server.closeCause());
            told.awaitAll();
        }
    }

    @Test
    void listenerIsNotToldWhileTheKernelStillReads() throws Exception {
        Recorder server = new Recorder();
        Told told = new Told();
        byte[] expected = new byte[8 * MIB];
        new Random(8).nextBytes(expected);
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            MemorySegment memory = arena.allocate(expected.length);
            MemorySegment.copy(expected, 0, memory, Layout.BYTE, 0, expected.length);
            server.onLoop(socket -> {
                told.writes.incrementAndGet();
                socket.write(
                        memory,
                        failure -> {
                            memory.fill((byte) 0); // ours again: none of this is sent
                            told.answers.add(Optional.ofNullable(failure));
                        });
                socket.close();
            });
            Peer.pause(100);
            assertEquals(0, told.answers.size(), "more is queued than the kernel takes");
            assertArrayEquals(expected, peer.readToEnd());
            told.awaitAll();
        }
    }

    /** Native bytes. */
    private static final class Layout {
        static final java.lang.foreign.ValueLayout.OfByte BYTE =
                java.lang.foreign.ValueLayout.JAVA_BYTE;
    }
}
