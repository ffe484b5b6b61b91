package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What no call should be given is refused to the caller, and the connection goes on. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class OddArgumentsTest {
    @Test
    void streamRefusesThemAndGoesOn() throws Exception {
        Recorder server = new Echo();
        try (Loops loops = Loops.start(1);
                Arena arena = Arena.ofShared();
                Peer peer = Peer.connect(loops.serve(server))) {
            MemorySegment memory = arena.allocate(100);
            StreamSocket socket = server.socket();
            assertThrows(IndexOutOfBoundsException.class, () -> socket.trySend(memory, 0, 101));
            assertThrows(IndexOutOfBoundsException.class, () -> socket.trySend(memory, -1, 1));
            assertThrows(IndexOutOfBoundsException.class, () -> socket.trySend(memory, 0, -1));
            assertThrows(
                    IndexOutOfBoundsException.class,
                    () -> socket.trySend(memory, Long.MAX_VALUE, 1));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> socket.trySend(MemorySegment.ofArray(new byte[10]), 0, 10));
            assertThrows(IllegalStateException.class, () -> socket.awaitWritable(() -> {}));
            server.onLoop(on -> {
                assertThrows(NullPointerException.class, () -> on.write((ByteBuffer) null));
                assertThrows(NullPointerException.class, () -> on.write(memory, null));
                assertThrows(NullPointerException.class, () -> on.write(null, _ -> {}));
                MemorySegment everything = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
                assertThrows(IllegalStateException.class, () -> on.write(everything, _ -> {}));
                on.awaitWritable(() -> {});
                assertThrows(IllegalStateException.class, () -> on.awaitWritable(() -> {}));
            });
            assertEquals("ping", peer.send("ping").readText(4));
        }
    }

    @Test
    void limitHoldsWhenBytesAreQueuedAlready() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Arena arena = Arena.ofShared();
                Peer peer = Peer.connect(loops.serve(server))) {
            MemorySegment memory = arena.allocate(4);
            MemorySegment everything = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
            server.onLoop(socket -> {
                assertTrue(socket.write(memory, _ -> {}));
                assertThrows(
                        IllegalStateException.class,
                        () -> socket.write(everything, _ -> {}),
                        "the sum of both is no long");
                socket.close();
            });
            assertEquals(4, peer.readToEnd().length);
        }
    }

    @Test
    void connectorRefusesThem() {
        try (Loops loops = Loops.start(1)) {
            SocketAddress address = Loops.loopback();
            StreamConfig config = StreamConfig.defaults();
            Recorder handler = new Recorder();
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Connector.connect(loops.loop(), address, config, -1, handler, _ -> {}));
            assertThrows(
                    NullPointerException.class,
                    () -> Connector.connect(loops.loop(), address, config, 0, null, _ -> {}));
            assertThrows(
                    NullPointerException.class,
                    () -> Connector.connect(loops.loop(), address, config, 0, handler, null));
            assertThrows(
                    NullPointerException.class,
                    () -> Connector.connect(loops.loop(), address, null, 0, handler, _ -> {}));
        }
    }

    @Test
    void listenerRefusesThemAndOpensNothing() {
        try (Loops loops = Loops.start(1)) {
            assertThrows(NullPointerException.class, () -> loops.listen((StreamAcceptor) null));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> ListenerConfig.of(Loops.loopback()).withBacklog(0));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> StreamConfig.defaults().withLingerNanos(-1));
        }
    }

    @Test
    void futuresRefuseThem() throws Exception {
        CompletableFuture<FutureStream> opened = new CompletableFuture<>();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(FutureStream.handler(opened::complete)))) {
            FutureStream stream = Loops.get(opened);
            assertThrows(NullPointerException.class, () -> stream.write(null));
            assertThrows(NullPointerException.class, () -> stream.read(null));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> stream.read(ByteBuffer.allocate(10).asReadOnlyBuffer()));
            peer.send("fine");
            ByteBuffer target = ByteBuffer.allocate(4);
            assertEquals(4, Loops.get(stream.read(target)));
            Loops.get(stream.close());
        }
    }

    /** A sparse file: its pages are the page cache's, and zero. */
    @Test
    void writeBeyondTwoGigabytesArrivesWhole(@TempDir Path directory) throws Exception {
        long bytes = (1L << 31) + 12_345;
        Recorder server = new Recorder();
        StreamConfig config =
                StreamConfig.defaults().withWaterMarks(32 << 10, 64 << 10, Long.MAX_VALUE);
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        try (Arena arena = Arena.ofShared();
                FileChannel file =
                        FileChannel.open(
                                directory.resolve("zeros"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE);
                Loops loops = Loops.start(1)) {
            file.write(ByteBuffer.allocate(1), bytes - 1);
            MemorySegment memory = file.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena);
            try (SocketChannel peer = SocketChannel.open(loops.serve(config, server))) {
                server.onLoop(socket -> {
                    boolean _ = socket.write(memory, failure -> told.complete(failure == null));
                    socket.close();
                });
                assertEquals(bytes, count(peer));
            }
            assertTrue(Loops.get(told));
        }
    }

    private static long count(SocketChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
        long total = 0;
        int count = channel.read(buffer);
        while (count >= 0) {
            total += count;
            count = channel.read(buffer.clear());
        }
        return total;
    }
}
