package io.uring.net;

import io.uring.reactor.ReceivedBuffer;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.zip.CRC32;

/** Sends so many random bytes as fast as the peer takes them, and sums up what comes. */
final class Source extends Recorder {
    private final CRC32 sent = new CRC32();
    private final CRC32 got = new CRC32();
    private final Random random = new Random(7);
    private long left;
    private boolean inputEnded;
    private boolean done;

    Source(long total) {
        left = total;
    }

    @Override
    public void onOpen(StreamSocket socket) {
        super.onOpen(socket);
        fill(socket);
    }

    private void fill(StreamSocket socket) {
        boolean room = true;
        while (room && left > 0) {
            byte[] block = new byte[(int) Math.min(left, 1 + random.nextInt(30_000))];
            random.nextBytes(block);
            sent.update(block);
            left -= block.length;
            room = socket.write(ByteBuffer.wrap(block));
        }
        if (left == 0 && !done) {
            done = true;
            socket.shutdownOutput();
            closeWhenBothHaveEnded(socket);
        }
    }

    @Override
    public void onWritable(StreamSocket socket) {
        fill(socket);
    }

    @Override
    public void onData(StreamSocket socket, ReceivedBuffer data) {
        ByteBuffer copy = ByteBuffer.allocate(data.remaining());
        data.read(copy);
        got.update(copy.flip());
        data.release();
    }

    @Override
    void atEnd(StreamSocket socket) {
        inputEnded = true;
        closeWhenBothHaveEnded(socket);
    }

    private void closeWhenBothHaveEnded(StreamSocket socket) {
        if (inputEnded && done) {
            socket.close();
        }
    }

    long sum() {
        return sent.getValue();
    }

    long receivedSum() {
        return got.getValue();
    }
}
