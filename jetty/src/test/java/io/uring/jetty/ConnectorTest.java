package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import java.lang.reflect.Constructor;
import java.lang.reflect.Parameter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.annotation.Name;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Configuration: what an application or an XML file can do to the connector. */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ConnectorTest {
    /** XML configuration finds constructors by these names. */
    @Test
    void constructorsAreThoseOfServerConnector() {
        assertEquals(signatures(ServerConnector.class), signatures(UringConnector.class));
    }

    private static List<String> signatures(Class<?> type) {
        return Arrays.stream(type.getConstructors())
                .map(ConnectorTest::signature)
                .sorted()
                .toList();
    }

    private static String signature(Constructor<?> constructor) {
        StringBuilder text = new StringBuilder();
        for (Parameter parameter : constructor.getParameters()) {
            Name name = parameter.getAnnotation(Name.class);
            text.append(parameter.getType().getSimpleName())
                    .append(' ')
                    .append(name == null ? "unnamed" : name.value())
                    .append(", ");
        }
        return text.toString();
    }

    @Test
    void isMadeByReflectionAndServes() throws Exception {
        Server server = new Server();
        UringConnector connector =
                UringConnector.class
                        .getConstructor(Server.class, int.class, int.class)
                        .newInstance(server, 1, 2);
        assertEquals(2, connector.getLoops());
        assertTrue(connector.isUring());
        assertFalse(connector.isRequired());
        connector.setRequired(true);
        server.addConnector(connector);
        server.setHandler(new PatternHandler(InvocationType.BLOCKING));
        server.start();
        try (RawClient client = new RawClient(connector.getLocalPort())) {
            assertEquals(PatternHandler.HELLO, client.get("/").text());
        } finally {
            server.stop();
        }
    }

    @Test
    void socketOptionsAreTaken() throws Exception {
        TestServer server = new TestServer(Transport.URING);
        server.connector.setAcceptQueueSize(16);
        server.connector.setAcceptedReceiveBufferSize(32 * 1024);
        server.connector.setAcceptedSendBufferSize(32 * 1024);
        server.connector.setAcceptedTcpNoDelay(false);
        try (server) {
            server.start(new PatternHandler(InvocationType.BLOCKING));
            assertEquals(PatternHandler.HELLO, server.get("/"));
        }
    }

    @Test
    void givenChannelIsServedWithNio() throws Exception {
        TestServer server = new TestServer(Transport.URING);
        ServerSocketChannel channel = ServerSocketChannel.open();
        channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        int port = channel.socket().getLocalPort();
        server.connector.open(channel);
        try (server) {
            server.start(new PatternHandler(InvocationType.BLOCKING));
            assertEquals(port, server.port());
            assertFalse(((UringConnector) server.connector).isUring());
            assertEquals(PatternHandler.HELLO, server.get("/"));
            assertTrue(NothingLeaks.loops().isEmpty());
        }
    }

    @Test
    void inheritedChannelIsServedWithNio() throws Exception {
        TestServer server = new TestServer(Transport.URING);
        server.connector.setInheritChannel(true);
        try (server) {
            server.start(new PatternHandler(InvocationType.BLOCKING));
            assertFalse(((UringConnector) server.connector).isUring());
            assertEquals(PatternHandler.HELLO, server.get("/"));
        }
    }

    @Test
    void blockingHandlersRunOnVirtualThreadsWhereTheServerHasThem() throws Exception {
        try (var virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            TestServer server = new TestServer(Transport.URING);
            ((QueuedThreadPool) server.server.getThreadPool()).setVirtualThreadsExecutor(virtual);
            try (server) {
                server.start(new ThreadHandler(InvocationType.BLOCKING));
                assertEquals("true false", server.get("/"));
                assertEquals("true false", server.get("/"));
            }
        }
    }

    @Test
    void handlersThatDoNotBlockRunOnTheLoop() throws Exception {
        for (InvocationType type :
                new InvocationType[] {InvocationType.NON_BLOCKING, InvocationType.EITHER}) {
            TestServer server = new TestServer(Transport.URING);
            try (server) {
                server.start(new ThreadHandler(type));
                assertEquals("false true", server.get("/"));
            }
        }
    }

    private static final class ThreadHandler extends Handler.Abstract {
        ThreadHandler(InvocationType type) {
            super(type);
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            Thread thread = Thread.currentThread();
            boolean loop = thread.getName().startsWith("uring-loop-");
            Content.Sink.write(response, true, thread.isVirtual() + " " + loop, callback);
            return true;
        }
    }

    /** A request that no thread can be had for is lost, its connection closed; others live on. */
    @Test
    void fullThreadPoolClosesConnections() throws Exception {
        var open = new java.util.concurrent.CountDownLatch(1);
        Handler handler =
                new Handler.Abstract(InvocationType.BLOCKING) {
                    @Override
                    public boolean handle(Request request, Response response, Callback callback)
                            throws Exception {
                        open.await();
                        callback.succeeded();
                        return true;
                    }
                };
        QueuedThreadPool threads =
                new QueuedThreadPool(
                        8, 8, 60_000, new java.util.concurrent.ArrayBlockingQueue<>(4));
        threads.setReservedThreads(0);
        Server server = new Server(threads);
        UringConnector connector = new UringConnector(server, 1, 1);
        server.addConnector(connector);
        server.setHandler(handler);
        var closed = new java.util.concurrent.atomic.AtomicInteger();
        connector.addBean(
                new Connection.Listener() {
                    @Override
                    public void onClosed(Connection connection) {
                        closed.incrementAndGet();
                    }
                });
        server.start();
        try {
            int answered = 0;
            RawClient[] clients = new RawClient[30];
            for (int i = 0; i < clients.length; i++) {
                clients[i] = new RawClient(connector.getLocalPort()).get("/");
            }
            Eventually.isTrue(
                    Duration.ofSeconds(10), "connections are rejected", () -> closed.get() > 0);
            open.countDown();
            for (RawClient client : clients) {
                try (client) {
                    answered += client.head().status() == 200 ? 1 : 0;
                } catch (java.io.IOException rejected) {
                    // There was no thread for it.
                }
            }
            assertTrue(answered >= 4, answered + " answered");
            assertTrue(answered < clients.length, "none was rejected, the test proves nothing");
            try (RawClient client = new RawClient(connector.getLocalPort())) {
                assertEquals(200, client.get("/").head().status());
            }
        } finally {
            server.stop();
        }
    }
}
