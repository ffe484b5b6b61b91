package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.ReceivedBuffer;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a handler does, it loses its own connection at most. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class HostileHandlerTest {
    enum Callback {
        OPEN,
        DATA,
        END,
        WRITABLE,
        DRAINED,
        IDLE,
        CLOSE
    }

    /** Throws whatever it is, checked or not, as code of other JVM languages does. */
    static void sneak(Throwable failure) {
        HostileHandlerTest.<RuntimeException>throwUnchecked(failure);
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void throwUnchecked(Throwable failure) throws E {
        throw (E) failure;
    }

    /** Fails in one callback. */
    private static final class Failing extends Recorder {
        private final Callback where;
        private final Throwable failure;

        Failing(Callback where, Throwable failure) {
            this.where = where;
            this.failure = failure;
        }

        private void fail(Callback callback) {
            if (callback == where) {
                sneak(failure);
            }
        }

        @Override
        public void onOpen(StreamSocket socket) {
            super.onOpen(socket);
            fail(Callback.OPEN);
        }

        @Override
        public void onData(StreamSocket socket, ReceivedBuffer data) {
            fail(Callback.DATA);
            super.onData(socket, data);
            socket.write(ByteBuffer.allocate(2 << 20));
        }

        @Override
        public void onEndOfInput(StreamSocket socket) {
            fail(Callback.END);
            super.onEndOfInput(socket);
        }

        @Override
        public void onWritable(StreamSocket socket) {
            fail(Callback.WRITABLE);
        }

        @Override
        public void onDrained(StreamSocket socket) {
            fail(Callback.DRAINED);
        }

        @Override
        public void onIdle(StreamSocket socket) {
            fail(Callback.IDLE);
        }

        @Override
        public void onClose(StreamSocket socket, IOException cause) {
            super.onClose(socket, cause);
            fail(Callback.CLOSE);
        }
    }

    static List<Throwable> failures() {
        return List.of(
                new Exception("checked, on purpose"),
                new StackOverflowError("on purpose"),
                new OutOfMemoryError("on purpose"),
                new AssertionError("on purpose"));
    }

    @ParameterizedTest
    @EnumSource
    void failureOfACallbackEndsItsConnectionOnly(Callback where) throws Exception {
        StreamConfig config =
                StreamConfig.defaults().withIdleNanos(TimeUnit.MILLISECONDS.toNanos(300));
        try (Loops loops = Loops.start(1);
                Peer healthy = Peer.connect(loops.serve(new Echo()))) {
            for (Throwable failure : failures()) {
                Failing server = new Failing(where, failure);
                try (Peer peer = Peer.connect(loops.serve(config, server))) {
                    provoke(peer, where);
                    IOException cause = server.closeCause();
                    if (where == Callback.CLOSE) {
                        assertNull(cause);
                    } else {
                        assertNotNull(cause);
                        assertEquals(failure, cause.getCause());
                    }
                    assertEquals(1, server.closes.get());
                }
                assertEquals("ping", healthy.send("ping").readText(4));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void failureOfACallbackOnAnExecutorEndsItsConnectionOnly(Callback where) throws Exception {
        StreamConfig stream =
                StreamConfig.defaults().withIdleNanos(TimeUnit.MILLISECONDS.toNanos(300));
        ListenerConfig config =
                ListenerConfig.of(Loops.loopback())
                        .withStream(stream)
                        .withExecutor(Thread::startVirtualThread);
        try (Loops loops = Loops.start(1)) {
            for (Throwable failure : failures()) {
                Failing server = new Failing(where, failure);
                Listener listener = loops.listen(config, _ -> server);
                try (Peer peer = Peer.connect(listener.address())) {
                    provoke(peer, where);
                    IOException cause = server.closeCause();
                    assertEquals(
                            where == Callback.CLOSE ? null : failure,
                            cause == null ? null : cause.getCause());
                    assertEquals(1, server.closes.get());
                }
            }
        }
    }

    private static void provoke(Peer peer, Callback where) {
        try {
            switch (where) {
                case OPEN, IDLE -> {}
                case DATA -> peer.send("x");
                case WRITABLE, DRAINED -> peer.send("x").readToEnd();
                case END, CLOSE -> peer.shutdownOutput();
            }
        } catch (IOException e) {
            assertNotNull(e.getMessage(), "the server has reset the connection already");
        }
    }

    enum Refusing {
        RETURNS_NOTHING,
        THROWS,
        CLOSES_AND_THROWS,
        ABORTS_AND_RETURNS_NOTHING
    }

    /** With as many good ones in between, whose descriptor a second close would hit. */
    @ParameterizedTest
    @EnumSource
    void acceptorThatFailsLosesThatConnectionOnly(Refusing how) throws Exception {
        AtomicInteger count = new AtomicInteger();
        StreamAcceptor acceptor =
                socket -> {
                    if (count.getAndIncrement() % 2 == 0) {
                        return new Echo();
                    }
                    switch (how) {
                        case RETURNS_NOTHING -> {}
                        case THROWS -> throw new IllegalStateException("on purpose");
                        case CLOSES_AND_THROWS -> {
                            socket.close();
                            throw new IllegalStateException("on purpose");
                        }
                        case ABORTS_AND_RETURNS_NOTHING -> socket.abort(new IOException("no"));
                    }
                    return null;
                };
        List<Peer> good = new ArrayList<>();
        try (Loops loops = Loops.start(1)) {
            SocketAddress address = loops.listen(acceptor).address();
            for (int i = 0; i < 50; i++) {
                good.add(Peer.connect(address).send("ping"));
                assertEquals("ping", good.getLast().readText(4));
                try (Peer refused = Peer.connect(address)) {
                    assertEnds(refused);
                }
            }
            for (Peer peer : good) {
                assertEquals("pong", peer.send("pong").readText(4));
                peer.close();
            }
        }
    }

    private static void assertEnds(Peer peer) {
        try {
            peer.assertEnd();
        } catch (IOException reset) {
            assertNotNull(reset.getMessage());
        }
    }

    @Test
    void connectionThatItsAcceptorClosesIsNeverIdle() throws Exception {
        AtomicInteger idles = new AtomicInteger();
        Recorder handler =
                new Recorder() {
                    @Override
                    public void onIdle(StreamSocket socket) {
                        idles.incrementAndGet();
                    }
                };
        StreamConfig config =
                StreamConfig.defaults().withIdleNanos(TimeUnit.MILLISECONDS.toNanos(20));
        try (Loops loops = Loops.start(1)) {
            StreamAcceptor closing =
                    socket -> {
                        socket.close();
                        return handler;
                    };
            try (Peer peer = Peer.connect(loops.listen(config, closing).address())) {
                peer.assertEnd();
                assertNull(handler.closeCause());
                Peer.pause(100);
                assertEquals(0, idles.get());
                assertEquals(1, handler.closes.get());
            }
        }
    }

    /** Gives its buffer away, and uses it on. */
    private static final class Greedy extends Recorder {
        private final boolean twice;
        final CompletableFuture<Throwable> refusal = new CompletableFuture<>();

        Greedy(boolean twice) {
            this.twice = twice;
        }

        @Override
        public void onData(StreamSocket socket, ReceivedBuffer data) {
            assertTrue(socket.write(data));
            try {
                if (twice) {
                    boolean _ = socket.write(data);
                } else {
                    data.release();
                }
                refusal.complete(null);
            } catch (RuntimeException e) {
                refusal.complete(e);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void bufferThatIsBeingSentIsTheSendersAlone(boolean twice) throws Exception {
        Greedy server = new Greedy(twice);
        try (Loops loops = Loops.start(1);
                Peer healthy = Peer.connect(loops.serve(new Echo()));
                Peer peer = Peer.connect(loops.serve(server))) {
            assertEquals("once", peer.send("once").readText(4));
            assertInstanceOf(IllegalStateException.class, Loops.get(server.refusal));
            assertEquals("again", peer.send("again").readText(5), "nothing is harmed");
            assertEquals("alive", healthy.send("alive").readText(5));
        }
    }

    @Test
    void callbacksMayCallEverything() throws Exception {
        try (Loops loops = Loops.start(1);
                Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(100);
            AtomicInteger told = new AtomicInteger();
            Recorder server =
                    new Recorder() {
                        @Override
                        public void onData(StreamSocket socket, ReceivedBuffer data) {
                            super.onData(socket, data);
                            socket.pauseReading();
                            socket.resumeReading();
                            socket.resumeReading();
                            socket.write(memory, _ -> socket.write(ByteBuffer.wrap(new byte[1])));
                        }

                        @Override
                        public void onDrained(StreamSocket socket) {
                            socket.shutdownOutput();
                            socket.shutdownOutput();
                            socket.close();
                            socket.close();
                        }

                        @Override
                        public void onClose(StreamSocket socket, IOException cause) {
                            super.onClose(socket, cause);
                            socket.close();
                            socket.abort(new IOException("too late"));
                            socket.pauseReading();
                            socket.resumeReading();
                            socket.shutdownOutput();
                            assertFalse(socket.write(ByteBuffer.allocate(1)));
                            assertFalse(socket.write(memory, _ -> told.incrementAndGet()));
                            assertNull(socket.remoteAddress());
                            socket.awaitWritable(told::incrementAndGet);
                        }
                    };
            try (Peer peer = Peer.connect(loops.serve(server))) {
                peer.send("x");
                assertEquals(101, peer.readToEnd().length);
            }
            assertNull(server.closeCause());
            io.uring.testkit.Eventually.isTrue(Loops.LIMIT, "told", () -> told.get() == 2);
            assertEquals(1, server.closes.get());
        }
    }

    @Test
    void bufferKeptBeyondTheLoopIsReadableAndCrashesNothing() throws Exception {
        CompletableFuture<ReceivedBuffer> kept = new CompletableFuture<>();
        StreamHandler keeping =
                new StreamHandler() {
                    @Override
                    public void onData(StreamSocket socket, ReceivedBuffer data) {
                        kept.complete(data);
                    }
                };
        Loops loops = Loops.start(1);
        try (Peer peer = Peer.connect(loops.serve(keeping)).send("kept")) {
            ReceivedBuffer data = Loops.get(kept);
            loops.group().close();
            assertEquals(4, data.read(ByteBuffer.allocate(10)));
            data.release();
            assertThrows(IllegalStateException.class, () -> data.read(ByteBuffer.allocate(10)));
            assertThrows(IllegalStateException.class, data::release);
            assertThrows(IOException.class, () -> peer.read(1));
        }
    }

    @Test
    void releaseOnTheThreadOfALoopThatHasClosedDoesNothing() throws Exception {
        CompletableFuture<ReceivedBuffer> kept = new CompletableFuture<>();
        StreamHandler keeping =
                new StreamHandler() {
                    @Override
                    public void onData(StreamSocket socket, ReceivedBuffer data) {
                        kept.complete(data);
                    }
                };
        Loops loops = Loops.start(1);
        try (Peer peer = Peer.connect(loops.serve(keeping)).send("kept")) {
            ReceivedBuffer data = Loops.get(kept);
            CompletableFuture<Boolean> released =
                    loops.loop()
                            .terminated()
                            .thenApply(_ -> {
                                data.release();
                                return loops.loop().inLoop();
                            });
            loops.loop().shutdown(); // and nobody joins it, who could run this
            assertTrue(Loops.get(released), "on the loop's thread");
            loops.group().close();
            assertFalse(data.isLent());
            assertThrows(IOException.class, () -> peer.read(1));
        }
    }
}
