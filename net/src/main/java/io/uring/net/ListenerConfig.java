package io.uring.net;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * Where and how to listen.
 *
 * <pre>{@code
 * ListenerConfig config = ListenerConfig.tcp(8080).withBacklog(1024);
 * }</pre>
 *
 * @param address an InetSocketAddress, port 0 for any free one, or a UnixDomainSocketAddress
 * @param backlog connections the kernel keeps until they are accepted; it caps this at
 *     net.core.somaxconn
 * @param stream options and limits of each accepted connection
 * @param maxAcceptBackoffNanos the longest pause after accepting failed for lack of descriptors or
 *     memory
 * @param cpuSteering whether a connection goes to the loop of the processor that its packets come
 *     in on (TCP, more than one loop)
 * @param paused whether connections wait in the backlog until {@link Listener#resume}
 */
public record ListenerConfig(
        SocketAddress address,
        int backlog,
        StreamConfig stream,
        long maxAcceptBackoffNanos,
        boolean cpuSteering,
        boolean paused) {
    /** The kernel's own default for somaxconn. */
    private static final int BACKLOG = 4096;

    private static final long MAX_ACCEPT_BACKOFF_NANOS = TimeUnit.SECONDS.toNanos(1);

    public ListenerConfig {
        if (backlog < 1 || maxAcceptBackoffNanos < 1) {
            throw new IllegalArgumentException(
                    "backlog " + backlog + ", maxAcceptBackoffNanos " + maxAcceptBackoffNanos);
        }
    }

    public static ListenerConfig of(SocketAddress address) {
        return new ListenerConfig(
                address, BACKLOG, StreamConfig.defaults(), MAX_ACCEPT_BACKOFF_NANOS, false, false);
    }

    /** On all addresses of this machine. */
    public static ListenerConfig tcp(int port) {
        return of(new InetSocketAddress(port));
    }

    public ListenerConfig withBacklog(int connections) {
        return new ListenerConfig(
                address, connections, stream, maxAcceptBackoffNanos, cpuSteering, paused);
    }

    public ListenerConfig withStream(StreamConfig config) {
        return new ListenerConfig(
                address, backlog, config, maxAcceptBackoffNanos, cpuSteering, paused);
    }

    /** Listens, and accepts only after {@link Listener#resume}. */
    public ListenerConfig withPaused(boolean on) {
        return new ListenerConfig(address, backlog, stream, maxAcceptBackoffNanos, cpuSteering, on);
    }

    /**
     * Gives each connection to the loop that is pinned to the processor its packets come in on, so
     * that they do not change processors; without pinned loops, to the loop of the processor's
     * number modulo their count. For network cards with a queue per processor: connections then
     * spread as the card spreads them, not evenly.
     */
    public ListenerConfig withCpuSteering(boolean on) {
        return new ListenerConfig(address, backlog, stream, maxAcceptBackoffNanos, on, paused);
    }
}
