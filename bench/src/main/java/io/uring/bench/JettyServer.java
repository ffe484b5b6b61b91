package io.uring.bench;

import io.uring.jetty.UringConnector;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;

/** Jetty, on our connector or on its own. The handler does not block, so no thread is changed. */
final class JettyServer implements Server {
    private static final int BACKLOG = 4096;

    private final boolean uring;

    JettyServer(boolean uring) {
        this.uring = uring;
    }

    @Override
    public int start(Mode mode, int port, int loops) throws Exception {
        org.eclipse.jetty.server.Server server = new org.eclipse.jetty.server.Server();
        HttpConnectionFactory http = new HttpConnectionFactory(new HttpConfiguration());
        ServerConnector connector =
                uring ? onUring(server, loops, http) : new ServerConnector(server, 1, loops, http);
        connector.setHost("127.0.0.1");
        connector.setPort(port);
        connector.setAcceptQueueSize(BACKLOG);
        server.addConnector(connector);
        server.setHandler(new Plaintext());
        server.start();
        return connector.getLocalPort();
    }

    private static UringConnector onUring(
            org.eclipse.jetty.server.Server server, int loops, HttpConnectionFactory http) {
        UringConnector connector = new UringConnector(server, 1, loops, http);
        connector.setRequired(true); // a silent fallback would measure NIO under our name
        return connector;
    }

    private static final class Plaintext extends Handler.Abstract.NonBlocking {
        private static final HttpField TYPE =
                new PreEncodedHttpField(HttpHeader.CONTENT_TYPE, "text/plain");
        private static final byte[] BODY = "Hello, World!".getBytes(StandardCharsets.US_ASCII);

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            response.getHeaders().put(TYPE);
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, BODY.length);
            response.write(true, ByteBuffer.wrap(BODY), callback);
            return true;
        }
    }
}
