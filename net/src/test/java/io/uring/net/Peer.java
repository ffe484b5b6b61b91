package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Random;
import java.util.zip.CRC32;

/**
 * The other end of a connection: the JDK's own blocking socket, which a test's timeout interrupts.
 */
final class Peer implements AutoCloseable {
    private final SocketChannel channel;

    private Peer(SocketChannel channel) {
        this.channel = channel;
    }

    static Peer connect(SocketAddress address) throws IOException {
        return new Peer(SocketChannel.open(address));
    }

    /** With a receive buffer of about so many bytes, to be slow with. */
    static Peer connectWithReceiveBuffer(SocketAddress address, int bytes) throws IOException {
        SocketChannel channel =
                SocketChannel.open(java.net.StandardProtocolFamily.INET)
                        .setOption(StandardSocketOptions.SO_RCVBUF, bytes);
        channel.connect(address);
        return new Peer(channel);
    }

    <T> Peer with(SocketOption<T> option, T value) throws IOException {
        channel.setOption(option, value);
        return this;
    }

    SocketAddress localAddress() throws IOException {
        return channel.getLocalAddress();
    }

    Peer send(byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        return this;
    }

    Peer send(String text) throws IOException {
        return send(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** Sends until the kernel takes no more for a while; returns how many bytes it took. */
    long sendUntilStalled(byte[] block, long quietMillis, long atMost) throws IOException {
        channel.configureBlocking(false);
        long sent = 0;
        long last = System.nanoTime();
        while (System.nanoTime() - last < quietMillis * 1_000_000 && sent < atMost) {
            int count = channel.write(ByteBuffer.wrap(block));
            if (count > 0) {
                sent += count;
                last = System.nanoTime();
            } else {
                pause(1);
            }
        }
        channel.configureBlocking(true);
        return sent;
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** What one call brings, at most {@code limit} bytes; empty at the end. */
    byte[] readOnce(int limit) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(limit);
        int count = channel.read(buffer);
        return java.util.Arrays.copyOf(buffer.array(), Math.max(count, 0));
    }

    byte[] read(int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new java.io.EOFException("after " + buffer.position() + " of " + count);
            }
        }
        return buffer.array();
    }

    String readText(int count) throws IOException {
        return new String(read(count), java.nio.charset.StandardCharsets.UTF_8);
    }

    byte[] readToEnd() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
        while (channel.read(buffer) >= 0) {
            all.write(buffer.array(), 0, buffer.position());
            buffer.clear();
        }
        return all.toByteArray();
    }

    void assertEnd() throws IOException {
        assertEquals(-1, channel.read(ByteBuffer.allocate(1)), "end of stream");
    }

    /** Sends {@code total} random bytes in writes of random sizes and returns their checksum. */
    long sendRandom(Random random, long total) throws IOException {
        CRC32 sum = new CRC32();
        byte[] block = new byte[128 * 1024];
        long left = total;
        while (left > 0) {
            random.nextBytes(block);
            int count = (int) Math.min(left, 1 + random.nextInt(block.length));
            sum.update(block, 0, count);
            ByteBuffer buffer = ByteBuffer.wrap(block, 0, count);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            left -= count;
        }
        return sum.getValue();
    }

    /** The checksum of the next {@code total} bytes. */
    long checksum(long total) throws IOException {
        CRC32 sum = new CRC32();
        ByteBuffer buffer = ByteBuffer.allocate(128 * 1024);
        long left = total;
        while (left > 0) {
            buffer.clear().limit((int) Math.min(left, buffer.capacity()));
            int count = channel.read(buffer);
            if (count < 0) {
                throw new java.io.EOFException(left + " of " + total + " bytes are missing");
            }
            sum.update(buffer.array(), 0, count);
            left -= count;
        }
        return sum.getValue();
    }

    Peer shutdownOutput() throws IOException {
        channel.shutdownOutput();
        return this;
    }

    /** Closes with RST. */
    void reset() throws IOException {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        channel.close();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
