package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.uring.testkit.Eventually;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.time.Duration;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * A server with one connector on a free port of 127.0.0.1. Closing it makes sure that no connection
 * holds anything any more.
 */
final class TestServer implements AutoCloseable {
    final Server server;
    final ServerConnector connector;
    private HttpClient client;

    TestServer(Transport transport, ConnectionFactory... factories) {
        this(transport, 1, factories);
    }

    TestServer(Transport transport, int selectors, ConnectionFactory... factories) {
        QueuedThreadPool threads = new QueuedThreadPool(24, 4);
        threads.setName("pool");
        server = new Server(threads);
        connector =
                transport.connector(
                        server,
                        selectors,
                        factories.length > 0 ? factories : new ConnectionFactory[] {http()});
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
    }

    static TestServer start(Transport transport, Handler handler) throws Exception {
        return new TestServer(transport).start(handler);
    }

    static HttpConnectionFactory http() {
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setSendServerVersion(false);
        return new HttpConnectionFactory(configuration);
    }

    TestServer start(Handler handler) throws Exception {
        server.setHandler(handler);
        server.start();
        return this;
    }

    int port() {
        return connector.getLocalPort();
    }

    URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port() + path);
    }

    /** A client that talks HTTP/1.1, closed with the server. */
    HttpClient client() {
        if (client == null) {
            client =
                    HttpClient.newBuilder()
                            .version(HttpClient.Version.HTTP_1_1)
                            .connectTimeout(Duration.ofSeconds(10))
                            .build();
        }
        return client;
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(60));
    }

    /** The answer's text to a GET of the path. */
    String get(String path) throws Exception {
        return client().send(
                        request(path).build(), java.net.http.HttpResponse.BodyHandlers.ofString())
                .body();
    }

    void awaitNoConnections() {
        Eventually.isTrue(
                Duration.ofSeconds(10),
                () -> "no connections, but " + connector.getConnectedEndPoints(),
                () -> connector.getConnectedEndPoints().isEmpty());
    }

    /** All receive memory is back, and no operation is pending but those of the loop itself. */
    void awaitNothingHeld() {
        awaitNoConnections();
        if (connector instanceof UringConnector uring && uring.isUring()) {
            Eventually.isTrue(
                    Duration.ofSeconds(10),
                    () -> "no buffer is lent, but " + LoopMemory.lentBuffers(uring),
                    () -> LoopMemory.lentBuffers(uring) == 0);
            Eventually.isTrue(
                    Duration.ofSeconds(10),
                    () -> "no chunk is in use, but " + LoopMemory.chunksInUse(uring),
                    () -> LoopMemory.chunksInUse(uring) == 0);
        }
    }

    @Override
    public void close() throws Exception {
        if (client != null) {
            client.shutdownNow();
            client.close();
        }
        try {
            if (server.isStarted()) {
                awaitNothingHeld();
            }
        } finally {
            server.stop();
            assertEquals("STOPPED", server.getState());
        }
    }
}
