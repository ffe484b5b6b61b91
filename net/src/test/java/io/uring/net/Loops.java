package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.uring.reactor.EventLoop;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReactorConfig;
import io.uring.ring.Feature;
import io.uring.testkit.Eventually;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Loops for one test, which counts at its end what is left on them: nothing. */
final class Loops implements AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(10);

    /** The eventfd's read, on rings that cannot be sent a message. */
    private static final int WAKE_UP_OPERATIONS = 1;

    private final EventLoopGroup group;
    private final List<Listener> listeners = new ArrayList<>();
    private final List<DatagramSocket> datagramSockets = new ArrayList<>();

    private Loops(EventLoopGroup group) {
        this.group = group;
    }

    static Loops start(int count) {
        return start(count, "", ReactorConfig.defaults());
    }

    /** Loops whose rings lack the features that {@code mask} names. */
    static Loops start(int count, String mask, ReactorConfig config) {
        String before = System.getProperty(Feature.MASK_PROPERTY, "");
        System.setProperty(Feature.MASK_PROPERTY, mask);
        try {
            return new Loops(EventLoopGroup.start(count, config));
        } finally {
            System.setProperty(Feature.MASK_PROPERTY, before);
        }
    }

    EventLoopGroup group() {
        return group;
    }

    EventLoop loop() {
        return group.loops().getFirst();
    }

    static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    /** Listens on a free port of 127.0.0.1. */
    Listener listen(StreamConfig config, StreamAcceptor handlers) throws IOException {
        return listen(ListenerConfig.of(loopback()).withStream(config), handlers);
    }

    Listener listen(StreamAcceptor handlers) throws IOException {
        return listen(StreamConfig.defaults(), handlers);
    }

    Listener listen(ListenerConfig config, StreamAcceptor handlers) throws IOException {
        Listener listener = Listener.open(group, config, handlers);
        listeners.add(listener);
        return listener;
    }

    /** A socket on the first loop. */
    DatagramSocket datagrams(DatagramConfig config, DatagramHandler handler) throws IOException {
        DatagramSocket socket = DatagramSocket.open(loop(), config, handler);
        datagramSockets.add(socket);
        call(() -> socket.reactor().datagrams()); // for the count at the end
        return socket;
    }

    /** On a free port of 127.0.0.1. */
    DatagramSocket datagrams(DatagramHandler handler) throws IOException {
        return datagrams(DatagramConfig.bind(loopback()), handler);
    }

    /** A listener with one handler, for tests with one connection. */
    SocketAddress serve(StreamConfig config, StreamHandler handler) throws IOException {
        return listen(config, _ -> handler).address();
    }

    SocketAddress serve(StreamHandler handler) throws IOException {
        return serve(StreamConfig.defaults(), handler);
    }

    /** Runs something on the first loop and waits for what comes out. */
    <T> T call(Callable<T> task) {
        return call(loop().reactor(), task);
    }

    static <T> T call(Reactor reactor, Callable<T> task) {
        CompletableFuture<T> result = new CompletableFuture<>();
        reactor.execute(() -> {
            try {
                result.complete(task.call());
            } catch (Throwable t) {
                result.completeExceptionally(t);
            }
        });
        return get(result);
    }

    static void run(Reactor reactor, Runnable task) {
        call(
                reactor,
                () -> {
                    task.run();
                    return true;
                });
    }

    static <T> T get(CompletableFuture<T> future) {
        return future.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
    }

    /** Closes the listeners, waits until all connections are gone, closes the loops. */
    @Override
    public void close() {
        for (Listener listener : listeners) {
            get(listener.close());
        }
        for (DatagramSocket socket : datagramSockets) {
            socket.reactor().execute(socket::close);
            get(socket.closed());
        }
        for (EventLoop loop : group.loops()) {
            Eventually.isTrue(
                    LIMIT,
                    () -> pending(loop) + " operations are left on " + loop,
                    () -> pending(loop) <= WAKE_UP_OPERATIONS);
        }
        closeLoops();
    }

    /** Closes the loops under whatever is open. */
    void closeLoops() {
        group.close();
        for (EventLoop loop : group.loops()) {
            Reactor reactor = loop.reactor();
            assertEquals(0, reactor.pendingOperations(), "operations left");
            assertEquals(0, reactor.buffers().outstanding(), "buffers lent");
            assertEquals(0, reactor.buffers().chunksInUse(), "chunks in use");
            assertEquals(0, reactor.buffers().blocksInUse(), "blocks in use");
        }
        if (!datagramSockets.isEmpty()) {
            assertNoDatagrams(datagramSockets.getFirst().reactor());
        }
    }

    static void assertNoDatagrams(Reactor reactor) {
        assertEquals(0, reactor.datagrams().group().outstanding(), "datagrams lent");
        assertEquals(0, reactor.datagrams().group().chunksInUse(), "datagram chunks in use");
        assertEquals(0, reactor.datagrams().messagesInUse(), "messages in use");
    }

    static int pending(EventLoop loop) {
        return call(loop.reactor(), () -> loop.reactor().pendingOperations());
    }
}
