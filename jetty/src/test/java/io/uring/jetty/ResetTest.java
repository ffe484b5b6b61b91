package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.uring.testkit.Eventually;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.AbstractEndPoint;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Invocable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients that go away in the middle of something. */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ResetTest {
    private static final int ROUNDS = 30;

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void resetInTheRequestBodyFailsTheReader(Mode mode) throws Exception {
        var failure = new CompletableFuture<Throwable>();
        var reading = new CountDownLatch(1);
        Handler handler =
                new Handler.Abstract(mode.type()) {
                    @Override
                    public boolean handle(Request request, Response response, Callback callback) {
                        Callback told =
                                Callback.from(
                                        callback::succeeded,
                                        cause -> {
                                            failure.complete(cause);
                                            callback.failed(cause);
                                        });
                        if (mode.blocking()) {
                            reading.countDown();
                            try {
                                Content.Source.asInputStream(request).readAllBytes();
                                told.succeeded();
                            } catch (IOException e) {
                                told.failed(e);
                            }
                        } else {
                            Content.Source.consumeAll(request, told);
                            reading.countDown();
                        }
                        return true;
                    }
                };
        try (TestServer server = TestServer.start(mode.transport(), handler)) {
            try (RawClient client = new RawClient(server.port())) {
                client.request("POST", "/", "Content-Length: 100000").send(Pattern.bytes(50_000));
                reading.await();
                client.reset();
            }
            assertNotNull(failure.get(10, TimeUnit.SECONDS));
            server.awaitNothingHeld();
            assertEquals(200, status(server));
        }
    }

    /** The client reads some of an endless response and resets; the writer must hear of it. */
    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void resetInTheResponseFailsTheWriter(Mode mode) throws Exception {
        resetInTheResponse(mode.transport(), new EndlessHandler(mode.type(), mode.type()));
    }

    /** The writer is on a thread of the pool, and lets the loop go on with what waits. */
    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void resetInTheResponseFailsACallbackOfAnotherKind(Mode mode) throws Exception {
        resetInTheResponse(
                mode.transport(),
                new EndlessHandler(Invocable.InvocationType.BLOCKING, mode.type(), true));
    }

    private static void resetInTheResponse(Transport transport, EndlessHandler handler)
            throws Exception {
        try (TestServer server = TestServer.start(transport, handler)) {
            for (int i = 0; i < ROUNDS; i++) {
                handler.failure = new CompletableFuture<>();
                try (RawClient client = new RawClient(server.port(), 8192)) {
                    client.get("/endless");
                    client.in.readNBytes(i * 10_000);
                    if (i % 3 == 0) {
                        Eventually.isTrue(
                                Duration.ofSeconds(10),
                                "the writer waits for room",
                                () -> writePending(server));
                    }
                    client.reset();
                }
                assertInstanceOf(IOException.class, handler.failure.get(10, TimeUnit.SECONDS));
            }
            server.awaitNothingHeld();
            assertEquals(200, status(server));
        }
    }

    private static boolean writePending(TestServer server) {
        return server.connector.getConnectedEndPoints().stream()
                .anyMatch(e -> ((AbstractEndPoint) e).getWriteFlusher().isPending());
    }

    /** Requests that are still being parsed when the reset comes in the same turn of the loop. */
    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#uring")
    void resetAfterManyPipelinedRequestsHarmsNobodyElse(Mode mode) throws Exception {
        try (TestServer server =
                TestServer.start(mode.transport(), new PatternHandler(mode.type()))) {
            byte[] requests =
                    "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                            .repeat(2000)
                            .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            for (int i = 0; i < ROUNDS; i++) {
                try (RawClient client = new RawClient(server.port(), 4096)) {
                    client.send(requests);
                    client.reset();
                }
            }
            server.awaitNothingHeld();
            assertEquals(200, status(server));
        }
    }

    private static int status(TestServer server) throws IOException {
        try (RawClient client = new RawClient(server.port())) {
            return client.get("/ok", "Connection: close").head().status();
        }
    }

    /** Writes until that fails. */
    private static final class EndlessHandler extends Handler.Abstract {
        volatile CompletableFuture<Throwable> failure = new CompletableFuture<>();

        private final InvocationType callbackType;
        private final boolean callbacks;

        EndlessHandler(InvocationType type, InvocationType callbackType) {
            this(type, callbackType, type != InvocationType.BLOCKING);
        }

        EndlessHandler(InvocationType type, InvocationType callbackType, boolean callbacks) {
            super(type);
            this.callbackType = callbackType;
            this.callbacks = callbacks;
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            if (!Request.getPathInContext(request).equals("/endless")) {
                callback.succeeded();
            } else if (!callbacks) {
                writeBlocking(response, callback);
            } else {
                writeNext(response, callback);
            }
            return true;
        }

        private void writeBlocking(Response response, Callback callback) {
            try (OutputStream out = Content.Sink.asOutputStream(response)) {
                Pattern.stream(Long.MAX_VALUE).transferTo(out);
            } catch (IOException e) {
                failure.complete(e);
                callback.failed(e);
            }
        }

        private void writeNext(Response response, Callback callback) {
            ByteBuffer bytes = new Pattern().next(60_000);
            Callback next =
                    new Callback() {
                        @Override
                        public void succeeded() {
                            writeNext(response, callback);
                        }

                        @Override
                        public void failed(Throwable cause) {
                            failure.complete(cause);
                            callback.failed(cause);
                        }

                        @Override
                        public InvocationType getInvocationType() {
                            return callbackType;
                        }
                    };
            response.write(false, bytes, next);
        }
    }
}
