package io.uring.reactor;

import io.uring.ring.BufferRing;
import java.util.concurrent.TimeUnit;

/**
 * The receive buffers that a loop shares among its sockets. They double whenever three quarters are
 * in use, and become fewer again when a quarter would do. Kernel 5.19 for streams, 6.0 for
 * datagrams; before that each receive has memory of its own.
 *
 * <pre>{@code
 * ReactorConfig config =
 *         ReactorConfig.defaults().withStreamBuffers(BufferConfig.of(64, 4096, 64 * 1024));
 * }</pre>
 *
 * @param count how many at first, and at least; from 1
 * @param max how many at most, a power of two up to 32768. Only buffers that were used once take
 *     memory, but the address space is reserved: {@code max * bytes} is less than 2 GiB.
 * @param bytes of each, at least 64
 * @param shrinkNanos so long three quarters must have been unused before half of them go; from 0
 */
public record BufferConfig(int count, int max, int bytes, long shrinkNanos) {
    private static final int MIN_BYTES = 64;

    /** A load that comes back within this time finds its buffers. */
    private static final long SHRINK_NANOS = TimeUnit.SECONDS.toNanos(10);

    public BufferConfig {
        boolean power = Integer.bitCount(max) == 1 && max <= BufferRing.MAX_ENTRIES;
        if (count < 1 || count > max || !power || bytes < MIN_BYTES || shrinkNanos < 0) {
            throw new IllegalArgumentException(
                    "%d buffers of %d bytes, at most %d: not a power of two up to %d, or too small"
                            .formatted(count, bytes, max, BufferRing.MAX_ENTRIES));
        }
        if ((long) max * bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "%d buffers of %d bytes are more than 2 GiB".formatted(max, bytes));
        }
    }

    /** With the usual time to shrink, 10 s. */
    public static BufferConfig of(int count, int max, int bytes) {
        return new BufferConfig(count, max, bytes, SHRINK_NANOS);
    }

    /** A number that never changes, a power of two. */
    public static BufferConfig fixed(int count, int bytes) {
        return of(count, count, bytes);
    }

    public BufferConfig withShrinkNanos(long nanos) {
        return new BufferConfig(count, max, bytes, nanos);
    }

    BufferConfig withBytes(int each) {
        return new BufferConfig(count, max, each, shrinkNanos);
    }
}
