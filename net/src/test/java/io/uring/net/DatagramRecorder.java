package io.uring.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A handler that keeps all that it is told. */
class DatagramRecorder implements DatagramHandler {
    /** What a datagram was, after its release. */
    record Seen(
            ByteBuffer payload,
            InetSocketAddress source,
            DatagramAddress address,
            boolean truncated,
            int segmentBytes) {
        byte[] bytes() {
            byte[] bytes = new byte[payload.capacity()];
            payload.get(0, bytes);
            return bytes;
        }

        String text() {
            return new String(bytes(), StandardCharsets.UTF_8);
        }
    }

    final BlockingQueue<Seen> datagrams = new LinkedBlockingQueue<>();
    final BlockingQueue<IOException> errors = new LinkedBlockingQueue<>();
    final CompletableFuture<Optional<IOException>> closed = new CompletableFuture<>();
    final AtomicInteger opens = new AtomicInteger();
    final AtomicInteger closes = new AtomicInteger();
    final AtomicInteger writables = new AtomicInteger();

    @Override
    public void onOpen(DatagramSocket socket) {
        opens.incrementAndGet();
    }

    @Override
    public void onDatagram(DatagramSocket socket, Datagram datagram) {
        keep(datagram);
        datagram.release();
    }

    final void keep(Datagram datagram) {
        ByteBuffer bytes = ByteBuffer.allocate(datagram.remaining());
        datagram.read(bytes);
        datagrams.add(
                new Seen(
                        bytes,
                        datagram.source().toInetSocketAddress(),
                        datagram.source().copy(),
                        datagram.isTruncated(),
                        datagram.segmentBytes()));
    }

    @Override
    public void onWritable(DatagramSocket socket) {
        writables.incrementAndGet();
    }

    @Override
    public void onError(DatagramSocket socket, IOException failure) {
        errors.add(failure);
    }

    @Override
    public void onClose(DatagramSocket socket, IOException cause) {
        closes.incrementAndGet();
        closed.complete(Optional.ofNullable(cause));
    }

    final Seen next() throws InterruptedException {
        return take(datagrams, "no datagram came");
    }

    final IOException nextError() throws InterruptedException {
        return take(errors, "no error was told");
    }

    private static <T> T take(BlockingQueue<T> queue, String missing) throws InterruptedException {
        T first = queue.poll(Loops.LIMIT.toSeconds(), TimeUnit.SECONDS);
        if (first == null) {
            throw new AssertionError(missing);
        }
        return first;
    }

    /** Waits for the close and gives its cause, or null. */
    final IOException closeCause() {
        return Loops.get(closed).orElse(null);
    }
}
