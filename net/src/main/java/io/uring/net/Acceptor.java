package io.uring.net;

import io.uring.reactor.EventLoop;
import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReceivedBuffer;
import io.uring.reactor.Resource;
import io.uring.reactor.Timer;
import io.uring.ring.ControlOps;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.OperationLimitException;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * One listening socket on its loop: an accept that stays armed, and a pause when the machine is out
 * of something.
 */
final class Acceptor extends Operation implements Resource {
    private static final System.Logger LOG = System.getLogger(Listener.class.getName());
    private static final long FIRST_BACKOFF_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /** Without failures for so long, the next one is news. */
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(10);

    static {
        SocketErrors.prepare();
    }

    /** For a connection that nobody wants. */
    private static final StreamHandler REFUSAL =
            new StreamHandler() {
                @Override
                public void onOpen(StreamSocket socket) {
                    socket.close();
                }

                @Override
                public void onData(StreamSocket socket, ReceivedBuffer data) {
                    data.release();
                }
            };

    private final EventLoop loop;
    private final Reactor reactor;
    private final List<Served> targets;
    private final Descriptor descriptor;
    private final ListenerConfig config;
    private final StreamAcceptor handlers;
    private final boolean multishot;

    /** Somebody else listens with the same socket: its backlog is not ours to empty. */
    private final boolean inherited;

    private final Timer retry = new Timer(this::arm);
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Operation closeOperation = new CloseOperation();

    private int nextTarget;
    private long backoffNanos;
    private boolean failedBefore;
    private long failedAt;
    private boolean accepting;
    private boolean cancelling;
    private boolean draining;
    private boolean closing;

    Acceptor(
            EventLoop loop,
            List<Served> targets,
            int fd,
            ListenerConfig config,
            StreamAcceptor handlers,
            boolean inherited) {
        this.loop = loop;
        this.reactor = loop.reactor();
        this.targets = targets;
        this.descriptor = Descriptor.of(fd);
        this.config = config;
        this.handlers = handlers;
        this.inherited = inherited;
        this.accepting = !config.paused();
        this.multishot = reactor.ring().capabilities().has(Feature.MULTISHOT_ACCEPT);
    }

    void start() {
        loop.execute(() -> {
            reactor.attach(this);
            arm();
        });
    }

    void setAccepting(boolean on) {
        loop.execute(() -> {
            accepting = on;
            if (on) {
                arm();
            } else {
                disarm();
            }
        });
    }

    CompletableFuture<Void> close() {
        try {
            loop.execute(() -> {
                if (!draining) {
                    shutdown();
                }
            });
        } catch (RejectedExecutionException e) {
            return loop.terminated(); // the loop's end closed the socket
        }
        return closed;
    }

    /**
     * Serves the connections that the kernel keeps already, then closes; from any thread.
     *
     * @return as {@link #close}
     */
    CompletableFuture<Void> drain() {
        try {
            loop.execute(this::stop);
        } catch (RejectedExecutionException e) {
            return loop.terminated();
        }
        return closed;
    }

    @Override
    public void stop() {
        if (closing || draining) {
            return;
        }
        draining = true;
        reactor.cancel(retry);
        disarm();
        drainWhenIdle();
    }

    /**
     * Accepts what the kernel keeps. With system calls, since an accept of the ring waits: the few
     * connections that a stop finds there do not matter.
     */
    private void drainWhenIdle() {
        if (isPending() || closing) {
            return;
        }
        int fd = descriptor.number();
        if (!inherited && SocketCalls.nonBlocking(fd) == 0) {
            // No more than fit into it, or a flood would keep the listener open.
            for (int left = config.backlog(); left > 0; left--) {
                int connection = SocketCalls.acceptNow(fd);
                if (connection < 0) {
                    break;
                }
                reactor.counters().accepted();
                accepted(connection);
            }
        }
        shutdown();
    }

    @Override
    public void shutdown() {
        if (!closing) {
            closing = true;
            reactor.cancel(retry);
            disarm();
            closeWhenIdle();
        }
    }

    @Override
    public void lost(Throwable cause) {
        closing = true;
        reactor.cancel(retry);
        if (!closeOperation.isPending()) {
            // The accept in flight holds the socket open: other loops get its connections at once.
            SocketCalls.shutdown(descriptor.number());
            SocketCalls.close(descriptor.number());
        }
        closed.complete(null);
        LOG.log(
                System.Logger.Level.ERROR,
                "accept on {0} ended: its loop has failed; other loops go on",
                config.address());
    }

    private void arm() {
        if (accepting && !closing && !draining && !isPending()) {
            cancelling = false;
            try {
                reactor.submit(this);
            } catch (OperationLimitException e) {
                backOff(Errno.ENOMEM, new IOException("accept on " + config.address(), e));
            }
        }
    }

    private void disarm() {
        if (isPending() && !cancelling) {
            cancelling = true;
            reactor.cancel(this);
        }
    }

