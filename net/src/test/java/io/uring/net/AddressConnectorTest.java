package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.EventLoop;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Of several addresses the first that answers wins, and nothing of the others is left. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class AddressConnectorTest {
    /** A listener whose queue is full: connecting to it gets no answer. */
    private static final class Silent implements AutoCloseable {
        private final ServerSocket server;
        private final List<SocketChannel> waiting = new ArrayList<>();

        Silent() throws IOException {
            server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            for (int i = 0; i < 4; i++) {
                SocketChannel channel = SocketChannel.open();
                channel.configureBlocking(false);
                channel.connect(address());
                waiting.add(channel);
            }
        }

        InetSocketAddress address() {
            return (InetSocketAddress) server.getLocalSocketAddress();
        }

        @Override
        public void close() throws IOException {
            for (SocketChannel channel : waiting) {
                channel.close();
            }
            server.close();
        }
    }

    private static InetSocketAddress refused(Loops loops) throws IOException {
        Listener gone = loops.listen(_ -> new Recorder());
        Loops.get(gone.close());
        return (InetSocketAddress) gone.address();
    }

    private final Recorder handler = new Recorder();
    private final CompletableFuture<IOException> failure = new CompletableFuture<>();

    private AddressConnector connect(Loops loops, long timeoutNanos, InetSocketAddress... to) {
        return AddressConnector.connect(
                loops.loop(),
                List.of(to),
                StreamConfig.defaults(),
                timeoutNanos,
                handler,
                failure::complete);
    }

    @Test
    void aRefusedAddressIsPassedOverAtOnce() throws Exception {
        try (Loops loops = Loops.start(1)) {
            InetSocketAddress good = (InetSocketAddress) loops.serve(new Echo());
            connect(loops, 0, refused(loops), good);
            assertEquals(good, handler.socket().remoteAddress());
            handler.onLoop(StreamSocket::close);
            assertEquals(false, failure.isDone());
        }
    }

    @Test
    void aSilentAddressIsOvertakenAfterTheStagger() throws Exception {
        try (Silent silent = new Silent();
                Loops loops = Loops.start(1)) {
            InetSocketAddress good = (InetSocketAddress) loops.serve(new Echo());
            long start = System.nanoTime();
            connect(loops, 0, silent.address(), good);
            assertEquals(good, handler.socket().remoteAddress());
            assertTrue(System.nanoTime() - start >= AddressConnector.STAGGER_NANOS);
            handler.onLoop(StreamSocket::close);
        }
    }

    @Test
    void whenAllFailEachFailureIsTold() throws Exception {
        try (Loops loops = Loops.start(1)) {
            connect(loops, 0, refused(loops), refused(loops));
            IOException cause = Loops.get(failure);
            assertInstanceOf(ConnectException.class, cause);
            assertEquals(2, cause.getSuppressed().length);
        }
    }

    @Test
    void theTimeoutIsForAllTogether() throws Exception {
        try (Silent silent = new Silent();
                Loops loops = Loops.start(1)) {
            connect(loops, TimeUnit.MILLISECONDS.toNanos(400), silent.address(), silent.address());
            assertInstanceOf(SocketTimeoutException.class, Loops.get(failure));
        }
    }

    @Test
    void cancelEndsAllAttempts() throws Exception {
        try (Silent silent = new Silent();
                Loops loops = Loops.start(1)) {
            connect(loops, 0, silent.address(), silent.address()).cancel();
            assertInstanceOf(CancellationException.class, Loops.get(failure).getCause());
        }
    }

    @Test
    void familiesTakeTurns() throws Exception {
        InetSocketAddress six = new InetSocketAddress(InetAddress.ofLiteral("::1"), 1);
        InetSocketAddress sixB = new InetSocketAddress(InetAddress.ofLiteral("::2"), 1);
        InetSocketAddress four = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 1);
        assertEquals(
                List.of(six, four, sixB), AddressConnector.interleaved(List.of(six, sixB, four)));
    }

    @Test
    void noAddressIsTheCallersError() throws Exception {
        try (Loops loops = Loops.start(1)) {
            assertThrows(IllegalArgumentException.class, () -> connect(loops, 0));
        }
    }

    @Test
    void theLeastLoadedLoopHasTheFewestSockets() throws Exception {
        try (Loops loops = Loops.start(2);
                Loops server = Loops.start(1)) {
            InetSocketAddress address = (InetSocketAddress) server.serve(new Echo());
            connect(loops, 0, address);
            EventLoop busy = loops.loop();
            Eventually.isTrue(Loops.LIMIT, "one", () -> busy.reactor().resourceCount() == 1);
            assertNotSame(busy, loops.group().leastLoaded());
            assertNotSame(busy, loops.group().leastLoaded());
            assertSame(loops.group().loops().get(1), loops.group().leastLoaded());
            handler.onLoop(StreamSocket::close);
        }
    }
}
