package io.uring.jetty;

import io.uring.net.Listener;
import io.uring.net.ListenerConfig;
import io.uring.net.StreamAcceptor;
import io.uring.reactor.EventLoop;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.ReactorConfig;
import io.uring.ring.RingException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The loops of a connector, and the sockets they listen on. */
final class LoopServer {
    private static final Logger LOG = LoggerFactory.getLogger(LoopServer.class);
    private static final long CLOSE_SECONDS = 5;

    /**
     * A response that is complete for Jetty may have its last 64 KiB here; a slow client gets this
     * long.
     */
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** Jetty tells its connections and ends them, and closes the loops at last. */
    private static final Duration UNTIL_JETTY_CUTS = Duration.ofDays(365);

    private final EventLoopGroup loops;
    private final Listener listener;
    private volatile boolean listening = true;

    private LoopServer(EventLoopGroup loops, Listener listener) {
        this.loops = loops;
        this.listener = listener;
    }

    static LoopServer open(int count, ListenerConfig config, StreamAcceptor acceptor)
            throws IOException {
        EventLoopGroup loops;
        try {
            loops =
                    EventLoopGroup.start(
                            count, ReactorConfig.defaults().withDrainNanos(DRAIN_NANOS));
        } catch (RingException e) {
            throw new IOException("Failed to start " + count + " io_uring loops", e);
        }
        try {
            return new LoopServer(loops, Listener.open(loops, config, acceptor));
        } catch (IOException e) {
            loops.close();
            throw new IOException("Failed to bind to " + config.address(), e);
        } catch (RuntimeException e) {
            loops.close();
            throw e;
        }
    }

    int port() {
        return ((InetSocketAddress) listener.address()).getPort();
    }

    boolean isListening() {
        return listening;
    }

    void setAccepting(boolean accepting) {
        if (accepting) {
            listener.resume();
        } else {
            listener.pause();
        }
    }

    /**
     * Stops listening and waits until the port is free, unless a loop itself asks. Connections go
     * on, also those that the kernel still keeps in its backlog: they are served, not reset.
     */
    void stopListening() {
        if (!listening) {
            return;
        }
        listening = false;
        var _ = listener.stop(UNTIL_JETTY_CUTS);
        CompletableFuture<Void> closed = listener.close();
        if (loops.loops().stream().anyMatch(EventLoop::inLoop)) {
            return;
        }
        try {
            closed.get(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("{} did not close in time", listener, e);
        }
    }

    /** Ends the loops and what is left on them. */
    void close() {
        stopListening();
        loops.close();
    }

    @Override
    public String toString() {
        return listener + " on " + loops.loops();
    }
}
