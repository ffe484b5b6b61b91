package io.uring.jetty;

import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** The connector under test, and the one that it must not be told from. */
enum Transport {
    URING {
        @Override
        ServerConnector connector(Server server, int selectors, ConnectionFactory... factories) {
            return new UringConnector(server, 1, selectors, factories);
        }
    },
    NIO {
        @Override
        ServerConnector connector(Server server, int selectors, ConnectionFactory... factories) {
            return new ServerConnector(server, 1, selectors, factories);
        }
    };

    abstract ServerConnector connector(
            Server server, int selectors, ConnectionFactory... factories);
}
