package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sending on another thread than the loop's. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class TrySendTest {
    @Test
    void bytesGoAtOnceUntilTheKernelTakesNoMore() throws Exception {
        Recorder server = new Recorder();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            StreamSocket socket = server.socket();
            MemorySegment data = arena.allocate(1 << 20);
            long sent = 0;
            int count = socket.trySend(data, 0, 1 << 20);
            while (count > 0) {
                sent += count;
                count = socket.trySend(data, 0, 1 << 20);
            }
            CompletableFuture<Boolean> room = new CompletableFuture<>();
            socket.reactor().execute(() -> socket.awaitWritable(() -> room.complete(true)));
            Peer.pause(50);
            assertEquals(false, room.isDone(), "nobody has read");
            peer.read(Math.toIntExact(sent));
            Loops.get(room);
            assertTrue(socket.trySend(data, 0, 10) > 0);
            peer.close();
            server.closeCause();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void waiterForRoomIsToldWhenTheConnectionEnds(boolean abort) throws Exception {
        Recorder server = new Recorder();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            StreamSocket socket = server.socket();
            MemorySegment data = arena.allocate(1 << 20);
            while (socket.trySend(data, 0, 1 << 20) > 0) {}
            AtomicInteger told = new AtomicInteger();
            server.onLoop(s -> s.awaitWritable(told::incrementAndGet));
            server.onLoop(s -> {
                if (abort) {
                    s.abort(new IOException("over"));
                } else {
                    s.close();
                }
            });
            server.closeCause();
            assertEquals(1, told.get());
            server.onLoop(s -> s.awaitWritable(told::incrementAndGet));
            loops.call(() -> true);
            assertEquals(2, told.get());
            peer.close();
        }
    }

    @Test
    void closedConnectionThrows() throws Exception {
        Recorder server = new Recorder();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            MemorySegment data = arena.allocate(10);
            assertThrows(
                    IndexOutOfBoundsException.class, () -> server.socket().trySend(data, 5, 10));
            server.onLoop(StreamSocket::close);
            server.closeCause();
            assertThrows(ClosedChannelException.class, () -> server.socket().trySend(data, 0, 10));
            peer.assertEnd();
        }
    }

    @Test
    void resetThatASendIsToldFirstIsTheConnectionsCauseAndNoEndOfInput() throws Exception {
        Recorder server = new Recorder();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(StreamSocket::pauseReading);
            loops.call(() -> true); // now nothing receives, which could be told first
            Eventually.isTrue(Loops.LIMIT, "paused", () -> Loops.pending(loops.loop()) <= 1);
            peer.reset();
            MemorySegment data = arena.allocate(10);
            IOException failure =
                    assertThrows(
                            IOException.class,
                            () -> {
                                while (true) {
                                    server.socket().trySend(data, 0, 10);
                                }
                            });
            assertTrue(failure.getMessage().contains("ECONNRESET"), failure::getMessage);
            server.socket().reactor().execute(server.socket()::resumeReading);
            assertEquals(failure.getMessage(), String.valueOf(messageOf(server.closeCause())));
            assertEquals(0, server.ends.get());
        }
    }

    private static String messageOf(IOException cause) {
        return cause == null ? null : cause.getMessage();
    }

    @Test
    void sendAfterTheEndOfOutputBreaksNothing() throws Exception {
        Recorder server = new Recorder();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(StreamSocket::shutdownOutput);
            peer.assertEnd();
            MemorySegment data = arena.allocate(10);
            assertThrows(IOException.class, () -> server.socket().trySend(data, 0, 10));
            peer.send("still read").shutdownOutput();
            assertNull(server.closeCause());
            assertEquals(10, server.received.get());
        }
    }

    /** Each connection's bytes are its own number: a reused descriptor would show. */
    @Test
    void closingNeverLetsBytesReachAnotherConnection() throws Exception {
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1)) {
            List<Recorder> servers = new ArrayList<>();
            Listener listener =
                    loops.listen(_ -> {
                        Recorder recorder = new Recorder();
                        servers.add(recorder);
                        return recorder;
                    });
            for (int i = 0; i < 300; i++) {
                byte mark = (byte) (1 + i % 100);
                MemorySegment data = arena.allocate(64).fill(mark);
                try (Peer peer = Peer.connect(listener.address())) {
                    int index = i;
                    Eventually.isTrue(
                            Loops.LIMIT,
                            "accepted",
                            () -> loops.call(() -> servers.size() > index));
                    Recorder server = loops.call(() -> servers.get(index));
                    StreamSocket socket = server.socket();
                    CompletableFuture<Boolean> first = sendUntilClosed(socket, data);
                    CompletableFuture<Boolean> second = sendUntilClosed(socket, data);
                    socket.reactor().execute(socket::close);
                    for (byte b : peer.readToEnd()) {
                        assertEquals(mark, b);
                    }
                    Loops.get(first);
                    Loops.get(second);
                    server.closeCause();
                }
            }
        }
    }

    private static CompletableFuture<Boolean> sendUntilClosed(
            StreamSocket socket, MemorySegment data) {
        return Background.run(() -> {
            try {
                while (true) {
                    if (socket.trySend(data, 0, 64) == 0) {
                        Thread.onSpinWait();
                    }
                }
            } catch (IOException closed) {
                return true;
            }
        });
    }
}
