package io.uring.net;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/** The writing half of a blocking stream as an OutputStream, without a buffer of its own. */
final class BlockingOutput extends OutputStream {
    private final BlockingStream stream;

    BlockingOutput(BlockingStream stream) {
        this.stream = stream;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        stream.write(ByteBuffer.wrap(source, offset, length));
    }

    @Override
    public void close() {
        stream.close();
    }
}
