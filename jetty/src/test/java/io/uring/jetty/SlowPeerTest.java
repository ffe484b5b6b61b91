package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Peers that take their time: the server waits for them, and holds little meanwhile. */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SlowPeerTest {
    private static final int RESPONSE_BYTES = 32 << 20;
    private static final int HELD_CHUNKS = 16;
    private static final int CHUNK_BYTES = 16 * 1024;

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void slowReaderGetsAllOfALargeResponse(Mode mode) throws Exception {
        try (TestServer server =
                        TestServer.start(mode.transport(), new PatternHandler(mode.type()));
                RawClient client = new RawClient(server.port(), 32 * 1024)) {
            client.get("/down?n=" + RESPONSE_BYTES);
            RawClient.Head head = client.head();
            int pauses = 0;
            Pattern pattern = new Pattern();
            byte[] buffer = new byte[256 * 1024];
            InputStream body = client.body(head);
            for (int count = body.read(buffer); count >= 0; count = body.read(buffer)) {
                pattern.check(buffer, 0, count);
                if (pattern.position() > (pauses + 1) * 1_000_000L && pauses < 30) {
                    pauses++;
                    Thread.sleep(10);
                    assertLittleIsHeld(server);
                }
            }
            assertEquals(RESPONSE_BYTES, pattern.position());
        }
    }

    /** Queued bytes are in chunks, so there are never more of them than the high-water mark. */
    private static void assertLittleIsHeld(TestServer server) {
        if (server.connector instanceof UringConnector uring) {
            int chunks = LoopMemory.chunksInUse(uring);
            assertTrue(chunks <= HELD_CHUNKS, chunks + " chunks of " + CHUNK_BYTES);
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void slowWriterIsUnderstood(Mode mode) throws Exception {
        try (TestServer server =
                        TestServer.start(mode.transport(), new PatternHandler(mode.type()));
                RawClient client = new RawClient(server.port())) {
            Pattern pattern = new Pattern();
            client.request("POST", "/up", "Content-Length: 20000");
            while (pattern.position() < 20_000) {
                byte[] piece = new byte[400];
                pattern.next(piece.length).get(piece);
                client.send(piece);
                Thread.sleep(2);
            }
            assertEquals("20000", client.text());
        }
    }

    /** A handler that does not read makes the peer wait, instead of filling the memory. */
    @ParameterizedTest
    @EnumSource(Transport.class)
    void writerWaitsForAHandlerThatDoesNotRead(Transport transport) throws Exception {
        GatedHandler handler = new GatedHandler();
        try (TestServer server = TestServer.start(transport, handler);
                RawClient client = new RawClient(server.port())) {
            int bytes = 64 << 20;
            client.request("POST", "/up", "Content-Length: " + bytes);
            var sent = new java.util.concurrent.atomic.AtomicLong();
            Thread writer =
                    Thread.ofPlatform()
                            .start(() -> {
                                try (InputStream in = Pattern.stream(bytes)) {
                                    byte[] buffer = new byte[64 * 1024];
                                    int count = in.read(buffer);
                                    while (count > 0) {
                                        client.socket.getOutputStream().write(buffer, 0, count);
                                        sent.addAndGet(count);
                                        count = in.read(buffer);
                                    }
                                } catch (IOException e) {
                                    throw new java.io.UncheckedIOException(e);
                                }
                            });
            Thread.sleep(500);
            assertTrue(sent.get() < bytes / 2, sent + " bytes went though nobody reads");
            handler.open.countDown();
            assertEquals(Integer.toString(bytes), client.text());
            writer.join();
        }
    }

    private static final class GatedHandler extends org.eclipse.jetty.server.Handler.Abstract {
        private final java.util.concurrent.CountDownLatch open =
                new java.util.concurrent.CountDownLatch(1);
        private final PatternHandler delegate = new PatternHandler(InvocationType.BLOCKING);

        GatedHandler() {
            super(InvocationType.BLOCKING);
        }

        @Override
        public boolean handle(
                org.eclipse.jetty.server.Request request,
                org.eclipse.jetty.server.Response response,
                org.eclipse.jetty.util.Callback callback)
                throws Exception {
            assertTrue(open.await(20, TimeUnit.SECONDS));
            return delegate.handle(request, response, callback);
        }
    }
}
