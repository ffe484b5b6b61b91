package io.uring.netty;

import io.netty.channel.Channel;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.ServerChannel;
import io.uring.ring.Cqe;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** A listening stream socket, TCP or unix. */
abstract class UringServerChannel extends UringChannel implements ServerChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

    private final Accept accept = new Accept();

    /** Connections that came when nobody asked. */
    private final ArrayDeque<SocketFd> held = new ArrayDeque<>(0);

    private boolean readPending;
    private boolean reading;
    private boolean cancelling;

    UringServerChannel(SocketFd socket) {
        super(null, socket, false);
    }

    abstract int backlog();

    /** A channel for a connection. */
    abstract Channel accepted(SocketFd connection);

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new ServerUnsafe();
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        super.doBind(address);
        int connections = backlog();
        socket.call("listen on " + address, fd -> SocketCalls.listen(fd, connections));
        active(true);
    }

    @Override
    void onRegistered() {
        if (readPending) {
            arm();
        }
    }

    /** One connection is lost; {@code ServerBootstrap} stops accepting for a second. */
    @Override
    void operationFailed(Throwable cause) {
        pipeline().fireExceptionCaught(cause);
    }

    @Override
    ChannelOperation[] operations() {
        return new ChannelOperation[] {accept};
    }

    @Override
    void onClosed() {
        held.forEach(connection -> SocketCalls.close(connection.intValue()));
        held.clear();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer in) {
        throw new UnsupportedOperationException("a listening socket sends nothing");
    }

    @Override
    protected Object filterOutboundMessage(Object message) {
        throw new UnsupportedOperationException("a listening socket sends nothing");
    }

    @Override
    protected void doBeginRead() {
        readPending = true;
        if (!held.isEmpty()) {
            eventLoop().execute(this::deliverHeld);
        } else {
            arm();
        }
    }

    @Override
    void autoReadCleared() {
        if (!isRegistered()) {
            return;
        }
        // New connections must go to those who still accept on this port.
        if (eventLoop().inEventLoop()) {
            readNoMore();
        } else {
            eventLoop().execute(this::readNoMore);
        }
    }

    private void readNoMore() {
        readPending = false;
        disarm();
    }

    private void disarm() {
        if (accept.isPending() && !cancelling) {
            cancelling = true;
            reactor().cancel(accept);
        }
    }

    private void arm() {
        if (!accept.isPending() && isActive() && isOnThisLoop()) {
            cancelling = false;
            try {
                submit(accept);
            } catch (RuntimeException e) { // the limit of operations is passing, as that of files
                pipeline().fireExceptionCaught(e);
            }
        }
    }

    private void deliverHeld() {
        while ((readPending || reading) && !held.isEmpty() && isActive()) {
            SocketFd next = held.removeFirst();
            deliver(next, !held.isEmpty());
        }
        if (held.isEmpty() && readPending) {
            arm();
        }
    }

    @SuppressWarnings("deprecation")
    private RecvByteBufAllocator.Handle receiveLoop() {
        return unsafe().recvBufAllocHandle();
    }

    @SuppressWarnings("deprecation") // of the handle, which Netty itself still uses
    private void deliver(SocketFd connection, boolean more) {
        RecvByteBufAllocator.Handle loop = receiveLoop();
        if (!reading) {
            loop.reset(config());
            reading = true;
        }
        loop.attemptedBytesRead(1);
        loop.lastBytesRead(1);
        loop.incMessagesRead(1);
        readPending = false;
        Channel child;
        try {
            child = accepted(connection);
        } catch (Throwable t) { // no memory: nobody else has seen it
            SocketCalls.close(connection.intValue());
            operationFailed(t);
            complete();
            return;
        }
        pipeline().fireChannelRead(child);
        if (!more || !loop.continueReading()) {
            complete();
        }
    }

    private void complete() {
        if (reading) {
            reading = false;
            receiveLoop().readComplete();
            pipeline().fireChannelReadComplete();
        }
    }

    private void failed(int errno) {
        switch (errno) {
            case Errno.ECANCELED, Errno.EINTR, Errno.EAGAIN, Errno.ECONNABORTED -> {}
            default -> {
                // ServerBootstrap stops accepting for a second, so that a lack of descriptors or
                // memory does not burn a core.
                complete();
                pipeline().fireExceptionCaught(Errors.exception("accept on " + this, errno));
            }
        }
    }

    private final class Accept extends ChannelOperation {
        Accept() {
            super(UringServerChannel.this);
        }

        @Override
        protected void prepare(Sqe sqe) {
            if (reactor().ring().capabilities().has(Feature.MULTISHOT_ACCEPT)) {
                SocketOps.acceptMultishot(sqe, descriptor());
            } else {
                SocketOps.accept(sqe, descriptor());
            }
        }

        @Override
        protected void completed(int result, int flags) {
            try {
                if (result >= 0) {
                    reactor().counters().accepted();
                    arrived(new SocketFd(result, socket.family()));
                } else {
                    failed(-result);
                }
            } finally {
                if ((flags & Cqe.F_MORE) == 0 && readPending && held.isEmpty()) {
                    arm();
                }
            }
        }

        private void arrived(SocketFd connection) {
            if (!isActive()) {
                SocketCalls.close(connection.intValue());
            } else if (held.isEmpty() && readPending) {
                deliver(connection, false);
            } else {
                held.addLast(connection);
                disarm();
            }
        }
    }

    private final class ServerUnsafe extends UringUnsafe {
        @Override
        public void connect(
                SocketAddress peer, @Nullable SocketAddress from, ChannelPromise promise) {
            promise.setFailure(new UnsupportedOperationException("a listening socket"));
        }
    }
}
