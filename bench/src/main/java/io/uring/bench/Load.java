package io.uring.bench;

import io.uring.net.Connector;
import io.uring.net.StreamConfig;
import io.uring.reactor.EventLoop;
import io.uring.reactor.ReactorConfig;
import io.uring.reactor.Timer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.HdrHistogram.Histogram;

/**
 * Connections to one server and the requests on them, on one loop of our own: a load must be light,
 * or it is what gets measured. Fields belong to the loop.
 *
 * <pre>{@code
 * try (Load load = Load.open(spec, port)) {
 *     load.start();
 *     LoadResult result = load.measure(SECONDS.toNanos(3));
 * }
 * }</pre>
 */
final class Load implements AutoCloseable {
    /** More at a time overflow a listener's backlog, and a lost SYN waits a second. */
    private static final int CONNECTING_MAX = 256;

    private static final long CONNECT_SECONDS = 60;
    private static final long TASK_SECONDS = 30;

    /** The highest latency that is told from others. */
    private static final long LATENCY_NANOS_MAX = TimeUnit.SECONDS.toNanos(60);

    private static final int SIGNIFICANT_DIGITS = 3;

    /** How often the open loop looks for requests that are due. */
    private static final long TICK_NANOS = 50_000;

    final LoadSpec spec;
    final MemorySegment batch;
    final int requestBytes;
    final int responseBytes;

    private final EventLoop loop;
    private final Arena arena = Arena.ofShared();
    private final InetSocketAddress address;
    private final List<LoadConnection> connections = new ArrayList<>();
    private final CompletableFuture<Void> allOpen = new CompletableFuture<>();
    private final Timer tick = new Timer(this::startDue);
    private final Histogram latency = new Histogram(LATENCY_NANOS_MAX, SIGNIFICANT_DIGITS);

    private int opened;
    private boolean running;
    private boolean ended;
    private long startedAt;
    private long startedRequests;
    private long requests;
    private long errors;

    private Load(LoadSpec spec, int port, int responseBytes) {
        this.spec = spec;
        this.address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        this.responseBytes = responseBytes;
        byte[] request = Probe.request(spec);
        this.requestBytes = request.length;
        this.batch = arena.allocate((long) requestBytes * spec.depth());
        for (int i = 0; i < spec.depth(); i++) {
            MemorySegment.copy(
                    MemorySegment.ofArray(request),
                    0,
                    batch,
                    (long) i * requestBytes,
                    requestBytes);
        }
        this.loop = EventLoop.start(ReactorConfig.defaults());
    }

    /** Connects; returns when all connections are open. */
    static Load open(LoadSpec spec, int port) throws IOException, InterruptedException {
        Load load = new Load(spec, port, Probe.responseBytes(spec, port));
        try {
            load.loop.execute(load::connectFirst);
            load.allOpen.get(CONNECT_SECONDS, TimeUnit.SECONDS);
            return load;
        } catch (ExecutionException e) {
            load.close();
            throw new IOException("connecting " + spec, e.getCause());
        } catch (TimeoutException e) {
            load.close();
            throw new IOException("connecting " + spec + " took too long", e);
        }
    }

    /** Starts the requests. */
    void start() throws InterruptedException {
        onLoop(() -> {
            running = true;
            startedAt = System.nanoTime();
            connections.forEach(LoadConnection::sendMore);
            if (spec.isOpenLoop()) {
                loop.reactor().schedule(tick, TICK_NANOS);
            }
            return true;
        });
    }

    /** Counts for so long; what went before does not count. */
    LoadResult measure(long nanos) throws InterruptedException {
        long from = onLoop(this::reset);
        TimeUnit.NANOSECONDS.sleep(nanos);
        return onLoop(() -> {
            long elapsed = System.nanoTime() - from;
            Histogram corrected = LoadResult.corrected(latency.copy(), spec, requests, elapsed);
            return new LoadResult(requests, elapsed, corrected, errors);
        });
    }

    private long reset() {
        latency.reset();
        requests = 0;
        return System.nanoTime();
    }

    @Override
    public void close() {
        try {
            onLoop(() -> {
                ended = true;
                running = false;
                loop.reactor().cancel(tick);
                connections.forEach(LoadConnection::close);
                return true;
            });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            loop.close();
            arena.close();
        }
    }

    private void connectFirst() {
        int first = Math.min(CONNECTING_MAX, spec.connections());
        for (int i = 0; i < first; i++) {
            connectNext();
        }
    }

    private void connectNext() {
        if (connections.size() == spec.connections()) {
            return;
        }
        LoadConnection connection = new LoadConnection(this, connections.size());
        connections.add(connection);
        connect(connection);
    }

    void connect(LoadConnection connection) {
        connection.connectingAt = System.nanoTime();
        var _ =
                Connector.connect(
                        loop,
                        address,
                        StreamConfig.defaults(),
                        TimeUnit.SECONDS.toNanos(CONNECT_SECONDS),
                        connection,
                        failure -> connectFailed(connection, failure));
    }

    private void connectFailed(LoadConnection connection, IOException failure) {
        if (!running) {
            allOpen.completeExceptionally(failure);
        } else if (!ended) {
            errors++;
            connect(connection);
        }
    }

    void opened() {
        if (allOpen.isDone()) {
            return;
        }
        opened++;
        if (opened == spec.connections()) {
            allOpen.complete(null);
        } else {
            connectNext();
        }
    }

    void closedUnexpectedly() {
        if (ended) {
            return;
        }
        errors++;
        allOpen.completeExceptionally(new IOException("the server closed a connection"));
    }

    boolean isRunning() {
        return running;
    }

    /** Since the start of the requests. */
    long elapsedNanos(long now) {
        return now - startedAt;
    }

    void completed(long latencyNanos) {
        requests++;
        latency.recordValue(Math.clamp(latencyNanos, 0, LATENCY_NANOS_MAX));
    }

    /** The open loop's clock: asks the connections whose turn has come since the last time. */
    private void startDue() {
        if (!running) {
            return;
        }
        long due = (long) (elapsedNanos(System.nanoTime()) * spec.ratePerSecond() / 1e9) + 1;
        long turns = Math.min(due - startedRequests, spec.connections());
        for (long i = 0; i < turns; i++) {
            connections.get((int) ((startedRequests + i) % spec.connections())).sendMore();
        }
        startedRequests = due;
        loop.reactor().schedule(tick, TICK_NANOS);
    }

    private <T> T onLoop(Supplier<T> task) throws InterruptedException {
        CompletableFuture<T> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                done.complete(task.get());
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        try {
            return done.get(TASK_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the load's loop", e);
        }
    }
}
