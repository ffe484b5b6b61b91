package io.uring.reactor;

import java.util.Objects;

/**
 * The limits of a loop.
 *
 * <pre>{@code
 * ReactorConfig config =
 *         ReactorConfig.defaults()
 *                 .withConnections(50_000)
 *                 .withStreamBuffers(BufferConfig.of(64, 4096, 64 * 1024));
 * }</pre>
 *
 * @param connections about how many connections the loop will serve, from 1; sizes the ring where
 *     the kernel cannot resize it (before 6.13), elsewhere it starts small and grows with the load
 * @param maxOperations operations the kernel may have at a time, from 16; more than that wait, and
 *     as many again may wait
 * @param streamBuffers shared by all receives of streams; the size of one is the most that a
 *     receive can bring
 * @param datagramBuffers shared by all datagram sockets of the loop, made when the first one opens;
 *     the size of one, 64 to 65535, is the longest datagram that arrives whole
 * @param drainNanos how long closing waits for operations to end, from 0
 * @param idle what the loop does when there is nothing to do
 */
public record ReactorConfig(
        int connections,
        int maxOperations,
        BufferConfig streamBuffers,
        BufferConfig datagramBuffers,
        long drainNanos,
        IdleStrategy idle) {
    /** Enough for 10,000 connections without a larger ring making the small case slower. */
    private static final int CONNECTIONS = 4096;

    /** Two per connection for 128k connections on a loop. */
    private static final int MAX_OPERATIONS = 1 << 18;

    /**
     * A stream's receive then takes what the kernel has by default in one completion. 4 MiB, of
     * which what the load touches is memory; up to 64 MiB when a thousand connections stream 64 KiB
     * each at the same time.
     */
    private static final BufferConfig STREAM_BUFFERS = BufferConfig.of(64, 1024, 64 * 1024);

    /** The longest datagram, also when it is several that the kernel has merged. */
    private static final int DATAGRAM_BYTES = 65_535;

    /** Datagrams of one turn; a small one touches one page of its buffer. */
    private static final BufferConfig DATAGRAM_BUFFERS = BufferConfig.of(128, 1024, DATAGRAM_BYTES);

    private static final long DRAIN_NANOS = 2_000_000_000L;

    public ReactorConfig {
        if (connections < 1 || maxOperations < 16 || drainNanos < 0) {
            throw new IllegalArgumentException(
                    "connections %d, maxOperations %d, drainNanos %d"
                            .formatted(connections, maxOperations, drainNanos));
        }
        if (datagramBuffers.bytes() > DATAGRAM_BYTES) {
            throw new IllegalArgumentException(
                    "datagrams of %d bytes, the most are %d"
                            .formatted(datagramBuffers.bytes(), DATAGRAM_BYTES));
        }
        DatagramBuffers.whole(datagramBuffers); // whether they fit
        Objects.requireNonNull(streamBuffers, "streamBuffers");
        Objects.requireNonNull(idle, "idle");
    }

    public static ReactorConfig defaults() {
        return new ReactorConfig(
                CONNECTIONS,
                MAX_OPERATIONS,
                STREAM_BUFFERS,
                DATAGRAM_BUFFERS,
                DRAIN_NANOS,
                IdleStrategy.sleep());
    }

    public ReactorConfig withConnections(int count) {
        return new ReactorConfig(
                count, maxOperations, streamBuffers, datagramBuffers, drainNanos, idle);
    }

    /**
     * Operations the kernel may have at a time: a connection has one or two. As many again may
     * wait; what goes beyond is refused with {@link io.uring.ring.OperationLimitException}, which
     * ends the connection that asked.
     *
     * <pre>{@code
     * ReactorConfig.defaults().withMaxOperations(2 * connections);
     * }</pre>
     *
     * @param count from 16
     */
    public ReactorConfig withMaxOperations(int count) {
        return new ReactorConfig(
                connections, count, streamBuffers, datagramBuffers, drainNanos, idle);
    }

    public ReactorConfig withStreamBuffers(BufferConfig buffers) {
        return new ReactorConfig(
                connections, maxOperations, buffers, datagramBuffers, drainNanos, idle);
    }

    public ReactorConfig withDatagramBuffers(BufferConfig buffers) {
        return new ReactorConfig(
                connections, maxOperations, streamBuffers, buffers, drainNanos, idle);
    }

    public ReactorConfig withDrainNanos(long nanos) {
        return new ReactorConfig(
                connections, maxOperations, streamBuffers, datagramBuffers, nanos, idle);
    }

    public ReactorConfig withIdle(IdleStrategy strategy) {
        return new ReactorConfig(
                connections, maxOperations, streamBuffers, datagramBuffers, drainNanos, strategy);
    }
}