    /** The accept holds the socket open, so it has to end before the close. */
    private void closeWhenIdle() {
        if (closing && !isPending() && !closeOperation.isPending() && !closed.isDone()) {
            try {
                reactor.submit(closeOperation);
            } catch (OperationLimitException e) { // the way to fewer must not need one more
                SocketCalls.close(descriptor.number());
                ended();
            }
        }
    }

    private void ended() {
        reactor.detach(this);
        closed.complete(null);
    }

    @Override
    protected void prepare(Sqe sqe) {
        if (multishot) {
            SocketOps.acceptMultishot(sqe, descriptor);
        } else {
            SocketOps.accept(sqe, descriptor);
        }
    }

    @Override
    protected void complete(int result, int flags) {
        try {
            if (result >= 0) {
                backoffNanos = 0;
                reactor.counters().accepted();
                accepted(result);
            } else {
                failed(-result);
            }
        } finally { // without memory one connection is lost, not the listener
            goOn();
        }
    }

    private void goOn() {
        if (!isPending()) {
            if (closing) {
                closeWhenIdle();
            } else if (draining) {
                drainWhenIdle();
            } else if (!retry.isScheduled()) {
                arm();
            }
        }
    }

    private void accepted(int fd) {
        Served target = leastLoaded();
        if (target.loop() == loop) {
            open(target, fd);
            return;
        }
        try {
            target.loop()
                    .execute(() -> {
                        open(target, fd);
                        target.arrived(); // afterwards, or it would count nowhere for a moment
                    });
            target.handedOver();
        } catch (RejectedExecutionException e) {
            open(targets.getFirst(), fd); // that loop has failed
        }
    }

    /** Among equals one after the other. */
    private Served leastLoaded() {
        int count = targets.size();
        Served best = targets.get(nextTarget);
        if (count == 1) {
            return best;
        }
        for (int i = 1; i < count; i++) {
            Served other = targets.get((nextTarget + i) % count);
            boolean better = !best.loop().isRunning() || load(other) < load(best);
            best = better && other.loop().isRunning() ? other : best;
        }
        nextTarget = (nextTarget + 1) % count;
        return best;
    }

    private int load(Served target) {
        return target.loop() == loop ? target.load() - 1 : target.load(); // without this acceptor
    }

    private void open(Served target, int fd) {
        StreamSocket socket;
        try {
            socket = new StreamSocket(target.reactor(), fd, config.stream());
        } catch (Throwable e) { // no memory: from then on the socket closes it
            SocketCalls.close(fd);
            throw e;
        }
        StreamHandler handler;
        try {
            handler = handlers.accepted(socket);
            java.util.Objects.requireNonNull(handler, "the acceptor returned no handler");
        } catch (Throwable e) {
            LOG.log(System.Logger.Level.ERROR, "no handler for a connection", e);
            // The acceptor may have closed it or passed it on: only the socket knows its
            // descriptor.
            handler = REFUSAL;
        }
        Executor executor = config.executor();
        socket.open(executor == null ? handler : new OffLoop(socket, handler, executor), target);
    }

    private void failed(int errno) {
        if (errno != Errno.ECANCELED) {
            reactor.counters().failed();
        }
        switch (errno) {
            case Errno.ECANCELED, Errno.EINTR, Errno.EAGAIN, Errno.ECONNABORTED -> {}
            case Errno.EINVAL, Errno.EBADF, Errno.EOPNOTSUPP -> {
                LOG.log(
                        System.Logger.Level.ERROR,
                        "accept on {0} failed: {1}; it is closed",
                        config.address(),
                        Errno.name(errno));
                shutdown();
            }
            default -> {
                if (!draining) {
                    backOff(errno, SocketErrors.exception("accept on " + config.address(), errno));
                }
            }
        }
    }

    /** Out of descriptors or memory: trying again at once would burn a core and help nobody. */
    private void backOff(int errno, IOException cause) {
        backoffNanos =
                backoffNanos == 0
                        ? FIRST_BACKOFF_NANOS
                        : Math.min(backoffNanos * 2, config.maxAcceptBackoffNanos());
        reactor.schedule(retry, backoffNanos);
        SocketRecording.backOff(this, errno, backoffNanos);
        // Near the limit some connections succeed in between: that is still the same condition.
        boolean told = failedBefore && reactor.now() - failedAt < QUIET_NANOS;
        failedBefore = true;
        failedAt = reactor.now();
        if (!told) {
            reactor.execute(() -> handlers.acceptFailed(cause)); // whatever it does, we go on
        }
    }

    /** Closes the listening socket; the address is free afterwards. */
    private final class CloseOperation extends Operation {
        @Override
        protected void prepare(Sqe sqe) {
            ControlOps.close(sqe, descriptor);
        }

        @Override
        protected void complete(int result, int flags) {
            if (result == -Errno.ECANCELED || result == -Errno.EINTR) {
                SocketCalls.close(descriptor.number()); // the loop's end cancelled it
            }
            ended();
        }
    }

    @Override
    public String toString() {
        return "accept on " + config.address();
    }
}
