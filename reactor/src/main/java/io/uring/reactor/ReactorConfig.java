package io.uring.reactor;

import io.uring.ring.BufferRing;

/**
 * The limits of a loop.
 *
 * <pre>{@code
 * ReactorConfig config = ReactorConfig.defaults().withConnections(50_000);
 * }</pre>
 *
 * @param connections about how many connections the loop will serve; sizes the ring where the
 *     kernel cannot resize it (before 6.13), elsewhere it starts small and grows with the load
 * @param maxOperations operations the kernel may have at a time; more than that wait, and as many
 *     again may wait
 * @param receiveBuffers buffers shared by all receives of the loop, a power of two up to 32768
 * @param receiveBufferBytes size of each; the most that one receive can bring
 * @param datagramBuffers buffers shared by all datagram sockets of the loop, a power of two up to
 *     32768; made when the first one opens
 * @param datagramBytes the longest datagram that arrives whole, 64 to 65535
 * @param drainNanos how long closing waits for operations to end
 * @param idle what the loop does when there is nothing to do
 */
public record ReactorConfig(
        int connections,
        int maxOperations,
        int receiveBuffers,
        int receiveBufferBytes,
        int datagramBuffers,
        int datagramBytes,
        long drainNanos,
        IdleStrategy idle) {
    /** Enough for 10,000 connections without a larger ring making the small case slower. */
    private static final int CONNECTIONS = 4096;

    /** Two per connection for 128k connections on a loop. */
    private static final int MAX_OPERATIONS = 1 << 18;

    /** With the size below 4 MiB of address space; what is touched depends on the load. */
    private static final int RECEIVE_BUFFERS = 64;

    /** A stream's receive then takes what the kernel has by default in one completion. */
    private static final int RECEIVE_BUFFER_BYTES = 64 * 1024;

    /** Datagrams of one turn; a small one touches one page of its buffer. */
    private static final int DATAGRAM_BUFFERS = 128;

    /** Any datagram, also several that the kernel has merged. */
    private static final int DATAGRAM_BYTES = 65_535;

    private static final int MIN_DATAGRAM_BYTES = 64;

    private static final long DRAIN_NANOS = 2_000_000_000L;

    public ReactorConfig {
        if (connections < 1 || maxOperations < 16 || receiveBufferBytes < 64 || drainNanos < 0) {
            throw new IllegalArgumentException(
                    "connections %d, maxOperations %d, receiveBufferBytes %d, drainNanos %d"
                            .formatted(connections, maxOperations, receiveBufferBytes, drainNanos));
        }
        if (datagramBytes < MIN_DATAGRAM_BYTES || datagramBytes > DATAGRAM_BYTES) {
            throw new IllegalArgumentException(
                    "datagramBytes " + datagramBytes + ", not 64 to 65535");
        }
        checkCount("receiveBuffers", receiveBuffers);
        checkCount("datagramBuffers", datagramBuffers);
    }

    private static void checkCount(String name, int count) {
        if (count < 1 || count > BufferRing.MAX_ENTRIES || Integer.bitCount(count) != 1) {
            throw new IllegalArgumentException(
                    name + " " + count + ", not a power of two up to 32768");
        }
    }

    public static ReactorConfig defaults() {
        return new ReactorConfig(
                CONNECTIONS,
                MAX_OPERATIONS,
                RECEIVE_BUFFERS,
                RECEIVE_BUFFER_BYTES,
                DATAGRAM_BUFFERS,
                DATAGRAM_BYTES,
                DRAIN_NANOS,
                IdleStrategy.sleep());
    }

    public ReactorConfig withConnections(int count) {
        return new ReactorConfig(
                count,
                maxOperations,
                receiveBuffers,
                receiveBufferBytes,
                datagramBuffers,
                datagramBytes,
                drainNanos,
                idle);
    }

    public ReactorConfig withReceiveBuffers(int count, int bytes) {
        return with(count, bytes, datagramBuffers, datagramBytes);
    }

    public ReactorConfig withDatagramBuffers(int count, int bytes) {
        return with(receiveBuffers, receiveBufferBytes, count, bytes);
    }

    private ReactorConfig with(int count, int bytes, int datagramCount, int eachBytes) {
        return new ReactorConfig(
                connections,
                maxOperations,
                count,
                bytes,
                datagramCount,
                eachBytes,
                drainNanos,
                idle);
    }

    public ReactorConfig withDrainNanos(long nanos) {
        return with(nanos, idle);
    }

    public ReactorConfig withIdle(IdleStrategy strategy) {
        return with(drainNanos, strategy);
    }

    private ReactorConfig with(long nanos, IdleStrategy strategy) {
        return new ReactorConfig(
                connections,
                maxOperations,
                receiveBuffers,
                receiveBufferBytes,
                datagramBuffers,
                datagramBytes,
                nanos,
                strategy);
    }
}
