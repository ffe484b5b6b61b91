package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.DefaultFileRegion;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.net.Socket;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class FileRegionTest {
    private static final long OVER_2_GIB = (1L << 31) + 12_345;

    @TempDir private Path directory;

    @Test
    void aRegionOfMoreThanTwoGibibytesArrivesWhole() throws Exception {
        Path file = directory.resolve("sparse");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(OVER_2_GIB);
            sparse.seek(OVER_2_GIB - 4);
            sparse.writeInt(0x01020304);
        }
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new);
                Socket client = wire.connect()) {
            Channel channel = wire.accepted();
            DefaultFileRegion region = new DefaultFileRegion(file.toFile(), 0, OVER_2_GIB);
            ChannelFuture write = channel.writeAndFlush(region);
            channel.eventLoop().execute(() -> write.addListener(_ -> channel.close()));
            InputStream input = client.getInputStream();
            byte[] block = new byte[1 << 20];
            byte[] last = new byte[4];
            long total = 0;
            for (int n = input.read(block); n >= 0; n = input.read(block)) {
                total += n;
                for (int i = Math.max(0, n - 4); i < n; i++) {
                    System.arraycopy(last, 1, last, 0, 3);
                    last[3] = block[i];
                }
            }
            assertEquals(OVER_2_GIB, total);
            assertEquals(4, last[3]);
            assertTrue(write.await(20, TimeUnit.SECONDS));
            assertTrue(write.isSuccess(), String.valueOf(write.cause()));
            assertEquals(0, region.refCnt());
        }
    }

    @Test
    void aFileThatIsShorterThanTheRegionFailsItsWrite() throws Exception {
        Path file = directory.resolve("short");
        try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
            content.setLength(1000);
        }
        try (Wire wire = new Wire(ChannelInboundHandlerAdapter::new);
                Socket _ = wire.connect()) {
            Channel channel = wire.accepted();
            ChannelFuture write =
                    channel.writeAndFlush(new DefaultFileRegion(file.toFile(), 0, 5000));
            assertTrue(write.await(20, TimeUnit.SECONDS));
            assertFalse(write.isSuccess());
        }
    }
}
