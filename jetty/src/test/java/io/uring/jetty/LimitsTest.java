package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.AcceptRateLimit;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What Jetty does to have fewer connections. */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LimitsTest {
    private static final int CLIENTS = 20;
    private static final int LIMIT = 5;

    @ParameterizedTest
    @EnumSource(Transport.class)
    void connectionsWaitWhileNotAccepting(Transport transport) throws Exception {
        try (TestServer server = start(new TestServer(transport))) {
            try (RawClient early = new RawClient(server.port())) {
                early.get("/").text();
                server.connector.setAccepting(false);
                try (RawClient first = firstThatWaits(server);
                        RawClient second = new RawClient(server.port()).get("/")) {
                    assertEquals(PatternHandler.HELLO, early.get("/").text());
                    assertTrue(waits(second));
                    server.connector.setAccepting(true);
                    assertEquals(PatternHandler.HELLO, second.text());
                    assertEquals(PatternHandler.HELLO, first.text());
                }
            }
        }
    }

    /** NIO's acceptor takes one more, ours what the kernel has by then. */
    private static RawClient firstThatWaits(TestServer server) throws IOException {
        for (int i = 0; i < CLIENTS; i++) {
            RawClient client = new RawClient(server.port()).get("/");
            if (waits(client)) {
                return client;
            }
            client.close();
        }
        throw new AssertionError(CLIENTS + " clients were served while not accepting");
    }

    /** Whether nothing comes for a while: nothing can tell that nothing will. */
    private static boolean waits(RawClient client) throws IOException {
        client.in.mark(1);
        client.socket.setSoTimeout(300);
        try {
            client.in.read();
            client.in.reset();
            return false;
        } catch (java.net.SocketTimeoutException e) {
            return true;
        } finally {
            client.socket.setSoTimeout(10_000);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    @SuppressWarnings("removal") // still used by many
    void connectionLimitHoldsAndEnds(Transport transport) throws Exception {
        TestServer server = new TestServer(transport);
        org.eclipse.jetty.server.ConnectionLimit limit =
                new org.eclipse.jetty.server.ConnectionLimit(LIMIT, server.connector);
        server.server.addBean(limit);
        try (server) {
            start(server);
            serveAll(server, limit::getConnections);
            Eventually.isTrue(
                    Duration.ofSeconds(5),
                    () -> limit.getConnections() + " connections",
                    () -> limit.getConnections() == 0 && limit.getPendingConnections() == 0);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void networkConnectionLimitHoldsAndEnds(Transport transport) throws Exception {
        TestServer server = new TestServer(transport);
        NetworkConnectionLimit limit = new NetworkConnectionLimit(LIMIT, server.connector);
        server.server.addBean(limit);
        try (server) {
            start(server);
            serveAll(server, limit::getNetworkConnectionCount);
            Eventually.isTrue(
                    Duration.ofSeconds(5),
                    () -> limit.getNetworkConnectionCount() + " connections",
                    () ->
                            limit.getNetworkConnectionCount() == 0
                                    && limit.getPendingNetworkConnectionCount() == 0);
        }
    }

    /** A burst above the limit: never more than allowed, and room again when some have gone. */
    private static void serveAll(TestServer server, java.util.function.IntSupplier count)
            throws Exception {
        List<RawClient> clients = new ArrayList<>();
        int served = 0;
        int most = 0;
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(new RawClient(server.port()));
        }
        for (RawClient client : clients) {
            client.socket.setSoTimeout(5000);
            try (client) {
                assertEquals(PatternHandler.HELLO, client.get("/").text());
                served++;
            } catch (IOException rejected) {
                // It was accepted before accepting stopped, and is closed.
            }
            most = Math.max(most, count.getAsInt());
        }
        assertTrue(most <= LIMIT, most + " connections");
        assertTrue(served >= LIMIT, served + " served");
        Eventually.isTrue(
                Duration.ofSeconds(5), "accepting again", () -> server.connector.isAccepting());
        try (RawClient client = new RawClient(server.port())) {
            assertEquals(PatternHandler.HELLO, client.get("/").text());
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void acceptRateLimitDelaysWhatIsTooMuch(Transport transport) throws Exception {
        TestServer server = new TestServer(transport);
        server.server.addBean(new AcceptRateLimit(LIMIT, 1, TimeUnit.SECONDS, server.connector));
        try (server) {
            start(server);
            long start = System.nanoTime();
            for (int i = 0; i < 2 * LIMIT + 2; i++) {
                try (RawClient client = new RawClient(server.port())) {
                    assertEquals(PatternHandler.HELLO, client.get("/").text());
                }
            }
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            assertTrue(millis > 500, "all served within " + millis + " ms");
        }
    }

    /** A protocol that refuses must neither kill the loop nor be counted, now or later. */
    @ParameterizedTest
    @EnumSource(Transport.class)
    void refusedConnectionIsCountedNoMore(Transport transport) throws Exception {
        var refuse = new java.util.concurrent.atomic.AtomicBoolean(true);
        HttpConnectionFactory factory =
                new HttpConnectionFactory() {
                    @Override
                    public Connection newConnection(Connector connector, EndPoint endPoint) {
                        if (refuse.get()) {
                            throw new IllegalStateException("for the test");
                        }
                        return super.newConnection(connector, endPoint);
                    }
                };
        TestServer server = new TestServer(transport, factory);
        server.connector.setIdleTimeout(200);
        NetworkConnectionLimit limit = new NetworkConnectionLimit(100, server.connector);
        server.server.addBean(limit);
        try (server) {
            start(server);
            for (int i = 0; i < LIMIT; i++) {
                try (RawClient client = new RawClient(server.port())) {
                    assertTrue(client.closedByServer());
                }
            }
            refuse.set(false);
            try (RawClient client = new RawClient(server.port())) {
                assertEquals(PatternHandler.HELLO, client.get("/").text());
                // It became idle after those that never opened, so their time is over as well.
                assertTrue(client.closedByServer());
            }
            if (transport == Transport.URING) { // NIO counts below zero: Jetty's own bug
                Eventually.isTrue(
                        Duration.ofSeconds(5),
                        () -> limit.getNetworkConnectionCount() + " are counted",
                        () -> limit.getNetworkConnectionCount() == 0);
                assertEquals(0, limit.getPendingNetworkConnectionCount());
            }
        }
    }

    private static TestServer start(TestServer server) throws Exception {
        return server.start(new PatternHandler(InvocationType.BLOCKING));
    }
}
