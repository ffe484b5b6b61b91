package io.uring.jetty;

import io.uring.net.ListenerConfig;
import io.uring.net.SocketOptions;
import io.uring.net.StreamConfig;
import io.uring.net.StreamHandler;
import io.uring.net.StreamSocket;
import io.uring.ring.Availability;
import io.uring.ring.RingException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.ServerSocketChannel;
import java.util.concurrent.Executor;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SelectorManager;
import org.eclipse.jetty.server.AbstractConnectionFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.annotation.Name;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link ServerConnector} whose connections are on io_uring. It takes the same configuration;
 * each selector of the configuration is a loop with a thread and a ring. Where io_uring is
 * unavailable it is an ordinary ServerConnector and says why in one log line, unless it is
 * {@linkplain #setRequired required}.
 *
 * <pre>{@code
 * Server server = new Server();
 * UringConnector connector = new UringConnector(server);
 * connector.setPort(8080);
 * server.addConnector(connector);
 * server.start();
 * }</pre>
 *
 * <p>Not used on io_uring: {@code acceptors} (the loops accept), {@code reusePort} (each loop has
 * its own socket on the port anyway). An {@linkplain #setInheritChannel inherited} or given server
 * channel makes the connector use NIO.
 */
public class UringConnector extends ServerConnector {
    private static final Logger LOG = LoggerFactory.getLogger(UringConnector.class);

    /** What a connection queues before its writer waits: the size of a socket's own buffer. */
    static final long HIGH_WATER_BYTES = 64 * 1024;

    private static final long LOW_WATER_BYTES = 16 * 1024;

    private boolean required;

    /** Null until the connector is opened the first time after it was stopped. */
    private volatile @Nullable Boolean uring;

    private volatile @Nullable LoopServer loops;

    public UringConnector(@Name("server") Server server) {
        this(server, null, null, null, -1, -1, new HttpConnectionFactory());
    }

    public UringConnector(
            @Name("server") Server server,
            @Name("acceptors") int acceptors,
            @Name("selectors") int selectors) {
        this(server, null, null, null, acceptors, selectors, new HttpConnectionFactory());
    }

    public UringConnector(
            @Name("server") Server server,
            @Name("acceptors") int acceptors,
            @Name("selectors") int selectors,
            @Name("factories") ConnectionFactory... factories) {
        this(server, null, null, null, acceptors, selectors, factories);
    }

    public UringConnector(
            @Name("server") Server server, @Name("factories") ConnectionFactory... factories) {
        this(server, null, null, null, -1, -1, factories);
    }

    public UringConnector(
            @Name("server") Server server,
            @Name("sslContextFactory") SslContextFactory.Server sslContextFactory) {
        this(server, -1, -1, sslContextFactory);
    }

    public UringConnector(
            @Name("server") Server server,
            @Name("acceptors") int acceptors,
            @Name("selectors") int selectors,
            @Name("sslContextFactory") SslContextFactory.Server sslContextFactory) {
        this(
                server,
                null,
                null,
                null,
                acceptors,
                selectors,
                AbstractConnectionFactory.getFactories(
                        sslContextFactory, new HttpConnectionFactory()));
    }

    public UringConnector(
            @Name("server") Server server,
            @Name("sslContextFactory") SslContextFactory.Server sslContextFactory,
            @Name("factories") ConnectionFactory... factories) {
        this(
                server,
                null,
                null,
                null,
                -1,
                -1,
                AbstractConnectionFactory.getFactories(sslContextFactory, factories));
    }

    /**
     * @param server the server
     * @param executor runs what may block, null for the server's
     * @param scheduler for idle timeouts, null for the server's
     * @param bufferPool null for the server's
     * @param acceptors threads that accept when it falls back to NIO, -1 for Jetty's choice
     * @param selectors the number of loops, -1 for Jetty's choice of selectors
     * @param factories the protocols
     */
    @SuppressWarnings("NullAway") // Jetty's constructor takes null for the server's own
    public UringConnector(
            @Name("server") Server server,
            @Name("executor") @Nullable Executor executor,
            @Name("scheduler") @Nullable Scheduler scheduler,
            @Name("bufferPool") @Nullable ByteBufferPool bufferPool,
            @Name("acceptors") int acceptors,
            @Name("selectors") int selectors,
            @Name("factories") ConnectionFactory... factories) {
        super(
                server,
                executor,
                scheduler,
                bufferPool,
                Availability.get().isAvailable() ? 0 : acceptors,
                selectors,
                factories);
    }

    public boolean isRequired() {
        return required;
    }

    /** Makes it an error to start without io_uring. */
    public void setRequired(boolean required) {
        this.required = required;
    }

    /** Whether connections are, or will be, on io_uring. */
    public final boolean isUring() {
        Boolean decided = uring;
        return decided != null ? decided : Availability.get().isAvailable();
    }

    /** The number of loops, which is the number of selectors. */
    public final int getLoops() {
        return getSelectorManager().getSelectorCount();
    }

    @Override
    protected SelectorManager newSelectorManager(
            Executor executor, Scheduler scheduler, int selectors) {
        return new LoopManager(executor, scheduler, selectors);
    }

    /** The loops accept; Jetty must not look for a channel to accept from. */
    @Override
    public int getAcceptors() {
        return isUring() ? 1 : super.getAcceptors();
    }

    @Override
    public void open(ServerSocketChannel channel) throws IOException {
        if (channel != null) {
            decide("a server channel was given");
            super.open(channel);
        }
    }

    @Override
    public void open() throws IOException {
        if (!isOpen()) {
            super.open(); // calls openAcceptChannel, and tells the listeners
        }
    }

    @Override
    @SuppressWarnings("NullAway") // null: there is no channel, the loops listen
    protected ServerSocketChannel openAcceptChannel() throws IOException {
        decide(isInheritChannel() ? "an inherited channel is asked for" : null);
        if (!isUring()) {
            return super.openAcceptChannel();
        }
        listen();
        return null;
    }

    /** Chooses the transport, once for each start, and says so when it is not io_uring. */
    private void decide(@Nullable String reasonForNio) throws IOException {
        if (uring != null) {
            return;
        }
        RingException cause = Availability.get().cause();
        String reason = cause != null ? cause.getMessage() : reasonForNio;
        if (reason != null && required) {
            throw new IOException("io_uring is required: " + reason, cause);
        }
        if (reason != null) {
            LOG.warn("{} uses NIO instead of io_uring: {}", this, reason);
        }
        uring = reason == null;
    }

    private void listen() throws IOException {
        InetSocketAddress address =
                getHost() == null
                        ? new InetSocketAddress(getPort())
                        : new InetSocketAddress(getHost(), getPort());
        try {
            if (address.isUnresolved()) {
                throw new IOException(
                        "Failed to bind to " + address, new UnknownHostException(getHost()));
            }
            loops = LoopServer.open(getLoops(), listenerConfig(address), this::accepted);
        } catch (IOException | RuntimeException e) {
            uring = null;
            throw e;
        }
    }

    private ListenerConfig listenerConfig(InetSocketAddress address) {
        SocketOptions options =
                SocketOptions.defaults()
                        .withNoDelay(getAcceptedTcpNoDelay())
                        .withBuffers(
                                Math.max(getAcceptedSendBufferSize(), 0),
                                Math.max(getAcceptedReceiveBufferSize(), 0));
        StreamConfig stream =
                StreamConfig.defaults()
                        .withSocket(options)
                        .withWaterMarks(LOW_WATER_BYTES, HIGH_WATER_BYTES, HIGH_WATER_BYTES * 2);
        ListenerConfig config = ListenerConfig.of(address).withStream(stream).withPaused(true);
        return getAcceptQueueSize() > 0 ? config.withBacklog(getAcceptQueueSize()) : config;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        setAccepting(isAccepting()); // only now: the protocols were not configured before
    }

    @Override
    public boolean isOpen() {
        LoopServer server = loops;
        return server != null ? server.isListening() : super.isOpen();
    }

    @Override
    public int getLocalPort() {
        LoopServer server = loops;
        return server != null && server.isListening() ? server.port() : super.getLocalPort();
    }

    @Override
    public @Nullable Object getTransport() {
        LoopServer server = loops;
        return server != null ? server : super.getTransport();
    }

    @Override
    public void setAccepting(boolean accepting) {
        super.setAccepting(accepting);
        LoopServer server = loops;
        if (server != null && server.isListening()) {
            server.setAccepting(accepting);
        }
    }

    @Override
    public void close() {
        super.close();
        LoopServer server = loops;
        if (server != null) {
            server.stopListening();
        }
        if (!isRunning() && !isStopping()) {
            closeLoops(); // it was opened and never started
        }
    }

    @Override
    protected void doStop() throws Exception {
        super.doStop();
        getConnectedEndPoints().forEach(EndPoint::close);
        closeLoops();
    }

    private void closeLoops() {
        LoopServer server = loops;
        loops = null;
        uring = null;
        if (server != null) {
            server.close();
        }
    }

    private StreamHandler accepted(StreamSocket socket) {
        return new UringEndPoint(this, socket, new AcceptedChannel(socket));
    }

    /** On the loop: what Jetty's selectors do with a new connection, in their order. */
    void opened(UringEndPoint endPoint, AcceptedChannel channel) {
        LoopManager manager = (LoopManager) getSelectorManager();
        manager.accepting(channel);
        if (!channel.isOpen() || !isRunning()) {
            manager.acceptFailed(channel, new ClosedChannelException());
            closeQuietly(channel);
            return;
        }
        endPoint.setIdleTimeout(getIdleTimeout()); // before newConnection, which may ask for it
        Connection connection;
        try {
            connection = manager.newConnection(channel, endPoint, null);
            endPoint.setConnection(connection);
        } catch (IOException | RuntimeException e) {
            endPoint.setIdleTimeout(0); // its expiry would report a close of what never opened
            manager.acceptFailed(channel, e);
            closeQuietly(channel);
            LOG.warn("no connection for {}", channel, e);
            return;
        }
        manager.onceAccepted(channel);
        try {
            endPoint.onOpen();
            manager.endPointOpened(endPoint);
            manager.connectionOpened(connection, null);
        } catch (RuntimeException | Error e) {
            endPoint.close(e); // or Jetty would keep it until its idle timeout
            throw e;
        }
    }

    private static void closeQuietly(AcceptedChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.trace("closing a rejected connection", e);
        }
    }

    /** Tells connection and listeners that an endpoint is closed; they may block. */
    void closed(UringEndPoint endPoint, @Nullable Throwable cause) {
        Runnable destroy =
                () -> {
                    Connection connection = endPoint.getConnection();
                    LoopManager manager = (LoopManager) getSelectorManager();
                    if (connection != null) {
                        manager.connectionClosed(connection, cause);
                    }
                    manager.endPointClosed(endPoint);
                };
        try {
            getExecutor().execute(destroy);
        } catch (java.util.concurrent.RejectedExecutionException e) {
            destroy.run(); // the thread pool has stopped before us
        }
    }

    /** Runs a task that may block, on a virtual thread where the server is configured so. */
    void dispatch(Runnable task) {
        Executor virtual = VirtualThreads.getVirtualThreadsExecutor(getExecutor());
        (virtual != null ? virtual : getExecutor()).execute(task);
    }

    /**
     * Stands where Jetty expects its selectors: on io_uring it keeps the accept listeners, and its
     * selectors never start.
     */
    private final class LoopManager extends ServerConnectorManager {
        LoopManager(Executor executor, Scheduler scheduler, int selectors) {
            super(executor, scheduler, selectors);
        }

        @Override
        protected ManagedSelector newSelector(int id) {
            return isUring() ? new IdleSelector(this, id) : super.newSelector(id);
        }

        void accepting(SelectableChannel channel) {
            onAccepting(channel);
        }

        void onceAccepted(SelectableChannel channel) {
            onAccepted(channel);
        }

        @SuppressWarnings("removal") // still what tells NetworkConnectionLimit
        void acceptFailed(SelectableChannel channel, Throwable cause) {
            onAcceptFailed(channel, cause);
        }

        @Override
        protected void endPointOpened(EndPoint endPoint) {
            super.endPointOpened(endPoint);
        }

        @Override
        protected void endPointClosed(EndPoint endPoint) {
            super.endPointClosed(endPoint);
        }
    }

    /** A selector without thread or descriptor. */
    private static final class IdleSelector extends ManagedSelector {
        IdleSelector(SelectorManager manager, int id) {
            super(manager, id);
        }

        @Override
        protected void doStart() {}

        @Override
        protected void doStop() {}
    }
}
