package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.uring.testkit.Eventually;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.core.CloseStatus;
import org.eclipse.jetty.websocket.core.Configuration;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.FrameHandler;
import org.eclipse.jetty.websocket.core.OpCode;
import org.eclipse.jetty.websocket.core.client.WebSocketCoreClient;
import org.eclipse.jetty.websocket.core.server.WebSocketNegotiator;
import org.eclipse.jetty.websocket.core.server.WebSocketUpgradeHandler;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An upgrade puts another connection on the endpoint. */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WebSocketTest {
    private static final int LARGE_BYTES = 8 << 20;

    @ParameterizedTest
    @EnumSource(Transport.class)
    void messagesOfAllSizesAreEchoed(Transport transport) throws Exception {
        withSession(
                transport,
                (server, session, client) -> {
                    for (int bytes : new int[] {0, 1, 125, 126, 65_535, 65_536, LARGE_BYTES}) {
                        byte[] message = Pattern.bytes(bytes);
                        session.sendFrame(
                                new Frame(OpCode.BINARY, ByteBuffer.wrap(message)),
                                Callback.NOOP,
                                false);
                        assertArrayEquals(message, client.messages.poll(20, TimeUnit.SECONDS));
                    }
                    session.close(CloseStatus.NORMAL, "done", Callback.NOOP);
                    assertEquals(CloseStatus.NORMAL, client.closed.get(10, TimeUnit.SECONDS));
                    server.awaitNothingHeld();
                });
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void manyMessagesKeepTheirOrder(Transport transport) throws Exception {
        withSession(
                transport,
                (server, session, client) -> {
                    for (int i = 0; i < 1000; i++) {
                        session.sendFrame(
                                new Frame(OpCode.BINARY, Integer.toString(i)),
                                Callback.NOOP,
                                false);
                    }
                    for (int i = 0; i < 1000; i++) {
                        byte[] message = client.messages.poll(20, TimeUnit.SECONDS);
                        assertEquals(
                                Integer.toString(i),
                                new String(message, java.nio.charset.StandardCharsets.UTF_8));
                    }
                    session.abort();
                    server.awaitNothingHeld();
                });
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void stoppedServerClosesSessions(Transport transport) throws Exception {
        withSession(
                transport,
                (server, session, client) -> {
                    server.server.stop();
                    Eventually.isTrue(
                            Duration.ofSeconds(10), "closed", () -> client.closed.isDone());
                });
    }

    private interface Body {
        void run(TestServer server, CoreSession session, Client client) throws Exception;
    }

    private static void withSession(Transport transport, Body body) throws Exception {
        TestServer server = new TestServer(transport);
        WebSocketCoreClient webSocket = new WebSocketCoreClient();
        try (server) {
            WebSocketUpgradeHandler upgrade = new WebSocketUpgradeHandler();
            upgrade.addMapping("/echo", negotiator());
            server.start(upgrade);
            webSocket.start();
            Client client = new Client();
            CoreSession session =
                    webSocket
                            .connect(
                                    client, URI.create("ws://127.0.0.1:" + server.port() + "/echo"))
                            .get(10, TimeUnit.SECONDS);
            client.limits(session);
            body.run(server, session, client);
        } finally {
            webSocket.stop();
        }
    }

    private static WebSocketNegotiator negotiator() {
        return (request, response, callback) -> new Echo();
    }

    /** Large messages in one frame. */
    private abstract static class Handler implements FrameHandler {
        void limits(Configuration session) {
            session.setAutoFragment(false);
            session.setMaxFrameSize(0);
            session.setMaxBinaryMessageSize(0);
        }

        @Override
        public void onError(Throwable cause, Callback callback) {
            callback.succeeded();
        }
    }

    private static final class Echo extends Handler {
        private CoreSession session;

        @Override
        public void onOpen(CoreSession opened, Callback callback) {
            session = opened;
            limits(opened);
            callback.succeeded();
            opened.demand();
        }

        @Override
        public void onFrame(Frame frame, Callback callback) {
            Callback next =
                    Callback.from(
                            () -> {
                                callback.succeeded();
                                session.demand();
                            },
                            callback::failed);
            if (frame.getOpCode() == OpCode.CLOSE) {
                session.close(CloseStatus.NORMAL, "bye", callback);
            } else {
                Frame echo = new Frame(frame.getOpCode(), frame.isFin(), frame.getPayload());
                session.sendFrame(echo, next, false);
            }
        }

        @Override
        public void onClosed(CloseStatus status, Callback callback) {
            callback.succeeded();
        }
    }

    private static final class Client extends Handler {
        private final BlockingQueue<byte[]> messages = new LinkedBlockingQueue<>();
        private final CompletableFuture<Integer> closed = new CompletableFuture<>();
        private final java.io.ByteArrayOutputStream message = new java.io.ByteArrayOutputStream();
        private CoreSession session;

        @Override
        public void onOpen(CoreSession opened, Callback callback) {
            session = opened;
            limits(opened);
            callback.succeeded();
            opened.demand();
        }

        @Override
        public void onFrame(Frame frame, Callback callback) {
            if (OpCode.isDataFrame(frame.getOpCode())) {
                byte[] payload = new byte[frame.getPayloadLength()];
                frame.getPayload().get(payload);
                message.writeBytes(payload);
                if (frame.isFin()) {
                    messages.add(message.toByteArray());
                    message.reset();
                }
            }
            callback.succeeded();
            session.demand();
        }

        @Override
        public void onClosed(CloseStatus status, Callback callback) {
            closed.complete(status.getCode());
            callback.succeeded();
        }
    }
}
