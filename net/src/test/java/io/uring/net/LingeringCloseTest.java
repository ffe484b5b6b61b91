package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A close with unread input does not cost the peer the end of what was sent. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class LingeringCloseTest {
    /** More than the peer's receive buffer takes, so that much is unacknowledged at the close. */
    private static final byte[] RESPONSE = new byte[2 << 20];

    static {
        new Random(1).nextBytes(RESPONSE);
    }

    private static StreamConfig lingering(long millis) {
        return StreamConfig.defaults().withLingerNanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    /** Reads nothing, answers, closes. */
    private static void answerWithoutReading(Recorder server) {
        server.onLoop(socket -> {
            socket.write(ByteBuffer.wrap(RESPONSE));
            socket.close();
        });
    }

    /** Does not read: what the peer sends waits in the kernel. */
    private static final class Deaf extends Recorder {
        @Override
        public void onOpen(StreamSocket socket) {
            socket.pauseReading();
            super.onOpen(socket);
        }
    }

    @Test
    void peerThatSentMoreThanIsReadGetsTheWholeResponse() throws Exception {
        Deaf server = new Deaf();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connectWithReceiveBuffer(loops.serve(server), 16 * 1024)) {
            server.socket();
            peer.send(new byte[100_000]);
            answerWithoutReading(server);
            assertArrayEquals(RESPONSE, peer.readToEnd());
            assertNull(server.closeCause());
        }
    }

    @Test
    void peerThatSendsOnGetsTheWholeResponse() throws Exception {
        Deaf server = new Deaf();
        AtomicBoolean stop = new AtomicBoolean();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connectWithReceiveBuffer(loops.serve(server), 16 * 1024)) {
            server.socket();
            peer.send(new byte[1000]);
            CompletableFuture<Boolean> upload =
                    Background.run(() -> {
                        while (!stop.get()) {
                            peer.send(new byte[10_000]);
                        }
                        return true;
                    });
            answerWithoutReading(server);
            assertArrayEquals(RESPONSE, peer.readToEnd());
            assertEquals(0, server.closes.get(), "the upload goes on");
            stop.set(true);
            Loops.get(upload);
            peer.shutdownOutput();
            assertNull(server.closeCause());
        }
    }

    @Test
    void withoutLingeringTheKernelResets() throws Exception {
        Deaf server = new Deaf();
        try (Loops loops = Loops.start(1);
                Peer peer =
                        Peer.connectWithReceiveBuffer(
                                loops.serve(lingering(0), server), 16 * 1024)) {
            server.socket();
            peer.send(new byte[100_000]);
            answerWithoutReading(server);
            assertNull(server.closeCause());
            assertThrows(IOException.class, peer::readToEnd, "or the other tests prove nothing");
        }
    }

    @Test
    void peerThatNeitherSendsNorReadsIsGivenUp() throws Exception {
        Deaf server = new Deaf();
        try (Loops loops = Loops.start(1);
                Peer peer =
                        Peer.connectWithReceiveBuffer(
                                loops.serve(lingering(300), server), 16 * 1024)) {
            server.socket();
            peer.send(new byte[100_000]);
            answerWithoutReading(server);
            assertNull(server.closeCause());
        }
    }

    @Test
    void peerThatSendsForEverIsGivenUpAfterTheTimeToClose() throws Exception {
        Deaf server = new Deaf();
        StreamConfig config = lingering(10_000).withCloseNanos(TimeUnit.MILLISECONDS.toNanos(500));
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connectWithReceiveBuffer(loops.serve(config, server), 16 * 1024)) {
            server.socket();
            peer.send(new byte[1000]);
            server.onLoop(StreamSocket::close);
            assertThrows(
                    IOException.class,
                    () -> {
                        while (true) {
                            peer.send(new byte[1000]);
                        }
                    });
            assertNull(server.closeCause());
        }
    }

    @Test
    void closeWithNothingToLoseDoesNotLinger() throws Exception {
        Recorder server = new Recorder();
        StreamConfig config = lingering(TimeUnit.HOURS.toMillis(1));
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(config, server))) {
            server.onLoop(StreamSocket::close);
            assertNull(server.closeCause());
            peer.assertEnd();
        }
    }

    @Test
    void abortEndsTheLingering() throws Exception {
        Deaf server = new Deaf();
        IOException reason = new IOException("enough");
        try (Loops loops = Loops.start(1);
                Peer peer =
                        Peer.connectWithReceiveBuffer(
                                loops.serve(lingering(TimeUnit.HOURS.toMillis(1)), server),
                                16 * 1024)) {
            server.socket();
            peer.send(new byte[100_000]);
            answerWithoutReading(server);
            Eventually.isTrue(Loops.LIMIT, "lingers", () -> server.socket().queuedBytes() == 0);
            server.onLoop(socket -> socket.abort(reason));
            assertEquals(reason, server.closeCause());
            assertThrows(IOException.class, peer::readToEnd);
        }
    }

    @Test
    void peersResetEndsTheLingering() throws Exception {
        Deaf server = new Deaf();
        try (Loops loops = Loops.start(1)) {
            Peer peer =
                    Peer.connectWithReceiveBuffer(
                            loops.serve(lingering(TimeUnit.HOURS.toMillis(1)), server), 16 * 1024);
            server.socket();
            peer.send(new byte[100_000]);
            answerWithoutReading(server);
            Eventually.isTrue(Loops.LIMIT, "lingers", () -> server.socket().queuedBytes() == 0);
            peer.reset();
            server.closeCause();
            assertEquals(1, server.closes.get());
        }
    }

    @Test
    void loopThatClosesDoesNotWaitForLongerThanItDrains() throws Exception {
        Deaf server = new Deaf();
        Loops loops = Loops.start(1);
        try (Peer peer =
                Peer.connectWithReceiveBuffer(
                        loops.serve(lingering(TimeUnit.HOURS.toMillis(1)), server), 16 * 1024)) {
            server.socket();
            peer.send(new byte[100_000]);
            answerWithoutReading(server);
            Eventually.isTrue(Loops.LIMIT, "lingers", () -> server.socket().queuedBytes() == 0);
            loops.closeLoops();
            assertNotNull(Loops.get(server.closed));
        }
    }
}
