package io.uring.jetty;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/**
 * Bytes of which each knows its place: a random block of prime length, over and over. Bytes that
 * are lost, doubled or out of order do not pass, which a checksum would only promise.
 */
final class Pattern {
    private static final int PERIOD = 65_521;

    /** Two periods, so that any range up to one is contiguous. */
    private static final byte[] BLOCK = block();

    private long position;

    private static byte[] block() {
        byte[] period = new byte[PERIOD];
        new Random(42).nextBytes(period);
        byte[] block = Arrays.copyOf(period, 2 * PERIOD);
        System.arraycopy(period, 0, block, PERIOD, PERIOD);
        return block;
    }

    long position() {
        return position;
    }

    /** The next bytes, at most a period of them, as a view that must not be written. */
    ByteBuffer next(long limit) {
        int count = (int) Math.min(limit, PERIOD);
        int at = (int) (position % PERIOD);
        position += count;
        return ByteBuffer.wrap(BLOCK, at, count).slice();
    }

    /** Throws when the next bytes are not those in the array. */
    void check(byte[] bytes, int offset, int length) {
        int done = 0;
        while (done < length) {
            int count = Math.min(length - done, PERIOD);
            int at = (int) (position % PERIOD);
            int from = offset + done;
            int wrong = Arrays.mismatch(BLOCK, at, at + count, bytes, from, from + count);
            if (wrong >= 0) {
                throw new AssertionError("wrong byte at " + (position + wrong));
            }
            position += count;
            done += count;
        }
    }

    /** Throws when the next bytes are not those that remain in the buffer, which are consumed. */
    void check(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        check(copy, 0, copy.length);
    }

    /** Reads to the end and returns the number of bytes, all of which are right. */
    static long check(InputStream in) throws IOException {
        Pattern pattern = new Pattern();
        byte[] buffer = new byte[64 * 1024];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            pattern.check(buffer, 0, count);
        }
        return pattern.position();
    }

    static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        ByteBuffer target = ByteBuffer.wrap(bytes);
        Pattern pattern = new Pattern();
        while (target.hasRemaining()) {
            target.put(pattern.next(target.remaining()));
        }
        return bytes;
    }

    static InputStream stream(long length) {
        Pattern pattern = new Pattern();
        return new InputStream() {
            @Override
            public int read() throws IOException {
                throw new EOFException("read in bulk");
            }

            @Override
            public int read(byte[] target, int offset, int count) {
                long left = length - pattern.position();
                if (left == 0) {
                    return -1;
                }
                ByteBuffer next = pattern.next(Math.min(left, count));
                int read = next.remaining();
                next.get(target, offset, read);
                return read;
            }
        };
    }
}
