package io.uring.net;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Where and how to listen; a value, which each method copies.
 *
 * <pre>{@code
 * ListenerConfig config =
 *         ListenerConfig.tcp(8080)
 *                 .withBacklog(1024)
 *                 .withOption(SocketOption.TCP_DEFER_ACCEPT, 10)
 *                 .withExecutor(Executors.newVirtualThreadPerTaskExecutor());
 * }</pre>
 */
public final class ListenerConfig {
    /** The kernel's own default for somaxconn. */
    private static final int BACKLOG = 4096;

    private static final long MAX_ACCEPT_BACKOFF_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final SocketAddress address;

    // Set by copies only, before anybody sees them.
    private int backlog = BACKLOG;
    private StreamConfig stream = StreamConfig.defaults();
    private long maxAcceptBackoffNanos = MAX_ACCEPT_BACKOFF_NANOS;
    private boolean cpuSteering;
    private boolean paused;
    private boolean oneSocket;
    private Map<SocketOption<?>, Object> options = Map.of();
    private @Nullable Executor executor;

    private ListenerConfig(SocketAddress address) {
        this.address = address;
    }

    /**
     * @param address an InetSocketAddress, port 0 for any free one, or a UnixDomainSocketAddress
     */
    public static ListenerConfig of(SocketAddress address) {
        return new ListenerConfig(address);
    }

    /** On all addresses of this machine. */
    public static ListenerConfig tcp(int port) {
        return of(new InetSocketAddress(port));
    }

    private ListenerConfig with(Consumer<ListenerConfig> change) {
        ListenerConfig copy = new ListenerConfig(address);
        copy.backlog = backlog;
        copy.stream = stream;
        copy.maxAcceptBackoffNanos = maxAcceptBackoffNanos;
        copy.cpuSteering = cpuSteering;
        copy.paused = paused;
        copy.oneSocket = oneSocket;
        copy.options = options;
        copy.executor = executor;
        change.accept(copy);
        return copy;
    }

    /**
     * Connections the kernel keeps until they are accepted, 4096 unless told otherwise; it caps
     * this at net.core.somaxconn.
     *
     * @param connections from 1
     */
    public ListenerConfig withBacklog(int connections) {
        if (connections < 1) {
            throw new IllegalArgumentException("backlog " + connections);
        }
        return with(copy -> copy.backlog = connections);
    }

    /** Options and limits of each accepted connection. */
    public ListenerConfig withStream(StreamConfig config) {
        return with(copy -> copy.stream = config);
    }

    /**
     * The longest pause after accepting failed for lack of descriptors or memory; a second unless
     * told otherwise.
     *
     * @param nanos from 1
     */
    public ListenerConfig withMaxAcceptBackoffNanos(long nanos) {
        if (nanos < 1) {
            throw new IllegalArgumentException("maxAcceptBackoffNanos " + nanos);
        }
        return with(copy -> copy.maxAcceptBackoffNanos = nanos);
    }

    /** Listens, and accepts only after {@link Listener#resume}. */
    public ListenerConfig withPaused(boolean on) {
        return with(copy -> copy.paused = on);
    }

    /**
     * Gives each connection to the loop that is pinned to the processor its packets come in on, so
     * that they do not change processors; without pinned loops, to the loop of the processor's
     * number modulo their count. For network cards with a queue per processor: connections then
     * spread as the card spreads them, not evenly. TCP with more than one loop and socket.
     */
    public ListenerConfig withCpuSteering(boolean on) {
        return with(copy -> copy.cpuSteering = on);
    }

    /**
     * Whether one socket listens on TCP, whose connections one loop accepts and gives to the loop
     * with the fewest sockets, as it is with unix sockets anyway. They are then spread evenly,
     * however few and long they are; a socket for each loop, the default, accepts more a second but
     * leaves the spreading to a hash of the addresses.
     */
    public ListenerConfig withOneSocket(boolean on) {
        return with(copy -> copy.oneSocket = on);
    }

    /**
     * Sets an option on the listening sockets before they are bound and listen; accepted
     * connections inherit most. It comes after those of {@link StreamConfig#socket}. What the
     * kernel does not take makes {@link Listener#open} fail, with the option's name.
     */
    public <T> ListenerConfig withOption(SocketOption<T> option, T value) {
        Map<SocketOption<?>, Object> more = new LinkedHashMap<>(options);
        more.put(option, value);
        return with(copy -> copy.options = Collections.unmodifiableMap(more));
    }

    /**
     * Runs the callbacks of connections on {@code threads} instead of on the loop: they may then
     * block. The callbacks of one connection stay in order and never run at the same time, and
     * receiving stops while they lag behind by {@link StreamConfig#readAheadBytes}. They, and any
     * other thread, may call the methods of the {@link StreamSocket}, which passes them on to the
     * loop. Each callback and each write then costs a hand-over and a few small objects; a write
     * from the heap is copied twice.
     *
     * @param threads a pool, or {@code Executors.newVirtualThreadPerTaskExecutor()}; not one that
     *     runs tasks in the caller's thread, which is the loop. When it refuses, the connection is
     *     aborted, and {@link StreamHandler#onClose} comes on the loop
     */
    public ListenerConfig withExecutor(Executor threads) {
        return with(copy -> copy.executor = threads);
    }

    public SocketAddress address() {
        return address;
    }

    public int backlog() {
        return backlog;
    }

    public StreamConfig stream() {
        return stream;
    }

    public long maxAcceptBackoffNanos() {
        return maxAcceptBackoffNanos;
    }

    public boolean cpuSteering() {
        return cpuSteering;
    }

    public boolean paused() {
        return paused;
    }

    public boolean oneSocket() {
        return oneSocket;
    }

    /** In the order they are set in. */
    public Map<SocketOption<?>, Object> options() {
        return options;
    }

    /** Where callbacks run, or null for the loop. */
    public @Nullable Executor executor() {
        return executor;
    }

    @Override
    public String toString() {
        return "ListenerConfig[" + address + "]";
    }
}
