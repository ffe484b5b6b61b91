package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.ConnectionStatistics;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What others get to see of connections, and what happens when they fail at it. */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ListenersTest {
    @ParameterizedTest
    @EnumSource(Transport.class)
    void connectionsOpenAndCloseOnceInOrder(Transport transport) throws Exception {
        List<String> events = new CopyOnWriteArrayList<>();
        TestServer server = new TestServer(transport);
        server.connector.addBean(
                new Connection.Listener() {
                    @Override
                    public void onOpened(Connection connection) {
                        events.add("opened " + connection.getEndPoint().isOpen());
                    }

                    @Override
                    public void onClosed(Connection connection) {
                        events.add("closed " + connection.getEndPoint().isOpen());
                    }
                });
        server.connector.addEventListener(
                new NetworkConnector.Listener() {
                    @Override
                    public void onOpen(NetworkConnector connector) {
                        events.add("listening " + (connector.getLocalPort() > 0));
                    }

                    @Override
                    public void onClose(NetworkConnector connector) {
                        events.add("stopped");
                    }
                });
        try (server) {
            server.start(new PatternHandler(InvocationType.BLOCKING));
            try (RawClient client = new RawClient(server.port())) {
                client.get("/").text();
                assertEquals(1, server.connector.getConnectedEndPoints().size());
                assertEquals(List.of("listening true", "opened true"), events);
            }
            Eventually.isTrue(Duration.ofSeconds(5), "closed", () -> events.size() == 3);
            assertEquals("closed false", events.get(2));
        }
        assertEquals("stopped", events.get(3));
        assertEquals(4, events.stream().distinct().count());
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void everyConnectionIsClosedOnceWhateverEndsIt(Transport transport) throws Exception {
        var opened = new AtomicInteger();
        var closed = new AtomicInteger();
        TestServer server = new TestServer(transport);
        server.connector.addBean(
                new Connection.Listener() {
                    @Override
                    public void onOpened(Connection connection) {
                        opened.incrementAndGet();
                    }

                    @Override
                    public void onClosed(Connection connection) {
                        closed.incrementAndGet();
                    }
                });
        try (server) {
            server.start(new PatternHandler(InvocationType.NON_BLOCKING));
            for (int i = 0; i < 60; i++) {
                try (RawClient client = new RawClient(server.port())) {
                    switch (i % 4) {
                        case 0 -> client.get("/").text();
                        case 1 -> client.get("/", "Connection: close").text();
                        case 2 -> client.get("/down?n=1000000").reset();
                        default -> client.reset();
                    }
                }
            }
            server.awaitNothingHeld();
            Eventually.isTrue(
                    Duration.ofSeconds(5),
                    () -> opened + " opened, " + closed + " closed",
                    () -> closed.get() == opened.get());
        }
        assertEquals(opened.get(), closed.get());
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void addressesAreThoseOfTheClient(Transport transport) throws Exception {
        Handler handler =
                new Handler.Abstract() {
                    @Override
                    public boolean handle(Request request, Response response, Callback callback) {
                        EndPoint endPoint =
                                request.getConnectionMetaData().getConnection().getEndPoint();
                        String text =
                                Request.getRemoteAddr(request)
                                        + " "
                                        + Request.getRemotePort(request)
                                        + " "
                                        + Request.getLocalAddr(request)
                                        + " "
                                        + Request.getLocalPort(request)
                                        + " "
                                        + (endPoint.getRemoteSocketAddress()
                                                instanceof InetSocketAddress);
                        Content.Sink.write(response, true, text, callback);
                        return true;
                    }
                };
        try (TestServer server = TestServer.start(transport, handler);
                RawClient client = new RawClient(server.port())) {
            assertEquals(
                    "127.0.0.1 %d 127.0.0.1 %d true"
                            .formatted(client.socket.getLocalPort(), server.port()),
                    client.get("/").text());
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void statisticsCountBytesAndConnections(Transport transport) throws Exception {
        TestServer server = new TestServer(transport);
        ConnectionStatistics statistics = new ConnectionStatistics();
        server.connector.addBean(statistics);
        try (server) {
            server.start(new PatternHandler(InvocationType.BLOCKING));
            for (int i = 0; i < 3; i++) {
                try (RawClient client = new RawClient(server.port())) {
                    client.request("POST", "/up", "Content-Length: 100000");
                    assertEquals("100000", client.send(Pattern.bytes(100_000)).text());
                }
            }
            server.awaitNoConnections();
            Eventually.isTrue(
                    Duration.ofSeconds(5), "counted", () -> statistics.getConnections() == 0);
            assertEquals(3, statistics.getConnectionsTotal());
            assertTrue(statistics.getReceivedBytes() > 300_000);
            assertTrue(statistics.getSentBytes() > 0);
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void handlerThatThrowsAnswers500(Mode mode) throws Exception {
        Handler handler =
                new Handler.Abstract(mode.type()) {
                    @Override
                    public boolean handle(Request request, Response response, Callback callback) {
                        switch (Request.getPathInContext(request)) {
                            case "/exception" -> throw new IllegalStateException("for the test");
                            case "/error" -> throw new AssertionError("for the test");
                            default -> callback.succeeded();
                        }
                        return true;
                    }
                };
        try (TestServer server = TestServer.start(mode.transport(), handler)) {
            for (String path : new String[] {"/exception", "/error"}) {
                try (RawClient client = new RawClient(server.port())) {
                    assertEquals(500, client.get(path).head().status());
                }
                try (RawClient client = new RawClient(server.port())) {
                    assertEquals(200, client.get("/").head().status());
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void listenerThatThrowsHarmsNobody(Transport transport) throws Exception {
        TestServer server = new TestServer(transport);
        server.connector.addBean(
                new Connection.Listener() {
                    @Override
                    public void onOpened(Connection connection) {
                        throw new IllegalStateException("for the test");
                    }

                    @Override
                    public void onClosed(Connection connection) {
                        throw new IllegalStateException("for the test");
                    }
                });
        try (server) {
            server.start(new PatternHandler(InvocationType.BLOCKING));
            for (int i = 0; i < 3; i++) {
                try (RawClient client = new RawClient(server.port())) {
                    assertEquals(PatternHandler.HELLO, client.get("/").text());
                }
            }
        }
    }
}
