package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.NothingLeft;
import io.uring.testkit.OpenDescriptors;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Attempts to connect end once, with a connection or without a descriptor. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class ConnectorTest {
    @TempDir Path directory;

    /** One attempt and what came of it. */
    private static final class Attempt {
        final Recorder handler = new Recorder();
        final CompletableFuture<IOException> failure = new CompletableFuture<>();
        final AtomicInteger failures = new AtomicInteger();
        final Connector connector;

        Attempt(Loops loops, SocketAddress address, long timeoutNanos) {
            connector =
                    Connector.connect(
                            loops.loop(),
                            address,
                            StreamConfig.defaults(),
                            timeoutNanos,
                            handler,
                            cause -> {
                                failures.incrementAndGet();
                                failure.complete(cause);
                            });
        }

        IOException awaitFailure(Loops loops) {
            IOException cause = Loops.get(failure);
            loops.call(() -> true); // what follows has happened
            assertEquals(1, failures.get());
            assertEquals(false, handler.opened.isDone());
            return cause;
        }
    }

    /** A listener whose queue is full: connecting to it gets no answer. */
    private static final class Full implements AutoCloseable {
        private final ServerSocket server;
        private final List<SocketChannel> waiting = new ArrayList<>();

        Full() throws IOException {
            server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            for (int i = 0; i < 4; i++) {
                SocketChannel channel = SocketChannel.open();
                channel.configureBlocking(false);
                channel.connect(address());
                waiting.add(channel);
            }
            Peer.pause(50);
        }

        SocketAddress address() {
            return server.getLocalSocketAddress();
        }

        @Override
        public void close() throws IOException {
            for (SocketChannel channel : waiting) {
                channel.close();
            }
            server.close();
        }
    }

    @Test
    void connectsAndExchangesBytes() throws Exception {
        try (Loops loops = Loops.start(1)) {
            SocketAddress address = loops.serve(new Echo());
            Attempt attempt = new Attempt(loops, address, TimeUnit.SECONDS.toNanos(5));
            attempt.handler.onLoop(socket -> socket.write(ByteBuffer.wrap(new byte[1000])));
            io.uring.testkit.Eventually.isTrue(
                    Loops.LIMIT, "echo", () -> attempt.handler.received.get() == 1000);
            assertEquals(address, attempt.handler.socket().remoteAddress());
            attempt.handler.onLoop(StreamSocket::close);
            attempt.handler.closeCause();
            assertEquals(0, attempt.failures.get());
        }
    }

    @Test
    void connectsToAUnixPath() throws Exception {
        SocketAddress path = UnixDomainSocketAddress.of(directory.resolve("socket"));
        try (Loops loops = Loops.start(1)) {
            loops.listen(ListenerConfig.of(path), _ -> new Echo());
            Attempt attempt = new Attempt(loops, path, 0);
            attempt.handler.onLoop(StreamSocket::close);
            attempt.handler.closeCause();
        }
    }

    @Test
    void refusalNamesTheAddress() throws Exception {
        try (Loops loops = Loops.start(1)) {
            SocketAddress address;
            try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                address = gone.getLocalSocketAddress();
            }
            IOException e = new Attempt(loops, address, 0).awaitFailure(loops);
            assertInstanceOf(ConnectException.class, e);
            assertTrue(e.getMessage().contains("ECONNREFUSED"), e::getMessage);
            assertTrue(e.getMessage().contains(address.toString()), e::getMessage);
        }
    }

    @Test
    void missingUnixPathIsRefused() throws Exception {
        SocketAddress path = UnixDomainSocketAddress.of(directory.resolve("nobody"));
        try (Loops loops = Loops.start(1)) {
            assertInstanceOf(
                    ConnectException.class, new Attempt(loops, path, 0).awaitFailure(loops));
        }
    }

    @Test
    void noAnswerTimesOut() throws Exception {
        long timeout = TimeUnit.MILLISECONDS.toNanos(150);
        try (Full full = new Full();
                Loops loops = Loops.start(1)) {
            long start = System.nanoTime();
            IOException e = new Attempt(loops, full.address(), timeout).awaitFailure(loops);
            long taken = System.nanoTime() - start;
            assertInstanceOf(SocketTimeoutException.class, e);
            assertTrue(taken >= timeout && taken < 50 * timeout, () -> taken + " ns");
        }
    }

    @Test
    void cancelEndsAnAttemptWithoutAnswer() throws Exception {
        try (Full full = new Full();
                Loops loops = Loops.start(1)) {
            Attempt attempt = new Attempt(loops, full.address(), 0);
            Peer.pause(20);
            attempt.connector.cancel();
            attempt.connector.cancel();
            assertInstanceOf(CancellationException.class, attempt.awaitFailure(loops).getCause());
        }
    }

    @Test
    void cancelBeforeItBeginsOpensNothing() throws Exception {
        try (Loops loops = Loops.start(1)) {
            SocketAddress address = loops.serve(new Echo());
            CompletableFuture<Attempt> made = new CompletableFuture<>();
            loops.call(() -> {
                // On the loop, so that the start is still in its queue.
                Attempt attempt = new Attempt(loops, address, 0);
                attempt.connector.cancel();
                return made.complete(attempt);
            });
            Attempt attempt = Loops.get(made);
            attempt.awaitFailure(loops);
        }
    }

    @Test
    void cancelAfterTheConnectionIsThereChangesNothing() throws Exception {
        try (Loops loops = Loops.start(1)) {
            Attempt attempt = new Attempt(loops, loops.serve(new Echo()), 0);
            attempt.handler.socket();
            attempt.connector.cancel();
            attempt.handler.onLoop(socket -> assertTrue(socket.isOpen()));
            assertEquals(0, attempt.failures.get());
            attempt.handler.onLoop(StreamSocket::close);
            attempt.handler.closeCause();
        }
    }

    @Test
    void cancelRacingWithSuccessEndsInExactlyOneWay() throws Exception {
        try (Loops loops = Loops.start(1)) {
            SocketAddress address = loops.listen(_ -> new Echo()).address();
            for (int i = 0; i < 300; i++) {
                Attempt attempt = new Attempt(loops, address, 0);
                for (int spin = i * 20; spin > 0; spin--) {
                    Thread.onSpinWait();
                }
                attempt.connector.cancel();
                Loops.get(
                        CompletableFuture.anyOf(attempt.failure, attempt.handler.opened)
                                .thenApply(_ -> true));
                loops.call(() -> true);
                boolean opened = attempt.handler.opened.isDone();
                assertEquals(opened ? 0 : 1, attempt.failures.get());
                if (opened) {
                    attempt.handler.onLoop(StreamSocket::close);
                }
            }
        }
    }

    @Test
    void closingTheLoopFailsTheAttempt() throws Exception {
        try (Full full = new Full()) {
            Loops loops = Loops.start(1);
            Attempt attempt = new Attempt(loops, full.address(), 0);
            Peer.pause(20);
            loops.closeLoops();
            assertTrue(Loops.get(attempt.failure).getMessage().contains("closed"));
        }
    }

    @Test
    void failuresLeakNoDescriptor() throws Exception {
        try (Loops loops = Loops.start(1)) {
            SocketAddress nobody = UnixDomainSocketAddress.of(directory.resolve("nobody"));
            new Attempt(loops, nobody, 0).awaitFailure(loops);
            OpenDescriptors before = OpenDescriptors.now();
            for (int i = 0; i < 200; i++) {
                new Attempt(loops, nobody, TimeUnit.SECONDS.toNanos(1)).awaitFailure(loops);
            }
            before.awaitReturn(Loops.LIMIT);
        }
    }

    @Test
    void unusableAddressesAreTheCallersError() {
        SocketAddress unresolved = InetSocketAddress.createUnresolved("nowhere.invalid", 80);
        SocketAddress tooLong = UnixDomainSocketAddress.of("/" + "x".repeat(120));
        try (Loops loops = Loops.start(1)) {
            for (SocketAddress address : List.of(unresolved, tooLong)) {
                assertThrows(IllegalArgumentException.class, () -> new Attempt(loops, address, 0));
            }
        }
    }
}
