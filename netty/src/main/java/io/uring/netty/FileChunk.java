package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.FileRegion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * A part of a file region in memory. Regions of any kind can only be asked to write themselves, so
 * that is what they do, a block at a time.
 *
 * @param bytes what has not been sent
 * @param isLast whether the region ends with it
 */
record FileChunk(ByteBuf bytes, boolean isLast) {
    /** Larger blocks cost no less per byte. */
    private static final int BYTES = 64 * 1024;

    /** Reads the next block of {@code region}, on the loop. */
    static FileChunk read(FileRegion region, ByteBufAllocator allocator) throws IOException {
        long left = region.count() - region.transferred();
        ByteBuf bytes = allocator.directBuffer((int) Math.min(left, BYTES));
        try {
            while (bytes.isWritable() && region.transferred() < region.count()) {
                if (region.transferTo(new Target(bytes), region.transferred()) <= 0) {
                    break;
                }
            }
            if (!bytes.isReadable()) {
                throw new IOException(
                        "%s ended after %d of %d bytes: the file is shorter than the region"
                                .formatted(region, region.transferred(), region.count()));
            }
            return new FileChunk(bytes, region.transferred() >= region.count());
        } catch (Throwable e) {
            bytes.release();
            throw e;
        }
    }

    /** Takes as much as there is room for. */
    private record Target(ByteBuf bytes) implements WritableByteChannel {
        @Override
        public int write(ByteBuffer source) {
            int count = Math.min(source.remaining(), bytes.writableBytes());
            int limit = source.limit();
            source.limit(source.position() + count);
            bytes.writeBytes(source);
            source.limit(limit);
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}
