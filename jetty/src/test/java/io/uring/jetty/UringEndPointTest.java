package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.net.StreamSocket;
import io.uring.testkit.Eventually;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.AbstractConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Invocable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The moments that a client cannot bring about at will. */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class UringEndPointTest {
    private final AtomicInteger signals = new AtomicInteger();

    private interface Check {
        void run(UringEndPoint endPoint, StreamSocket socket, RawClient client) throws Exception;
    }

    /** Between a failure and onClose the socket takes nothing, and tells nobody so. */
    @ParameterizedTest
    @EnumSource(Invocable.InvocationType.class)
    void writeOnTheLoopWhileTheSocketClosesFails(Invocable.InvocationType type) throws Exception {
        withConnection((endPoint, socket, client) -> {
            var written = new Written(type);
            socket.reactor()
                    .execute(() -> {
                        socket.abort(new IOException("for the test"));
                        endPoint.write(written, ByteBuffer.allocate(1000));
                    });
            written.assertFailed();
        });
    }

    @ParameterizedTest
    @EnumSource(Invocable.InvocationType.class)
    void writeThatWaitsFailsWhenTheSocketDoes(Invocable.InvocationType type) throws Exception {
        withConnection((endPoint, socket, client) -> {
            var written = new Written(type);
            endPoint.write(written, ByteBuffer.allocate(32 << 20));
            assertTrue(endPoint.getWriteFlusher().isPending());
            socket.reactor().execute(() -> socket.abort(new IOException("for the test")));
            written.assertFailed();
        });
    }

    /** A response that Jetty has written completely is not lost because the connection closes. */
    @Test
    void closeSendsWhatWasWritten() throws Exception {
        withConnection((endPoint, socket, client) -> {
            ByteBuffer bytes = ByteBuffer.wrap(Pattern.bytes(60_000));
            socket.reactor()
                    .execute(() -> {
                        endPoint.write(Callback.NOOP, bytes);
                        endPoint.close();
                    });
            Pattern pattern = new Pattern();
            byte[] all = client.in.readAllBytes();
            pattern.check(all, 0, all.length);
            assertEquals(60_000, all.length);
        });
    }

    /**
     * Of two signals for one interest the second would run the next callback, on the wrong thread.
     */
    @Test
    void interestIsSignalledOnceThoughDataAndRegistrationMeet() throws Exception {
        withConnection((endPoint, socket, client) -> {
            for (int i = 0; i < 2000; i++) {
                int before = signals.get();
                if (i % 2 == 0) {
                    client.send("x");
                }
                endPoint.fillInterested(
                        Callback.from(
                                Invocable.InvocationType.NON_BLOCKING, signals::incrementAndGet));
                if (i % 2 != 0) {
                    client.send("x");
                }
                Eventually.isTrue(
                        Duration.ofSeconds(5), "signalled", () -> signals.get() == before + 1);
                ByteBuffer target = ByteBuffer.allocate(16).flip();
                Eventually.isTrue(
                        Duration.ofSeconds(5), "filled", () -> endPoint.fill(target) == 1);
            }
            assertEquals(2000, signals.get());
        });
    }

    /** With an endpoint that no protocol uses. */
    private static void withConnection(Check check) throws Exception {
        try (TestServer server = new TestServer(Transport.URING, new NoProtocol())) {
            server.start(new PatternHandler(Invocable.InvocationType.BLOCKING));
            try (RawClient client = new RawClient(server.port(), 8192)) {
                Eventually.isTrue(
                        Duration.ofSeconds(5),
                        "connected",
                        () -> !server.connector.getConnectedEndPoints().isEmpty());
                EndPoint open = server.connector.getConnectedEndPoints().iterator().next();
                UringEndPoint endPoint = (UringEndPoint) open;
                var field = UringEndPoint.class.getDeclaredField("socket");
                field.setAccessible(true);
                check.run(endPoint, (StreamSocket) field.get(endPoint), client);
                endPoint.close();
            }
        }
    }

    private static final class NoProtocol extends AbstractConnectionFactory {
        NoProtocol() {
            super("none");
        }

        @Override
        public Connection newConnection(Connector connector, EndPoint endPoint) {
            return configure(
                    new AbstractConnection(endPoint, connector.getExecutor()) {
                        @Override
                        public void onFillable() {}
                    },
                    connector,
                    endPoint);
        }
    }

    private static final class Written extends CompletableFuture<Void> implements Callback {
        private final InvocationType type;

        Written(InvocationType type) {
            this.type = type;
        }

        @Override
        public void succeeded() {
            complete(null);
        }

        @Override
        public void failed(Throwable cause) {
            completeExceptionally(cause);
        }

        @Override
        public InvocationType getInvocationType() {
            return type;
        }

        void assertFailed() throws Exception {
            try {
                get(10, TimeUnit.SECONDS);
                throw new AssertionError("it did not fail");
            } catch (ExecutionException e) {
                assertInstanceOf(IOException.class, e.getCause());
            }
        }
    }
}
