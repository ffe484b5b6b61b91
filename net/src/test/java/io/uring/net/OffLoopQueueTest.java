package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What threads beside the loop see of a connection's send queue, and what its limit lets them. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class OffLoopQueueTest {
    private static final int MIB = 1 << 20;

    /** More than the kernel holds for a peer that does not read, and has a small buffer. */
    private static final int TOTAL = 24 * MIB;

    private static final StreamConfig STREAM =
            StreamConfig.defaults().withWaterMarks(1024, 2048, TOTAL);

    private final Recorder server = new Recorder();

    @TempDir private Path directory;

    private SocketAddress serve(Loops loops) throws IOException {
        ListenerConfig config =
                ListenerConfig.of(Loops.loopback())
                        .withStream(STREAM)
                        .withExecutor(Thread::startVirtualThread);
        return loops.listen(config, _ -> server).address();
    }

    /** Ends the connection in the middle of what is queued. */
    private void abort() {
        server.socket().abort(new IOException("over"));
        assertEquals("over", server.closeCause().getMessage());
    }

    @Test
    void queuedBytesFollowWhatThePeerTakes() throws Exception {
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connectWithReceiveBuffer(serve(loops), 64 * 1024)) {
            StreamSocket socket = server.socket();
            assertFalse(socket.write(ByteBuffer.allocate(TOTAL)));
            peer.read(TOTAL / 2);
            Eventually.isTrue(
                    Loops.LIMIT,
                    () -> socket.queuedBytes() + " of " + TOTAL,
                    () -> socket.queuedBytes() <= TOTAL / 2);
            peer.read(TOTAL / 2);
            Eventually.isTrue(Loops.LIMIT, "none", () -> socket.queuedBytes() == 0);
            socket.close();
            peer.assertEnd();
        }
    }

    @Test
    void limitLetsInAsMuchAsHasLeft() throws Exception {
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connectWithReceiveBuffer(serve(loops), 64 * 1024)) {
            StreamSocket socket = server.socket();
            assertFalse(socket.write(ByteBuffer.allocate(TOTAL)));
            assertThrows(
                    IllegalStateException.class, () -> socket.write(ByteBuffer.allocate(TOTAL)));
            peer.read(TOTAL / 2);
            Eventually.isTrue(
                    Loops.LIMIT,
                    () -> socket.queuedBytes() + " are queued",
                    () -> isTaken(socket, TOTAL / 2));
            peer.read(TOTAL);
            socket.close();
            peer.assertEnd();
        }
        assertNull(server.closeCause());
    }

    private static boolean isTaken(StreamSocket socket, int bytes) {
        try {
            return !socket.write(ByteBuffer.allocate(bytes)); // true would be below the mark
        } catch (IllegalStateException full) {
            return false;
        }
    }

    @Test
    void whatTheLoopItselfWritesIsSeenAndCounts() throws Exception {
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connectWithReceiveBuffer(serve(loops), 64 * 1024)) {
            StreamSocket socket = server.socket();
            server.onLoop(s -> s.write(ByteBuffer.allocate(TOTAL)));
            assertTrue(socket.queuedBytes() > MIB, () -> "queued: " + socket.queuedBytes());
            assertThrows(
                    IllegalStateException.class, () -> socket.write(ByteBuffer.allocate(TOTAL)));
            assertTrue(socket.isOpen(), "refused to the caller, not broken on the loop");
            abort();
            assertThrows(IOException.class, () -> peer.read(TOTAL + 1));
        }
    }

    /** Together with what is written already it would be less than nothing. */
    @Test
    void moreThanAnythingIsRefusedToTheCaller() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger told = new AtomicInteger();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(serve(loops))) {
            StreamSocket socket = server.socket();
            loops.loop().execute(() -> await(goOn)); // the first byte is still unsent then
            assertTrue(socket.write(ByteBuffer.wrap(new byte[] {1})));
            MemorySegment endless = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
            assertThrows(
                    IllegalStateException.class,
                    () -> socket.write(endless, _ -> told.incrementAndGet()));
            goOn.countDown();
            assertEquals(1, peer.read(1)[0]);
            assertEquals(0, told.get());
            socket.close();
            peer.assertEnd();
        }
        assertNull(server.closeCause());
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void writeThatTheHeapHasNoRoomForCountsNothing() throws Exception {
        StreamConfig large = STREAM.withWaterMarks(1024, 2048, Long.MAX_VALUE);
        ListenerConfig config =
                ListenerConfig.of(Loops.loopback())
                        .withStream(large)
                        .withExecutor(Thread::startVirtualThread);
        Path sparse = directory.resolve("sparse");
        try (Loops loops = Loops.start(1);
                FileChannel file =
                        FileChannel.open(
                                sparse,
                                StandardOpenOption.CREATE_NEW,
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE);
                Peer peer = Peer.connect(loops.listen(config, _ -> server).address())) {
            ByteBuffer huge = file.map(FileChannel.MapMode.READ_WRITE, 0, Integer.MAX_VALUE);
            StreamSocket socket = server.socket();
            assertThrows(OutOfMemoryError.class, () -> socket.write(huge));
            assertEquals(0, socket.queuedBytes());
            assertEquals(Integer.MAX_VALUE, huge.remaining(), "the caller keeps them");
            assertTrue(socket.write(ByteBuffer.wrap(new byte[] {1})));
            assertEquals(1, peer.read(1)[0]);
            socket.close();
            peer.assertEnd();
        }
    }

    @Test
    void writesAfterTheEndOfOutputAreDropped() throws Exception {
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(serve(loops))) {
            StreamSocket socket = server.socket();
            socket.shutdownOutput();
            assertFalse(socket.write(ByteBuffer.allocate(1)));
            assertEquals(0, socket.queuedBytes());
            peer.assertEnd();
        }
    }
}
