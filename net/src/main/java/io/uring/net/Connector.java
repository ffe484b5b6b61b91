package io.uring.net;

import io.uring.reactor.EventLoop;
import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.reactor.Resource;
import io.uring.reactor.Timer;
import io.uring.ring.Descriptor;
import io.uring.ring.Sockaddr;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to connect. It ends in exactly one of two ways: {@link StreamHandler#onOpen}, or the
 * failure callback with the descriptor closed.
 *
 * <pre>{@code
 * Connector attempt = Connector.connect(
 *         loops.next(), address, StreamConfig.defaults(), SECONDS.toNanos(5), handler,
 *         failure -> log.log(WARNING, failure.getMessage()));
 * attempt.cancel(); // from any thread
 * }</pre>
 */
public final class Connector {
    static {
        SocketErrors.prepare();
    }

    private final EventLoop loop;
    private final Reactor reactor;
    private final SocketAddress address;
    private final StreamConfig config;
    private final StreamHandler handler;
    private final Consumer<IOException> onFailure;
    private final Timer timeout = new Timer(this::timedOut);
    private final Connect connect = new Connect();

    /** Asked once connected: whether the connection is still wanted. */
    private final BooleanSupplier wanted;

    private boolean ended;
    private @Nullable IOException reason;

    private Connector(
            EventLoop loop,
            SocketAddress address,
            StreamConfig config,
            StreamHandler handler,
            Consumer<IOException> onFailure,
            BooleanSupplier wanted) {
        this.loop = loop;
        this.reactor = loop.reactor();
        this.address = address;
        this.config = config;
        this.handler = handler;
        this.onFailure = onFailure;
        this.wanted = wanted;
    }

    /**
     * Starts to connect; from any thread.
     *
     * @param address an InetSocketAddress, resolved, or a UnixDomainSocketAddress
     * @param timeoutNanos 0 for as long as the kernel tries
     * @param handler the connection's, once it is there
     * @param onFailure called on the loop when it does not come to that
     */
    public static Connector connect(
            EventLoop loop,
            SocketAddress address,
            StreamConfig config,
            long timeoutNanos,
            StreamHandler handler,
            Consumer<IOException> onFailure) {
        // Here and not on the loop: these are the caller's errors, not failures.
        java.util.Objects.requireNonNull(config, "config");
        java.util.Objects.requireNonNull(handler, "handler");
        java.util.Objects.requireNonNull(onFailure, "onFailure");
        if (timeoutNanos < 0) {
            throw new IllegalArgumentException("timeoutNanos " + timeoutNanos);
        }
        Sockaddr sockaddr = Sockaddr.of(Arena.ofAuto(), address);
        Connector connector = new Connector(loop, address, config, handler, onFailure, () -> true);
        connector.connect.sockaddr = sockaddr;
        loop.execute(() -> connector.start(timeoutNanos));
        return connector;
    }

    /** One of several attempts, of which {@code wanted} lets one win. */
    static Connector attempt(
            EventLoop loop,
            InetSocketAddress address,
            StreamConfig config,
            StreamHandler handler,
            Consumer<IOException> onFailure,
            BooleanSupplier wanted) {
        Connector connector = new Connector(loop, address, config, handler, onFailure, wanted);
        connector.connect.sockaddr = Sockaddr.of(Arena.ofAuto(), address);
        loop.execute(() -> connector.start(0));
        return connector;
    }

    /** Gives up, unless it has ended; from any thread. */
    public void cancel() {
        try {
            loop.execute(() ->
                    giveUp(new IOException("connect " + address, new CancellationException())));
        } catch (RejectedExecutionException e) {
            // The loop has closed, and ended the attempt with it.
        }
    }

    private void start(long timeoutNanos) {
        if (ended) {
            return; // cancelled before it began
        }
        int fd = SocketCalls.streamSocket(Sockaddr.family(address));
        if (fd < 0) {
            fail(SocketErrors.exception("socket for " + address, -fd));
            return;
        }
        connect.descriptor = Descriptor.of(fd);
        try {
            config.socket().apply(fd, address);
            reactor.attach(connect);
            reactor.submit(connect);
        } catch (IOException | RuntimeException e) { // or the loop has its limit of operations
            reactor.detach(connect);
            SocketCalls.close(fd);
            fail(
                    e instanceof IOException io
                            ? io
                            : new IOException("connect " + address + ": " + e.getMessage(), e));
            return;
        }
        if (timeoutNanos > 0) {
            reactor.schedule(timeout, timeoutNanos);
        }
    }

    private void timedOut() {
        giveUp(new SocketTimeoutException("connect " + address + ": no answer in time"));
    }

    private void giveUp(IOException why) {
        if (ended || reason != null) {
            return;
        }
        reason = why;
        if (connect.isPending()) {
            reactor.cancel(connect);
        } else {
            fail(why);
        }
    }

    private void fail(IOException why) {
        ended = true;
        reactor.counters().failed();
        onFailure.accept(why);
    }

    /** The operation, and the loop's hold on it. */
    private final class Connect extends Operation implements Resource {
        private @Nullable Descriptor descriptor;
        private @Nullable Sockaddr sockaddr;

        @Override
        protected void prepare(Sqe sqe) {
            if (descriptor == null || sockaddr == null) {
                throw new IllegalStateException("no socket");
            }
            SocketOps.connect(sqe, descriptor, sockaddr);
        }

        @Override
        protected void complete(int result, int flags) {
            reactor.cancel(timeout);
            reactor.detach(this);
            int fd = descriptor == null ? -1 : descriptor.number();
            IOException why = reason;
            if (why == null && result < 0) {
                why = SocketErrors.exception("connect " + address, -result);
            }
            if (why == null && !wanted.getAsBoolean()) {
                why = new IOException("connect " + address + ": another address was faster");
            }
            if (why != null) {
                SocketCalls.close(fd);
                fail(why);
                return;
            }
            StreamSocket socket;
            try {
                socket = new StreamSocket(reactor, fd, config);
            } catch (Throwable e) {
                SocketCalls.close(fd);
                fail(new IOException("connect " + address + ": " + e, e));
                return;
            }
            ended = true;
            socket.open(handler);
        }

        @Override
        public void shutdown() {
            giveUp(new IOException("connect " + address + ": the loop was closed"));
        }

        @Override
        public void lost(Throwable cause) {
            reactor.cancel(timeout);
            if (descriptor != null) {
                SocketCalls.close(descriptor.number());
            }
            fail(new IOException("connect " + address + ": the loop has failed", cause));
        }

        @Override
        public String toString() {
            return "connect " + address;
        }
    }
}
