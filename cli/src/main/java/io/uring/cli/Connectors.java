package io.uring.cli;

import io.uring.jetty.UringConnector;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http2.HTTP2Cipher;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.jspecify.annotations.Nullable;

/**
 * The one place where the transports differ: both get the same protocols, handlers and thread pool.
 */
final class Connectors {

    /**
     * Connections that may wait to be accepted. The kernel cuts it to net.core.somaxconn, 4096 by
     * default; Jetty's own default of 50 drops connections when thousands of clients come at once.
     */
    private static final int ACCEPT_QUEUE_LENGTH = 4096;

    /** NIO accepts on one thread of its own, as Jetty does by default on small machines. */
    private static final int NIO_ACCEPTORS = 1;

    private Connectors() {}

    static ServerConnector create(Server server, WebServer.Options options) {
        ConnectionFactory[] protocols = protocols(options.identity());
        ServerConnector connector =
                switch (options.transport()) {
                    case NIO ->
                            new ServerConnector(server, NIO_ACCEPTORS, options.loops(), protocols);
                    case URING -> {
                        UringConnector uring =
                                new UringConnector(
                                        server, NIO_ACCEPTORS, options.loops(), protocols);
                        uring.setRequired(options.required());
                        yield uring;
                    }
                };
        connector.setHost(options.address().host());
        connector.setPort(options.address().port());
        connector.setAcceptQueueSize(ACCEPT_QUEUE_LENGTH);
        return connector;
    }

    /** What carries the connections of a connector that has started. */
    static Transport transport(ServerConnector connector) {
        return connector instanceof UringConnector uring && uring.isUring()
                ? Transport.URING
                : Transport.NIO;
    }

    private static ConnectionFactory[] protocols(@Nullable ServerIdentity identity) {
        HttpConfiguration configuration = new HttpConfiguration();
        HttpConnectionFactory http1 = new HttpConnectionFactory(configuration);
        if (identity == null) {
            return new ConnectionFactory[] {
                http1, new HTTP2CServerConnectionFactory(configuration)
            };
        }
        // A certificate for another name is the client's business to refuse, not an answer of 400.
        configuration.addCustomizer(new SecureRequestCustomizer(false));
        ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
        alpn.setDefaultProtocol(HttpVersion.HTTP_1_1.asString());
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStore(identity.keyStore());
        tls.setKeyStorePassword(ServerIdentity.STORE_PASSWORD);
        tls.setCipherComparator(HTTP2Cipher.COMPARATOR);
        return new ConnectionFactory[] {
            new SslConnectionFactory(tls, alpn.getProtocol()),
            alpn,
            new HTTP2ServerConnectionFactory(configuration),
            http1
        };
    }
}
