package io.uring.jetty;

import io.uring.net.StreamSocket;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.SelectorProvider;
import org.jspecify.annotations.Nullable;

/**
 * What Jetty's accept listeners get to see of a connection. They count it, and reject it by closing
 * it: that is all it can do.
 */
final class AcceptedChannel extends SelectableChannel {
    private final StreamSocket socket;

    AcceptedChannel(StreamSocket socket) {
        this.socket = socket;
    }

    @Override
    protected void implCloseChannel() {
        if (socket.reactor().inLoop()) {
            socket.close();
        } else {
            socket.reactor().execute(socket::close);
        }
    }

    @Override
    public SelectorProvider provider() {
        return SelectorProvider.provider();
    }

    @Override
    public int validOps() {
        return SelectionKey.OP_READ | SelectionKey.OP_WRITE;
    }

    @Override
    public boolean isRegistered() {
        return false;
    }

    @Override
    public @Nullable SelectionKey keyFor(Selector selector) {
        return null;
    }

    @Override
    public SelectionKey register(Selector selector, int operations, @Nullable Object attachment) {
        throw new UnsupportedOperationException("the connection is on an io_uring loop");
    }

    @Override
    public SelectableChannel configureBlocking(boolean block) {
        return this;
    }

    @Override
    public boolean isBlocking() {
        return false;
    }

    @Override
    public Object blockingLock() {
        return this;
    }

    @Override
    public String toString() {
        return "AcceptedChannel[" + socket + "]";
    }
}
