package io.uring.net;

import java.util.concurrent.TimeUnit;

/**
 * The options and limits of a connection. {@link #defaults} has all of them.
 *
 * <pre>{@code
 * StreamConfig config =
 *         StreamConfig.defaults()
 *                 .withIdleNanos(SECONDS.toNanos(30))
 *                 .withWaterMarks(32 * 1024, 64 * 1024, 1024 * 1024);
 * }</pre>
 *
 * @param socket the kernel's options
 * @param highWaterBytes from so many queued bytes on {@link StreamSocket#write} returns false; more
 *     than lowWaterBytes
 * @param lowWaterBytes at so few queued bytes {@link StreamHandler#onWritable} is called; from 0
 * @param maxQueuedBytes so many queued bytes are never exceeded: the write throws; at least
 *     highWaterBytes
 * @param readAheadBytes from 1; receiving stops while more received bytes than this are not
 *     released
 * @param zeroCopyBytes writes of native memory of so many bytes and more are sent without a copy,
 *     from 1; Long.MAX_VALUE, the default, for never. Kernel 6.0. It pays where a network card
 *     reads the memory, from some tens of KiB on: measure. The first time that the kernel says it
 *     has copied (loopback always does) the connection gives it up. Kernel 6.2.
 * @param idleNanos without any bytes for so long {@link StreamHandler#onIdle} is called, 0 for
 *     never
 * @param closeNanos how long {@link StreamSocket#close} waits for the peer to take what is queued;
 *     while a file is sent, for the next bytes of it; from 1
 * @param lingerNanos how long a close goes on, after the FIN, while nothing comes from the peer and
 *     it acknowledges nothing, when a close at once could make the kernel send a reset and drop the
 *     last bytes; at most closeNanos in all, 0 for never
 */
public record StreamConfig(
        SocketOptions socket,
        long highWaterBytes,
        long lowWaterBytes,
        long maxQueuedBytes,
        long readAheadBytes,
        long zeroCopyBytes,
        long idleNanos,
        long closeNanos,
        long lingerNanos) {
    /** What the kernel takes from one connection at a time anyway. */
    private static final long HIGH_WATER_BYTES = 64 * 1024;

    private static final long LOW_WATER_BYTES = 32 * 1024;

    /** A writer that ignores the high-water mark is broken; it must not take the whole heap. */
    private static final long MAX_QUEUED_BYTES = 64L * 1024 * 1024;

    /**
     * One receive buffer: enough for a stream, and one slow consumer holds little of the shared
     * memory.
     */
    private static final long READ_AHEAD_BYTES = 64 * 1024;

    /** Loopback copies, and only a measurement with a card can say from where on it pays. */
    private static final long NEVER = Long.MAX_VALUE;

    private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** Some retransmissions; a peer that is silent for longer has gone or does not care. */
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(2);

    public StreamConfig {
        boolean marks = 0 <= lowWaterBytes && lowWaterBytes < highWaterBytes;
        if (!marks || highWaterBytes > maxQueuedBytes) {
            throw new IllegalArgumentException(
                    "lowWaterBytes %d, highWaterBytes %d, maxQueuedBytes %d"
                            .formatted(lowWaterBytes, highWaterBytes, maxQueuedBytes));
        }
        if (zeroCopyBytes < 1) {
            throw new IllegalArgumentException("zeroCopyBytes " + zeroCopyBytes);
        }
        if (readAheadBytes < 1 || idleNanos < 0 || closeNanos < 1 || lingerNanos < 0) {
            throw new IllegalArgumentException(
                    "readAheadBytes %d, idleNanos %d, closeNanos %d, lingerNanos %d"
                            .formatted(readAheadBytes, idleNanos, closeNanos, lingerNanos));
        }
    }

    public static StreamConfig defaults() {
        return new StreamConfig(
                SocketOptions.defaults(),
                HIGH_WATER_BYTES,
                LOW_WATER_BYTES,
                MAX_QUEUED_BYTES,
                READ_AHEAD_BYTES,
                NEVER,
                0,
                CLOSE_NANOS,
                LINGER_NANOS);
    }

    public StreamConfig withSocket(SocketOptions options) {
        return with(options, lowWaterBytes, highWaterBytes, maxQueuedBytes);
    }

    public StreamConfig withWaterMarks(long lowBytes, long highBytes, long maxBytes) {
        return with(socket, lowBytes, highBytes, maxBytes);
    }

    private StreamConfig with(SocketOptions options, long lowBytes, long highBytes, long maxBytes) {
        return new StreamConfig(
                options,
                highBytes,
                lowBytes,
                maxBytes,
                readAheadBytes,
                zeroCopyBytes,
                idleNanos,
                closeNanos,
                lingerNanos);
    }

    public StreamConfig withReadAheadBytes(long bytes) {
        return with(bytes, zeroCopyBytes, idleNanos, closeNanos, lingerNanos);
    }

    public StreamConfig withZeroCopyBytes(long bytes) {
        return with(readAheadBytes, bytes, idleNanos, closeNanos, lingerNanos);
    }

    public StreamConfig withIdleNanos(long nanos) {
        return with(readAheadBytes, zeroCopyBytes, nanos, closeNanos, lingerNanos);
    }

    public StreamConfig withCloseNanos(long nanos) {
        return with(readAheadBytes, zeroCopyBytes, idleNanos, nanos, lingerNanos);
    }

    public StreamConfig withLingerNanos(long nanos) {
        return with(readAheadBytes, zeroCopyBytes, idleNanos, closeNanos, nanos);
    }

    private StreamConfig with(long readAhead, long zeroCopy, long idle, long close, long linger) {
        return new StreamConfig(
                socket,
                highWaterBytes,
                lowWaterBytes,
                maxQueuedBytes,
                readAhead,
                zeroCopy,
                idle,
                close,
                linger);
    }
}
