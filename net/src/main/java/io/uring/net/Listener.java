package io.uring.net;

import io.uring.reactor.EventLoop;
import io.uring.reactor.EventLoopGroup;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * Accepts connections on an address. On TCP every loop has a socket of its own on the same port,
 * and the kernel spreads the connections; on a unix path one loop accepts and hands over to the
 * loop with the fewest sockets. One operation accepts all that come (kernel 5.19), or one operation
 * each connection on kernels before. May be used from any thread.
 *
 * <pre>{@code
 * Listener listener = Listener.open(loops, ListenerConfig.tcp(0), socket -> new EchoHandler());
 * System.out.println("listening on " + listener.address());
 * listener.close().join(); // accepted connections go on
 * }</pre>
 */
public final class Listener {
    private final SocketAddress address;
    private final List<Acceptor> acceptors;
    private final List<Served> served;
    private final AtomicBoolean deleted = new AtomicBoolean();

    private Listener(SocketAddress address, List<Acceptor> acceptors, List<Served> served) {
        this.address = address;
        this.acceptors = acceptors;
        this.served = served;
    }

    /**
     * Binds, listens and starts to accept.
     *
     * @param handlers asked for the handler of each connection, on the connection's loop (also with
     *     an executor)
     * @throws java.net.BindException when the address is in use, foreign or not permitted
     */
    public static Listener open(
            EventLoopGroup loops, ListenerConfig config, StreamAcceptor handlers)
            throws IOException {
        java.util.Objects.requireNonNull(handlers, "handlers");
        boolean one = config.oneSocket() || ListenerSocket.isUnix(config.address());
        List<Integer> cpus = loops.loops().stream().map(EventLoop::cpu).toList();
        List<Integer> sockets = ListenerSocket.open(config, one ? cpus.subList(0, 1) : cpus);
        SocketAddress address = ListenerSocket.localAddress(sockets.getFirst());
        return start(loops, config, handlers, sockets, address, one, false);
    }

    /**
     * Accepts from a socket that listens already. One loop accepts and hands over to the others in
     * turn. The listener owns the descriptor from now on, but does not delete a unix path.
     *
     * @throws IOException when the descriptor is not a listening stream socket; it stays open then
     */
    public static Listener inherit(
            EventLoopGroup loops,
            InheritedSocket socket,
            StreamConfig stream,
            StreamAcceptor handlers)
            throws IOException {
        java.util.Objects.requireNonNull(handlers, "handlers");
        SocketAddress address = ListenerSocket.adopt(socket);
        ListenerConfig config = ListenerConfig.of(address).withStream(stream);
        Listener listener =
                start(loops, config, handlers, List.of(socket.fd()), address, true, true);
        listener.deleted.set(true); // the path is that of whoever made the socket
        return listener;
    }

    private static Listener start(
            EventLoopGroup loops,
            ListenerConfig config,
            StreamAcceptor handlers,
            List<Integer> sockets,
            SocketAddress address,
            boolean handOver,
            boolean inherited)
            throws IOException {
        List<Served> all = loops.loops().stream().map(Served::new).toList();
        List<Acceptor> acceptors = new ArrayList<>();
        for (int i = 0; i < sockets.size(); i++) {
            List<Served> targets = handOver ? all : List.of(all.get(i));
            int fd = sockets.get(i);
            acceptors.add(
                    new Acceptor(all.get(i).loop(), targets, fd, config, handlers, inherited));
        }
        int started = 0;
        try {
            for (Acceptor acceptor : acceptors) {
                acceptor.start();
                started++;
            }
        } catch (RejectedExecutionException e) {
            for (Acceptor begun : acceptors.subList(0, started)) {
                var _ = begun.close(); // its loop closes too
            }
            sockets.subList(started, sockets.size()).forEach(SocketCalls::close);
            throw new IOException("the loops are closed", e);
        }
        return new Listener(address, List.copyOf(acceptors), all);
    }

    /** The address that is bound, with the port that was chosen for port 0. */
    public SocketAddress address() {
        return address;
    }

    /** Stops accepting; connections wait in the backlog until {@link #resume}. */
    public void pause() {
        acceptors.forEach(acceptor -> acceptor.setAccepting(false));
    }

    public void resume() {
        acceptors.forEach(acceptor -> acceptor.setAccepting(true));
    }

    /**
     * Stops listening. Accepted connections go on. A unix path is deleted.
     *
     * @return completes when the address is free again
     */
    public CompletableFuture<Void> close() {
        return allOf(acceptors.stream().map(Acceptor::close)).thenRun(this::deletePath);
    }

    /**
     * Ends gracefully. It stops listening at once, after it has accepted the connections that the
     * kernel keeps in its backlog (an inherited socket's wait there for whoever listens next). Then
     * open connections are told by {@link StreamHandler#onStop} and may finish; those still open
     * after {@code grace} are cut with a reset. From any thread.
     *
     * <pre>{@code
     * int cut = listener.stop(Duration.ofSeconds(10)).join();
     * }</pre>
     *
     * @param grace what open connections have from now on, to 292 years
     * @return completes when all of them are closed, with the number of those that were cut. The
     *     address is free much earlier: another listener may have it as soon as {@link #close},
     *     called after this, completes
     */
    public CompletableFuture<Integer> stop(Duration grace) {
        long deadline = System.nanoTime() + grace.toNanos();
        // Whatever was accepted is on its way to its loop when the acceptors have ended, and there
        // before the loops are asked.
        return allOf(acceptors.stream().map(Acceptor::drain))
                .thenRun(this::deletePath)
                .thenCompose(_ -> {
                    List<CompletableFuture<Integer>> cut =
                            served.stream().map(loop -> loop.stop(deadline)).toList();
                    return allOf(cut.stream())
                            .thenApply(_ -> cut.stream().mapToInt(CompletableFuture::join).sum());
                });
    }

    private static CompletableFuture<Void> allOf(Stream<? extends CompletableFuture<?>> futures) {
        return CompletableFuture.allOf(futures.toArray(CompletableFuture<?>[]::new));
    }

    private void deletePath() {
        // Once: closing again must not delete the path of the next listener.
        if (address instanceof UnixDomainSocketAddress unix && deleted.compareAndSet(false, true)) {
            try {
                Files.deleteIfExists(unix.getPath());
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    @Override
    public String toString() {
        return "Listener[" + address + "]";
    }
}
