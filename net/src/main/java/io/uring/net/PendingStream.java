package io.uring.net;

import io.uring.reactor.ReceivedBuffer;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The loop's side of a blocking stream, from before there is a connection. */
final class PendingStream implements StreamHandler {
    final CompletableFuture<BlockingStream> stream = new CompletableFuture<>();
    private @Nullable BlockingStream opened;

    void failed(IOException cause) {
        stream.completeExceptionally(cause);
    }

    @Override
    public void onOpen(StreamSocket socket) {
        BlockingStream blocking = new BlockingStream(socket);
        opened = blocking;
        if (!stream.complete(blocking)) {
            socket.close(); // nobody waits any more
        }
    }

    @Override
    public void onData(StreamSocket socket, ReceivedBuffer data) {
        blocking().arrived(data);
    }

    /** The other direction stays open until the application closes. */
    @Override
    public void onEndOfInput(StreamSocket socket) {
        blocking().ended();
    }

    @Override
    public void onClose(StreamSocket socket, @Nullable IOException cause) {
        blocking().gone(cause);
    }

    private BlockingStream blocking() {
        return java.util.Objects.requireNonNull(opened, "onOpen comes first");
    }
}
