package io.uring.net;

import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where a datagram socket is, and its options and limits.
 *
 * <pre>{@code
 * DatagramConfig server = DatagramConfig.bind(new InetSocketAddress(5353)).withGro(true);
 * DatagramConfig client = DatagramConfig.connect(new InetSocketAddress("127.0.0.1", 53));
 * }</pre>
 *
 * @param local the address to bind, port 0 for any free one; null for one the kernel chooses
 * @param remote the only peer, or null for any
 * @param options what the kernel is told before the socket is bound
 * @param highWaterBytes from so many queued bytes on {@link DatagramSocket#send} returns false;
 *     each datagram counts as {@value #DATAGRAM_COST} bytes beside its payload
 * @param lowWaterBytes at so few queued bytes {@link DatagramHandler#onWritable} is called
 * @param maxQueuedBytes a datagram that would exceed so many queued bytes is dropped
 * @param readAheadDatagrams receiving stops while more received datagrams than this are not
 *     released
 * @param closeNanos how long {@link DatagramSocket#close} waits for what is queued
 */
public record DatagramConfig(
        @Nullable InetSocketAddress local,
        @Nullable InetSocketAddress remote,
        Options options,
        long highWaterBytes,
        long lowWaterBytes,
        long maxQueuedBytes,
        int readAheadDatagrams,
        long closeNanos) {
    /** What a queued datagram costs beside its payload, so that many small ones are bounded too. */
    static final int DATAGRAM_COST = 256;

    /** Somewhat more than the kernel's default send buffer. */
    private static final long HIGH_WATER_BYTES = 256 * 1024;

    private static final long LOW_WATER_BYTES = 128 * 1024;

    /** A sender that ignores the high-water mark must not take the whole heap. */
    private static final long MAX_QUEUED_BYTES = 16L * 1024 * 1024;

    /** A quarter of the loop's buffers: a slow application leaves the others some. */
    private static final int READ_AHEAD_DATAGRAMS = 32;

    /** The network takes datagrams at once or drops them. */
    private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(2);

    /**
     * @param dualStack whether a wildcard address means IPv4 and IPv6, as far as the machine has
     *     both; otherwise 0.0.0.0 is IPv4 and :: is IPv6 alone
     * @param reuseAddress SO_REUSEADDR: others may bind the port too, as receivers of a multicast
     *     group do
     * @param broadcast SO_BROADCAST
     * @param gro UDP_GRO, kernel 5.0
     * @param sendBufferBytes SO_SNDBUF, 0 for the kernel's default
     * @param receiveBufferBytes SO_RCVBUF, 0 for the kernel's default
     */
    public record Options(
            boolean dualStack,
            boolean reuseAddress,
            boolean broadcast,
            boolean gro,
            int sendBufferBytes,
            int receiveBufferBytes) {
        public Options {
            if (sendBufferBytes < 0 || receiveBufferBytes < 0) {
                throw new IllegalArgumentException(
                        "sendBufferBytes %d, receiveBufferBytes %d"
                                .formatted(sendBufferBytes, receiveBufferBytes));
            }
        }

        private Options with(boolean dual, boolean reuse, boolean toAll, boolean merge) {
            return new Options(dual, reuse, toAll, merge, sendBufferBytes, receiveBufferBytes);
        }
    }

    public DatagramConfig {
        boolean marks = 0 <= lowWaterBytes && lowWaterBytes < highWaterBytes;
        if (!marks || highWaterBytes > maxQueuedBytes) {
            throw new IllegalArgumentException(
                    "lowWaterBytes %d, highWaterBytes %d, maxQueuedBytes %d"
                            .formatted(lowWaterBytes, highWaterBytes, maxQueuedBytes));
        }
        if (readAheadDatagrams < 1 || closeNanos < 1) {
            throw new IllegalArgumentException(
                    "readAheadDatagrams %d, closeNanos %d"
                            .formatted(readAheadDatagrams, closeNanos));
        }
        checkResolved(local);
        checkResolved(remote);
    }

    private static void checkResolved(@Nullable InetSocketAddress address) {
        if (address != null && address.isUnresolved()) {
            throw new IllegalArgumentException("unresolved address " + address);
        }
    }

    /** Receives from anybody at an address of this machine. */
    public static DatagramConfig bind(InetSocketAddress local) {
        return of(local, null);
    }

    /** Exchanges datagrams with one peer, which others cannot disturb. */
    public static DatagramConfig connect(InetSocketAddress remote) {
        return of(null, remote);
    }

    private static DatagramConfig of(
            @Nullable InetSocketAddress local, @Nullable InetSocketAddress remote) {
        return new DatagramConfig(
                local,
                remote,
                new Options(true, false, false, false, 0, 0),
                HIGH_WATER_BYTES,
                LOW_WATER_BYTES,
                MAX_QUEUED_BYTES,
                READ_AHEAD_DATAGRAMS,
                CLOSE_NANOS);
    }

    public DatagramConfig withLocal(InetSocketAddress address) {
        return with(address, remote, options);
    }

    public DatagramConfig withRemote(InetSocketAddress address) {
        return with(local, address, options);
    }

    public DatagramConfig withOptions(Options all) {
        return with(local, remote, all);
    }

    /** Another socket with the same limits. */
    private DatagramConfig with(
            @Nullable InetSocketAddress own, @Nullable InetSocketAddress peer, Options all) {
        return new DatagramConfig(
                own,
                peer,
                all,
                highWaterBytes,
                lowWaterBytes,
                maxQueuedBytes,
                readAheadDatagrams,
                closeNanos);
    }

    /** Whether a wildcard address means IPv4 and IPv6, which is the default. */
    public DatagramConfig withDualStack(boolean on) {
        return withOptions(options.with(on, options.reuseAddress, options.broadcast, options.gro));
    }

    public DatagramConfig withReuseAddress(boolean on) {
        return withOptions(options.with(options.dualStack, on, options.broadcast, options.gro));
    }

    /** Without it the kernel refuses to send to a broadcast address. */
    public DatagramConfig withBroadcast(boolean on) {
        return withOptions(options.with(options.dualStack, options.reuseAddress, on, options.gro));
    }

    /**
     * Lets the kernel merge datagrams of equal length from one source: a large gain at high rates.
     * See {@link Datagram#segmentBytes}. Kernel 5.0.
     */
    public DatagramConfig withGro(boolean on) {
        return withOptions(
                options.with(options.dualStack, options.reuseAddress, options.broadcast, on));
    }

    /** SO_SNDBUF and SO_RCVBUF; 0 leaves one to the kernel. */
    public DatagramConfig withBuffers(int sendBytes, int receiveBytes) {
        return withOptions(
                new Options(
                        options.dualStack,
                        options.reuseAddress,
                        options.broadcast,
                        options.gro,
                        sendBytes,
                        receiveBytes));
    }

    public DatagramConfig withWaterMarks(long lowBytes, long highBytes, long maxBytes) {
        return with(lowBytes, highBytes, maxBytes, readAheadDatagrams, closeNanos);
    }

    public DatagramConfig withReadAheadDatagrams(int count) {
        return with(lowWaterBytes, highWaterBytes, maxQueuedBytes, count, closeNanos);
    }

    public DatagramConfig withCloseNanos(long nanos) {
        return with(lowWaterBytes, highWaterBytes, maxQueuedBytes, readAheadDatagrams, nanos);
    }

    /** The same socket with other limits. */
    private DatagramConfig with(long low, long high, long most, int readAhead, long close) {
        return new DatagramConfig(local, remote, options, high, low, most, readAhead, close);
    }
}
