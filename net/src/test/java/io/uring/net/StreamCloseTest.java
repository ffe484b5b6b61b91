package io.uring.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** How connections end: FIN after the last byte, half-closes, resets; told once, always. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class StreamCloseTest {
    private static final int MIB = 1 << 20;

    /** Keeps the connection when the peer has ended. */
    private static final class Open extends Recorder {
        @Override
        void atEnd(StreamSocket socket) {}
    }

    @Test
    @Behaviour("SND-09")
    void shutdownOutputSendsFinAfterTheLastByteAndReceivesOn() throws Exception {
        Open server = new Open();
        byte[] all = random(2 * MIB);
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                socket.write(ByteBuffer.wrap(all));
                socket.shutdownOutput();
            });
            assertArrayEquals(all, peer.readToEnd());
            peer.send("still there").shutdownOutput();
            Loops.get(server.ended);
            assertEquals("still there", new String(server.bytes(), UTF_8));
            server.onLoop(StreamSocket::close);
            assertNull(server.closeCause());
        }
    }

    @Test
    void peersEndLeavesTheConnectionWritable() throws Exception {
        Open server = new Open();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            peer.shutdownOutput();
            Loops.get(server.ended);
            for (int i = 0; i < 3; i++) {
                server.onLoop(socket -> socket.write(ByteBuffer.wrap("more".getBytes(UTF_8))));
                assertEquals("more", peer.readText(4));
            }
            assertTrue(server.socket().isOpen());
            server.onLoop(StreamSocket::close);
            peer.assertEnd();
            assertEquals(1, server.ends.get());
        }
    }

    @Test
    void writesAfterShutdownOutputAreRefused() throws Exception {
        Open server = new Open();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                socket.shutdownOutput();
                assertEquals(false, socket.write(ByteBuffer.wrap(new byte[10])));
            });
            peer.assertEnd();
            server.onLoop(StreamSocket::close);
        }
    }

    @Test
    void closeSendsEveryQueuedByteToASlowReader() throws Exception {
        Recorder server = new Recorder();
        byte[] all = random(4 * MIB);
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connectWithReceiveBuffer(loops.serve(server), 16 * 1024)) {
            server.onLoop(socket -> {
                socket.write(ByteBuffer.wrap(all));
                socket.close();
                assertEquals(false, socket.isOpen());
            });
            Peer.pause(300);
            assertEquals(0, server.closes.get(), "there is still something to send");
            assertArrayEquals(all, peer.readToEnd());
            assertNull(server.closeCause());
        }
    }

    @Test
    void closeGivesUpOnAReaderThatNeverReads() throws Exception {
        Recorder server = new Recorder();
        StreamConfig config =
                StreamConfig.defaults().withCloseNanos(TimeUnit.MILLISECONDS.toNanos(200));
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(config, server))) {
            long start = System.nanoTime();
            server.onLoop(socket -> {
                socket.write(ByteBuffer.wrap(new byte[32 * MIB]));
                socket.close();
            });
            assertInstanceOf(SocketTimeoutException.class, server.closeCause());
            assertTrue(System.nanoTime() - start >= config.closeNanos(), "not early");
            assertThrows(IOException.class, peer::readToEnd);
        }
    }

    @Test
    @Behaviour("RCV-04")
    void abortSendsReset() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> socket.abort(new IllegalStateException("broken")));
            assertThrows(IOException.class, () -> peer.read(1));
            assertInstanceOf(IllegalStateException.class, server.closeCause().getCause());
        }
    }

    @Test
    @Behaviour("RCV-04")
    void peersResetIsTheCauseAndIsToldOnce() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1)) {
            Peer peer = Peer.connect(loops.serve(server));
            server.socket();
            peer.reset();
            IOException cause = server.closeCause();
            assertTrue(cause.getMessage().contains("ECONNRESET"), cause::getMessage);
            server.socket().reactor().execute(() -> server.socket().abort(cause));
            Peer.pause(20);
            assertEquals(1, server.closes.get());
            assertEquals(0, server.ends.get(), "a reset is not an end");
        }
    }

    @Test
    void peersResetEndsAWriteInFlight() throws Exception {
        Open server = new Open();
        try (Loops loops = Loops.start(1)) {
            Peer peer = Peer.connect(loops.serve(server));
            server.onLoop(socket -> socket.write(ByteBuffer.wrap(new byte[32 * MIB])));
            peer.read(1000);
            peer.reset();
            assertNotNull(server.closeCause());
            assertEquals(0, server.socket().queuedBytes());
        }
    }

    @Test
    void closingTwiceAndAbortingAfterwardsIsHarmless() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                socket.close();
                socket.close();
                socket.abort(new IOException("late"));
                socket.shutdownOutput();
            });
            server.closeCause();
            Peer.pause(20);
            assertEquals(1, server.closes.get());
        }
    }

    @Test
    void closeInOnOpenEndsTheConnection() throws Exception {
        Recorder server =
                new Recorder() {
                    @Override
                    public void onOpen(StreamSocket socket) {
                        socket.close();
                    }
                };
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            peer.assertEnd();
            assertNull(server.closeCause());
        }
    }

    @Test
    void closeRightAfterShutdownOutputAsksNothingOfAClosedDescriptor() throws Exception {
        Open server = new Open();
        AtomicInteger pending = new AtomicInteger(-1);
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                socket.pauseReading();
            });
            Peer.pause(50); // the receive is over: closing is one step
            server.onLoop(socket -> {
                int before = socket.reactor().pendingOperations();
                socket.shutdownOutput();
                socket.close();
                // Runs after the flush that shutdownOutput has scheduled.
                socket.reactor()
                        .beforeSubmit(
                                () -> pending.set(socket.reactor().pendingOperations() - before));
            });
            peer.assertEnd();
            assertNull(server.closeCause());
            assertEquals(1, pending.get(), "the close, and no shutdown behind it");
        }
    }

    @Test
    void closeAndAbortOnAnotherThreadAreRefusedAndChangeNothing() throws Exception {
        Recorder server = new Recorder();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            StreamSocket socket = server.socket();
            assertThrows(IllegalStateException.class, socket::close);
            assertThrows(IllegalStateException.class, () -> socket.abort(new IOException()));
            assertThrows(IllegalStateException.class, socket::pauseReading);
            assertThrows(IllegalStateException.class, socket::shutdownOutput);
            assertTrue(socket.isOpen());
            server.onLoop(StreamSocket::close);
            peer.assertEnd();
            assertNull(server.closeCause());
        }
    }

    @Test
    void idleConnectionIsAborted() throws Exception {
        Recorder server = new Recorder();
        long idle = TimeUnit.MILLISECONDS.toNanos(1500); // a loaded machine pauses, too
        StreamConfig config = StreamConfig.defaults().withIdleNanos(idle);
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(config, server))) {
            long start = System.nanoTime();
            for (int i = 0; i < 4; i++) {
                peer.send("x"); // keeps it alive
                Peer.pause(100);
            }
            assertEquals(0, server.closes.get());
            assertInstanceOf(SocketTimeoutException.class, server.closeCause());
            assertTrue(System.nanoTime() - start >= 300_000_000 + idle, "not early");
        }
    }

    @Test
    void idleHandlerMayKeepTheConnection() throws Exception {
        AtomicInteger idles = new AtomicInteger();
        Recorder server =
                new Recorder() {
                    @Override
                    public void onIdle(StreamSocket socket) {
                        idles.incrementAndGet();
                    }
                };
        StreamConfig config =
                StreamConfig.defaults().withIdleNanos(TimeUnit.MILLISECONDS.toNanos(20));
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(config, server))) {
            Eventually.isTrue(Loops.LIMIT, "told again and again", () -> idles.get() > 3);
            assertEquals(0, server.closes.get());
            server.onLoop(StreamSocket::close);
            peer.assertEnd();
        }
    }

    private static byte[] random(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }
}
