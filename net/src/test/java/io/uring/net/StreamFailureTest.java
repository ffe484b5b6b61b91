package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.uring.reactor.ReceivedBuffer;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Faults of the application cost its own connection, and nothing else. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class StreamFailureTest {
    private static final class Broken extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Broken(String where) {
            super("on purpose, in " + where);
        }
    }

    /** One connection fails, the next one is served by the same loop. */
    private static void assertAborted(Supplier<Recorder> broken) throws Exception {
        Recorder first = broken.get();
        try (Loops loops = Loops.start(1);
                Peer healthy = Peer.connect(loops.serve(new Echo()))) {
            try (Peer peer = Peer.connect(loops.serve(first))) {
                try {
                    peer.send("something").shutdownOutput();
                } catch (IOException alreadyReset) {
                    // it is what this is about
                }
                IOException cause = first.closeCause();
                assertInstanceOf(Broken.class, cause.getCause());
            }
            assertEquals("alive", healthy.send("alive").readText(5));
            assertEquals(1, first.closes.get());
        }
    }

    @Test
    void failingOnOpenAbortsTheConnection() throws Exception {
        assertAborted(() ->
                new Recorder() {
                    @Override
                    public void onOpen(StreamSocket socket) {
                        throw new Broken("onOpen");
                    }
                });
    }

    @Test
    void failingOnDataAbortsTheConnection() throws Exception {
        assertAborted(() ->
                new Recorder() {
                    @Override
                    public void onData(StreamSocket socket, ReceivedBuffer data) {
                        data.release();
                        throw new Broken("onData");
                    }
                });
    }

    @Test
    void failingOnDataGivesTheBufferBack() throws Exception {
        assertAborted(() ->
                new Recorder() {
                    @Override
                    public void onData(StreamSocket socket, ReceivedBuffer data) {
                        throw new Broken("onData, which holds the buffer");
                    }
                });
    }

    @Test
    void failingOnDataAfterItsWriteGivesTheBufferBackOnce() throws Exception {
        assertAborted(() ->
                new Recorder() {
                    @Override
                    public void onData(StreamSocket socket, ReceivedBuffer data) {
                        socket.write(data);
                        throw new Broken("onData, after a write");
                    }
                });
    }

    @Test
    void failingOnEndOfInputAbortsTheConnection() throws Exception {
        assertAborted(() ->
                new Recorder() {
                    @Override
                    void atEnd(StreamSocket socket) {
                        throw new Broken("onEndOfInput");
                    }
                });
    }

    @Test
    void failingOnDrainedAbortsTheConnection() throws Exception {
        assertAborted(() ->
                new Echo() {
                    @Override
                    void atEnd(StreamSocket socket) {}

                    @Override
                    public void onDrained(StreamSocket socket) {
                        throw new Broken("onDrained");
                    }
                });
    }

    @Test
    void failingOnCloseLeavesTheLoopAlive() throws Exception {
        Recorder first =
                new Recorder() {
                    @Override
                    public void onClose(StreamSocket socket, IOException cause) {
                        super.onClose(socket, cause);
                        throw new Broken("onClose");
                    }
                };
        try (Loops loops = Loops.start(1);
                Peer healthy = Peer.connect(loops.serve(new Echo()));
                Peer peer = Peer.connect(loops.serve(first))) {
            peer.shutdownOutput();
            first.closeCause();
            assertEquals("alive", healthy.send("alive").readText(5));
        }
    }

    @Test
    void acceptorWithoutAHandlerClosesTheConnection() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        try (Loops loops = Loops.start(1)) {
            Listener listener =
                    loops.listen(_ -> {
                        if (asked.getAndIncrement() == 0) {
                            throw new Broken("accepted");
                        }
                        return new Echo();
                    });
            try (Peer refused = Peer.connect(listener.address());
                    Peer served = Peer.connect(listener.address())) {
                refused.assertEnd();
                assertEquals("alive", served.send("alive").readText(5));
            }
        }
    }

    @Test
    void failingWriteListenerDoesNotRepeatOrLoseBytes() throws Exception {
        Recorder server = new Recorder();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            MemorySegment memory = arena.allocateFrom("0123456789");
            AtomicInteger told = new AtomicInteger();
            server.onLoop(socket -> {
                for (int i = 0; i < 5; i++) {
                    int at = i * 2;
                    socket.write(
                            memory.asSlice(at, 2),
                            _ -> {
                                told.incrementAndGet();
                                throw new AssertionError("on purpose");
                            });
                }
                socket.close();
            });
            assertEquals(
                    "0123456789",
                    new String(peer.readToEnd(), java.nio.charset.StandardCharsets.UTF_8));
            assertNull(server.closeCause());
            assertEquals(5, told.get());
        }
    }

    @Test
    void writeListenerMayAbortTheConnection() throws Exception {
        Recorder server = new Recorder();
        IOException reason = new IOException("from a listener");
        AtomicInteger told = new AtomicInteger();
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            MemorySegment memory = arena.allocate(100);
            server.onLoop(socket -> {
                socket.write(
                        memory,
                        _ -> {
                            told.incrementAndGet();
                            try {
                                socket.abort(reason);
                            } catch (Throwable t) {
                                failure.complete(t);
                            }
                        });
                socket.write(memory, _ -> told.incrementAndGet());
            });
            assertEquals(reason, server.closeCause());
            assertEquals(2, told.get());
            assertNull(failure.getNow(null));
            peer.close();
        }
    }

    @Test
    void memoryThatIsClosedTooEarlyCostsOnlyItsConnection() throws Exception {
        Recorder server = new Recorder();
        CompletableFuture<IOException> told = new CompletableFuture<>();
        try (Loops loops = Loops.start(1);
                Peer healthy = Peer.connect(loops.serve(new Echo()));
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                try (Arena arena = Arena.ofShared()) {
                    socket.write(arena.allocate(100), told::complete);
                }
            });
            assertNotNull(server.closeCause());
            assertNotNull(Loops.get(told));
            assertEquals("alive", healthy.send("alive").readText(5));
            peer.close();
        }
    }

    @Test
    void emptyWritesAreTold() throws Exception {
        Recorder server = new Recorder();
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                socket.write(ByteBuffer.allocate(0));
                socket.write(MemorySegment.NULL, failure -> told.complete(failure == null));
            });
            assertEquals(true, Loops.get(told));
            peer.shutdownOutput();
            server.closeCause();
        }
    }
}
