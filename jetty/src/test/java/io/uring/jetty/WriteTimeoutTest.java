package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The main hazard: a write fails because nobody reads, and its buffer is used for something else at
 * once, while the kernel might still read it.
 */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WriteTimeoutTest {
    private static final int BUFFER_BYTES = 300_000;
    private static final int IDLE_MILLIS = 150;
    private static final int CLIENTS = 24;
    private static final int DRAINED_EARLY = 8;
    private static final byte GOOD = 'g';
    private static final byte POISON = '!';

    static Stream<Arguments> modesAndMemory() {
        return Mode.all().flatMap(mode -> Stream.of(true, false).map(d -> Arguments.of(mode, d)));
    }

    @ParameterizedTest(name = "{0} direct={1}")
    @MethodSource("modesAndMemory")
    void buffersUsedAgainAfterAFailureNeverReachTheWire(Mode mode, boolean direct)
            throws Exception {
        PoisonHandler handler = new PoisonHandler(mode.type(), direct);
        TestServer server = new TestServer(mode.transport());
        server.connector.setIdleTimeout(IDLE_MILLIS);
        try (server) {
            server.start(handler);
            List<RawClient> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                RawClient client = new RawClient(server.port(), 4096 * (1 + i % 4));
                clients.add(client.get("/"));
            }
            // Some read a little now and then: their writes succeed, and then fail.
            for (int i = 0; i < DRAINED_EARLY; i++) {
                assertOnlyGood(clients.get(i).in.readNBytes(i * 50_000));
            }
            Eventually.isTrue(
                    Duration.ofSeconds(10),
                    () -> "all writes failed, but " + handler.failures(),
                    () -> handler.failures() == CLIENTS);
            server.awaitNoConnections();
            for (RawClient client : clients) {
                assertOnlyGood(drain(client));
                client.close();
            }
        }
    }

    /** What a client gets that reads only after the server has given up: an end, and soon. */
    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void clientThatNeverReadsIsCutOff(Mode mode) throws Exception {
        TestServer server = new TestServer(mode.transport());
        server.connector.setIdleTimeout(IDLE_MILLIS);
        try (server) {
            server.start(new PoisonHandler(mode.type(), true));
            try (RawClient client = new RawClient(server.port(), 4096)) {
                client.get("/");
                Eventually.isTrue(
                        Duration.ofSeconds(5),
                        "it is connected",
                        () -> !server.connector.getConnectedEndPoints().isEmpty());
                server.awaitNoConnections();
                long start = System.nanoTime();
                drain(client);
                long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
                assertTrue(millis < 5_000, "the end came after " + millis + " ms");
                server.awaitNothingHeld();
            }
        }
    }

    /** The descriptor of a client that never reads is given back, though the client stays. */
    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void descriptorOfAClientThatNeverReadsIsClosed(Mode mode) throws Exception {
        TestServer server = new TestServer(mode.transport());
        server.connector.setIdleTimeout(IDLE_MILLIS);
        try (server) {
            server.start(new PoisonHandler(mode.type(), false));
            var before = io.uring.testkit.OpenDescriptors.now();
            try (RawClient client = new RawClient(server.port(), 4096)) {
                client.get("/");
                Eventually.isTrue(
                        Duration.ofSeconds(5),
                        "the client's descriptor is left, the server's is not",
                        () ->
                                server.connector.getConnectedEndPoints().isEmpty()
                                        && io.uring.testkit.OpenDescriptors.now().sockets()
                                                == before.sockets() + 1);
            }
        }
    }

    private static byte[] drain(RawClient client) {
        var all = new java.io.ByteArrayOutputStream();
        byte[] buffer = new byte[64 * 1024];
        try {
            for (int count = client.in.read(buffer); count >= 0; count = client.in.read(buffer)) {
                all.write(buffer, 0, count);
            }
        } catch (IOException reset) {
            return all.toByteArray();
        }
        return all.toByteArray();
    }

    /** Headers and chunk sizes are in the way, but have no poison. */
    private static void assertOnlyGood(byte[] received) {
        for (int i = 0; i < received.length; i++) {
            if (received[i] == POISON) {
                throw new AssertionError("poison at " + i + " of " + received.length);
            }
        }
    }

    /**
     * Writes the same buffer again and again, and ruins it whenever the write is said to be over.
     */
    private static final class PoisonHandler extends Handler.Abstract {
        private final List<CompletableFuture<Throwable>> ends = new ArrayList<>();
        private final boolean direct;

        PoisonHandler(InvocationType type, boolean direct) {
            super(type);
            this.direct = direct;
        }

        synchronized long failures() {
            return ends.stream().filter(CompletableFuture::isDone).count();
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            var end = new CompletableFuture<Throwable>();
            synchronized (this) {
                ends.add(end);
            }
            ByteBuffer memory =
                    direct
                            ? ByteBuffer.allocateDirect(BUFFER_BYTES)
                            : ByteBuffer.allocate(BUFFER_BYTES);
            writeNext(response, memory, callback, end);
            return true;
        }

        private void writeNext(
                Response response,
                ByteBuffer memory,
                Callback callback,
                CompletableFuture<Throwable> end) {
            fill(memory, GOOD);
            response.write(
                    false,
                    memory.duplicate(),
                    new Callback() {
                        @Override
                        public void succeeded() {
                            fill(memory, POISON);
                            writeNext(response, memory, callback, end);
                        }

                        @Override
                        public void failed(Throwable cause) {
                            fill(memory, POISON);
                            end.complete(cause);
                            callback.failed(cause);
                        }

                        @Override
                        public InvocationType getInvocationType() {
                            return PoisonHandler.this.getInvocationType();
                        }
                    });
        }

        private static void fill(ByteBuffer memory, byte value) {
            MemorySegment.ofBuffer(memory).fill(value);
            assertEquals(BUFFER_BYTES, memory.remaining());
        }
    }
}
