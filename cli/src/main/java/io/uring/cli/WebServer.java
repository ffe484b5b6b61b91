package io.uring.cli;

import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.server.CustomRequestLog;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.RequestLog;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.component.Graceful;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/**
 * The web server behind {@code uring serve}.
 *
 * <p>All handlers together are non-blocking, so Jetty runs a request on the event loop that read
 * it, without handing it to another thread: {@link FixedHandler} and {@link EchoHandler} never
 * block, and {@link OffloadHandler} moves the files to the thread pool. Jetty takes the invocation
 * type of the whole tree for every request; a single blocking handler in it would cost each request
 * a thread change.
 */
final class WebServer {

    private static final System.Logger LOG = System.getLogger(WebServer.class.getName());

    /** How long a stop waits for running requests; service managers kill after 30 s or more. */
    static final Duration STOP_LIMIT = Duration.ofSeconds(25);

    /** How long a stop leaves an idle connection open, for its peer to close it first. */
    private static final long LINGER_MILLIS = 250;

    /** How many such times it waits for the closing of all of them. */
    private static final int LINGER_ROUNDS = 8;

    record Options(
            Path directory,
            ListenAddress address,
            int loops,
            Transport transport,
            @Nullable ServerIdentity identity,
            boolean required) {}

    private final Options options;
    private final Server server;
    private final ServerConnector connector;
    private final GracefulHandler running;

    /** With a request log, each finished request becomes one line in it. */
    WebServer(Options options, RequestLog.@Nullable Writer requestLog) {
        this.options = options;
        QueuedThreadPool threads = new QueuedThreadPool();
        threads.setName("http");
        server = new Server(threads);
        running =
                new GracefulHandler(
                        new Handler.Sequence(
                                FixedHandler.plaintext(),
                                FixedHandler.json(),
                                new EchoHandler(),
                                new OffloadHandler(new FileHandler(options.directory()))));
        server.setHandler(running);
        server.setErrorHandler(quietErrors());
        if (requestLog != null) {
            server.setRequestLog(
                    new CustomRequestLog(requestLog, CustomRequestLog.EXTENDED_NCSA_FORMAT));
        }
        connector = Connectors.create(server, options);
        // Jetty would shorten the idle timeout of busy connections, and so cut off a client that
        // pauses; see stop.
        connector.setShutdownIdleTimeout(-1);
        server.addConnector(connector);
    }

    private static ErrorHandler quietErrors() {
        ErrorHandler errors = new ErrorHandler();
        errors.setShowStacks(false);
        errors.setShowCauses(false);
        return errors;
    }

    void start() {
        options.address().resolve(); // The transports say it differently.
        try {
            server.start();
        } catch (Exception e) {
            stopQuietly(e);
            throw options.address().failure(e);
        }
    }

    InetSocketAddress address() {
        return new ListenAddress(options.address().host(), connector.getLocalPort()).resolve();
    }

    Transport transport() {
        return Connectors.transport(connector);
    }

    String readyLine() {
        String scheme = options.identity() == null ? "http" : "https";
        return ReadyLine.web(scheme, address(), transport(), options.loops());
    }

    Server jetty() {
        return server;
    }

    /**
     * Stops accepting, lets running requests finish at their own pace, then closes the idle
     * connections. Returns whether all requests finished in time.
     */
    boolean stop(Duration limit) {
        // Closes the listener, tells HTTP/2 peers to go away, refuses further requests. What it
        // returns would wait for idle connections too.
        var _ = Graceful.shutdown(server);
        boolean finished = runningFinish(limit);
        connector.setShutdownIdleTimeout(LINGER_MILLIS);
        server.setStopTimeout(LINGER_ROUNDS * LINGER_MILLIS);
        try {
            server.stop();
        } catch (Exception e) {
            LOG.log(Level.DEBUG, "Closing idle connections", e);
        }
        return finished;
    }

    private boolean runningFinish(Duration limit) {
        try {
            running.shutdown().get(limit.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        }
    }

    private void stopQuietly(Exception startFailure) {
        try {
            server.stop();
        } catch (Exception e) {
            startFailure.addSuppressed(e);
        }
    }
}
