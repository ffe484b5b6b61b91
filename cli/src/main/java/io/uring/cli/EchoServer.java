package io.uring.cli;

import io.uring.net.DatagramConfig;
import io.uring.net.DatagramGroup;
import io.uring.net.DatagramSocket;
import io.uring.net.Listener;
import io.uring.net.ListenerConfig;
import io.uring.net.StreamHandler;
import io.uring.net.StreamSocket;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.IdleStrategy;
import io.uring.reactor.ReactorConfig;
import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.RingException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Sends back what comes in, without copying it. May be used from any thread. */
final class EchoServer {

    /** How long a stop waits for peers to take what is on its way to them. */
    private static final long STOP_SECONDS = 10;

    private final EventLoopGroup loops;
    private final InetSocketAddress address;

    /** Takes nothing more, sends what has come in, closes. */
    private final Supplier<CompletableFuture<?>> close;

    private EchoServer(
            EventLoopGroup loops, InetSocketAddress address, Supplier<CompletableFuture<?>> close) {
        this.loops = loops;
        this.address = address;
        this.close = close;
    }

    static EchoServer start(ListenAddress address, int loopCount, IdleStrategy idle) {
        return start(address, loopCount, idle, EchoServer::streams);
    }

    /** Of datagrams; a socket for each loop. */
    static EchoServer startUdp(ListenAddress address, int loopCount, IdleStrategy idle) {
        return start(address, loopCount, idle, EchoServer::datagrams);
    }

    private static EchoServer start(
            ListenAddress address, int loopCount, IdleStrategy idle, Opening opening) {
        InetSocketAddress resolved = address.resolve();
        EventLoopGroup loops;
        try {
            loops = EventLoopGroup.start(loopCount, ReactorConfig.defaults().withIdle(idle));
        } catch (RingException e) {
            throw address.failure(e);
        }
        try {
            return opening.open(loops, resolved);
        } catch (IOException e) {
            loops.close();
            throw address.failure(e);
        }
    }

    /** What a protocol needs to serve. */
    private interface Opening {
        EchoServer open(EventLoopGroup loops, InetSocketAddress address) throws IOException;
    }

    private static EchoServer streams(EventLoopGroup loops, InetSocketAddress address)
            throws IOException {
        Connections connections = new Connections();
        Listener listener = Listener.open(loops, ListenerConfig.of(address), _ -> connections);
        return new EchoServer(
                loops,
                (InetSocketAddress) listener.address(),
                () -> listener.close().thenCompose(_ -> connections.closeAll()));
    }

    private static EchoServer datagrams(EventLoopGroup loops, InetSocketAddress address)
            throws IOException {
        DatagramGroup group =
                DatagramSocket.openGroup(
                        loops,
                        DatagramConfig.bind(address),
                        _ -> (socket, datagram) -> socket.send(datagram, datagram.source()));
        return new EchoServer(loops, group.address(), group::close);
    }

    InetSocketAddress address() {
        return address;
    }

    /** Stops accepting, sends what has come in, closes. Returns whether that succeeded in time. */
    boolean stop() {
        try {
            close.get().get(STOP_SECONDS, TimeUnit.SECONDS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        } finally {
            loops.close();
        }
    }

    /** The handler of all connections. */
    private static final class Connections implements StreamHandler {
        private final Map<StreamSocket, CompletableFuture<Void>> open = new ConcurrentHashMap<>();

        @Override
        public void onOpen(StreamSocket socket) {
            open.put(socket, new CompletableFuture<>());
        }

        /** Nothing more is received while the limit of unsent bytes is reached. */
        @Override
        public void onData(StreamSocket socket, ReceivedBuffer data) {
            socket.write(data);
        }

        @Override
        public void onClose(StreamSocket socket, @Nullable IOException cause) {
            @Nullable CompletableFuture<Void> closed = open.remove(socket);
            if (closed != null) {
                closed.complete(null);
            }
        }

        CompletableFuture<Void> closeAll() {
            CompletableFuture<?>[] closed = open.values().toArray(CompletableFuture<?>[]::new);
            open.keySet().forEach(socket -> socket.reactor().execute(socket::close));
            return CompletableFuture.allOf(closed);
        }
    }
}
