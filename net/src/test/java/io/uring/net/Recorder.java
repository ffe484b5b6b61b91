package io.uring.net;

import io.uring.reactor.ReceivedBuffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A handler that keeps all that it is told. */
class Recorder implements StreamHandler {
    final CompletableFuture<StreamSocket> opened = new CompletableFuture<>();
    final CompletableFuture<StreamSocket> ended = new CompletableFuture<>();
    final CompletableFuture<Optional<IOException>> closed = new CompletableFuture<>();
    final AtomicInteger closes = new AtomicInteger();
    final AtomicInteger ends = new AtomicInteger();
    final AtomicInteger writables = new AtomicInteger();
    final AtomicInteger drains = new AtomicInteger();
    final AtomicLong received = new AtomicLong();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void onOpen(StreamSocket socket) {
        opened.complete(socket);
    }

    @Override
    public void onData(StreamSocket socket, ReceivedBuffer data) {
        keep(data);
        data.release();
    }

    final void keep(ReceivedBuffer data) {
        ByteBuffer copy = ByteBuffer.allocate(data.remaining());
        data.read(copy);
        synchronized (bytes) {
            bytes.writeBytes(copy.array());
        }
        received.addAndGet(copy.capacity());
    }

    @Override
    public void onEndOfInput(StreamSocket socket) {
        ends.incrementAndGet();
        ended.complete(socket);
        atEnd(socket);
    }

    /** What is done when the peer sends no more. */
    void atEnd(StreamSocket socket) {
        socket.close();
    }

    @Override
    public void onWritable(StreamSocket socket) {
        writables.incrementAndGet();
    }

    @Override
    public void onDrained(StreamSocket socket) {
        drains.incrementAndGet();
    }

    @Override
    public void onClose(StreamSocket socket, IOException cause) {
        closes.incrementAndGet();
        closed.complete(Optional.ofNullable(cause));
    }

    final byte[] bytes() {
        synchronized (bytes) {
            return bytes.toByteArray();
        }
    }

    final StreamSocket socket() {
        return Loops.get(opened);
    }

    /** Waits for the close and gives its cause, or null. */
    final IOException closeCause() {
        return Loops.get(closed).orElse(null);
    }

    /** Runs something on the connection's loop. */
    final void onLoop(java.util.function.Consumer<StreamSocket> task) {
        StreamSocket socket = socket();
        Loops.run(socket.reactor(), () -> task.accept(socket));
    }
}
