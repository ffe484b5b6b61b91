package io.uring.cli;

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
import org.jspecify.annotations.Nullable;

/** Sends back what comes in, without copying it. May be used from any thread. */
final class EchoServer {

    /** How long a stop waits for peers to take what is on its way to them. */
    private static final long STOP_SECONDS = 10;

    private final EventLoopGroup loops;
    private final Connections connections = new Connections();
    private final Listener listener;

    private EchoServer(EventLoopGroup loops, InetSocketAddress address) throws IOException {
        this.loops = loops;
        this.listener = Listener.open(loops, ListenerConfig.of(address), socket -> connections);
    }

    static EchoServer start(ListenAddress address, int loopCount, IdleStrategy idle) {
        InetSocketAddress resolved = address.resolve();
        EventLoopGroup loops;
        try {
            loops = EventLoopGroup.start(loopCount, ReactorConfig.defaults().withIdle(idle));
        } catch (RingException e) {
            throw address.failure(e);
        }
        try {
            return new EchoServer(loops, resolved);
        } catch (IOException e) {
            loops.close();
            throw address.failure(e);
        }
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.address();
    }

    /** Stops accepting, sends what has come in, closes. Returns whether that succeeded in time. */
    boolean stop() {
        try {
            listener.close().get(STOP_SECONDS, TimeUnit.SECONDS);
            connections.closeAll().get(STOP_SECONDS, TimeUnit.SECONDS);
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
