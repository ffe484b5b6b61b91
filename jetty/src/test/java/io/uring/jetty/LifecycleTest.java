package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import io.uring.testkit.OpenDescriptors;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Start, stop, and everything between and around them. */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LifecycleTest {
    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void gracefulStopCompletesResponsesAndFreesThePort(Mode mode) throws Exception {
        TestServer server = new TestServer(mode.transport());
        server.server.setStopTimeout(20_000);
        server.start(new GracefulHandler(new PatternHandler(mode.type())));
        int port = server.port();
        try (RawClient client = new RawClient(port, 32 * 1024);
                RawClient idle = new RawClient(port)) {
            idle.get("/").text();
            client.get("/down?n=10000000&length");
            RawClient.Head head = client.head();
            Thread stop = Thread.ofPlatform().start(() -> stop(server.server));
            Eventually.isTrue(Duration.ofSeconds(10), "the port is closed", () -> refuses(port));
            assertEquals(10_000_000, Pattern.check(client.body(head)));
            assertTrue(idle.closedByServer());
            stop.join(Duration.ofSeconds(20));
            assertFalse(stop.isAlive());
        }
        assertFree(port);
    }

    @Test
    void gracefulStopServesWhatWaitsInTheBacklog() throws Exception {
        TestServer server = new TestServer(Transport.URING);
        server.server.setStopTimeout(20_000);
        server.start(new PatternHandler(InvocationType.NON_BLOCKING));
        int port = server.port();
        server.connector.setAccepting(false);
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < 10; i++) { // the first ones may still have been accepted
            clients.add(new RawClient(port).get("/"));
        }
        Thread stop = Thread.ofPlatform().start(() -> stop(server.server));
        for (RawClient client : clients) {
            assertEquals(PatternHandler.HELLO, client.text());
            client.close();
        }
        stop.join(Duration.ofSeconds(20));
        assertFalse(stop.isAlive());
        assertFree(port);
    }

    private static boolean refuses(int port) {
        try (RawClient client = new RawClient(port)) {
            return client.socket.isClosed(); // it came in time
        } catch (ConnectException e) {
            return true;
        } catch (SocketException e) {
            return false; // reset in the backlog of a socket that was closed at this moment: ask
            // again
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void stopEndsResponsesThatAreStuck(Transport transport) throws Exception {
        TestServer server = new TestServer(transport);
        server.server.setStopTimeout(500);
        var open = new CountDownLatch(1);
        var entered = new CountDownLatch(1);
        server.start(new GracefulHandler(new StuckHandler(entered, open)));
        int port = server.port();
        try (RawClient stuck = new RawClient(port);
                RawClient reader = new RawClient(port, 4096)) {
            stuck.get("/stuck");
            reader.get("/down?n=100000000");
            assertTrue(entered.await(10, TimeUnit.SECONDS));
            long start = System.nanoTime();
            Thread stop = Thread.ofPlatform().start(() -> stop(server.server));
            stop.join(Duration.ofSeconds(15));
            boolean alive = stop.isAlive();
            open.countDown();
            stop.join();
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            assertFalse(alive, "still stopping after " + millis + " ms");
        }
        assertFree(port);
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void serverStartsAgainAfterStop(Transport transport) throws Exception {
        try (TestServer server =
                TestServer.start(transport, new PatternHandler(InvocationType.BLOCKING))) {
            for (int i = 0; i < 3; i++) {
                assertTrue(server.connector.isOpen());
                int port = server.port();
                assertTrue(port > 0);
                assertNotNull(server.connector.getTransport());
                try (RawClient client = new RawClient(port)) {
                    assertEquals(PatternHandler.HELLO, client.get("/").text());
                    server.server.stop();
                    assertTrue(client.closedByServer());
                }
                assertFalse(server.connector.isOpen());
                assertTrue(server.connector.getLocalPort() < 0);
                server.server.start();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void connectorStopsAndStartsInARunningServer(Transport transport) throws Exception {
        try (TestServer server =
                TestServer.start(transport, new PatternHandler(InvocationType.BLOCKING))) {
            server.connector.stop();
            assertFalse(server.connector.isOpen());
            server.connector.start();
            assertEquals(PatternHandler.HELLO, server.get("/"));
        }
    }

    @Test
    void twoConnectorsServeInOneServer() throws Exception {
        TestServer server = new TestServer(Transport.URING, 2);
        ServerConnector second = Transport.URING.connector(server.server, 1, TestServer.http());
        server.server.addConnector(second);
        try (server) {
            server.start(new PatternHandler(InvocationType.BLOCKING));
            assertEquals(3, NothingLeaks.loops().size());
            for (int port : new int[] {server.port(), second.getLocalPort()}) {
                for (int i = 0; i < 10; i++) { // both loops of the first get some
                    try (RawClient client = new RawClient(port)) {
                        assertEquals(PatternHandler.HELLO, client.get("/").text());
                    }
                }
            }
        }
    }

    @Test
    void openedAndClosedWithoutStartLeavesNothing() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        Server server = new Server();
        UringConnector connector = new UringConnector(server);
        assertEquals(-1, connector.getLocalPort());
        connector.open();
        assertTrue(connector.isOpen());
        assertTrue(connector.getLocalPort() > 0);
        connector.close();
        assertFalse(connector.isOpen());
        NothingLeaks.noLoops();
        before.awaitReturn(Duration.ofSeconds(5));
    }

    @Test
    void openedBeforeStartKeepsItsPort() throws Exception {
        try (TestServer server = new TestServer(Transport.URING)) {
            server.connector.open();
            int port = server.connector.getLocalPort();
            server.start(new PatternHandler(InvocationType.BLOCKING));
            assertEquals(port, server.connector.getLocalPort());
            assertEquals(PatternHandler.HELLO, server.get("/"));
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void portInUseIsABindException(Transport transport) throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            TestServer server = new TestServer(transport);
            ServerConnector second = transport.connector(server.server, 1, TestServer.http());
            second.setHost("127.0.0.1");
            second.setPort(taken.getLocalPort());
            server.server.addConnector(second); // the first is open when this fails
            IOException failure =
                    assertThrows(
                            IOException.class,
                            () -> server.start(new PatternHandler(InvocationType.BLOCKING)));
            assertInstanceOf(BindException.class, failure.getCause());
            assertTrue(failure.getMessage().contains(":" + taken.getLocalPort()));
            server.server.stop();
        }
        NothingLeaks.noLoops();
        before.awaitReturn(Duration.ofSeconds(5));
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void unknownHostIsAnIoException(Transport transport) throws Exception {
        TestServer server = new TestServer(transport);
        server.connector.setHost("no-such-host.invalid");
        assertThrows(
                IOException.class, () -> server.start(new PatternHandler(InvocationType.BLOCKING)));
        server.server.stop();
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void withoutHostAllAddressesAreServed(Transport transport) throws Exception {
        TestServer server = new TestServer(transport);
        server.connector.setHost(null);
        try (server) {
            server.start(new PatternHandler(InvocationType.BLOCKING));
            assertEquals(PatternHandler.HELLO, server.get("/"));
        }
    }

    private static void stop(Server server) {
        try {
            server.stop();
        } catch (Exception e) {
            // A response that was cut off makes the graceful part fail, not the stop.
            assertInstanceOf(java.util.concurrent.TimeoutException.class, e);
        }
    }

    private static void assertFree(int port) throws IOException {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        }
    }

    private static final class StuckHandler extends Handler.Abstract {
        private final CountDownLatch entered;
        private final CountDownLatch open;

        StuckHandler(CountDownLatch entered, CountDownLatch open) {
            super(InvocationType.BLOCKING);
            this.entered = entered;
            this.open = open;
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback)
                throws Exception {
            if (Request.getPathInContext(request).equals("/stuck")) {
                entered.countDown();
                open.await();
                callback.succeeded();
                return true;
            }
            return new PatternHandler(InvocationType.NON_BLOCKING)
                    .handle(request, response, callback);
        }
    }
}
