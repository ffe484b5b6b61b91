package io.uring.net;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** The reading half of a blocking stream as an InputStream. */
final class BlockingInput extends InputStream {
    private final BlockingStream stream;

    BlockingInput(BlockingStream stream) {
        this.stream = stream;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        return stream.read(ByteBuffer.wrap(target, offset, length));
    }

    @Override
    public int available() {
        return stream.available();
    }

    @Override
    public void close() {
        stream.close();
    }
}
