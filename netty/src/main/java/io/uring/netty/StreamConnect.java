package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.unix.UnixChannelUtil;
import io.netty.util.concurrent.Future;
import io.uring.ring.DatagramOps;
import io.uring.ring.Errno;
import io.uring.ring.MessageHeader;
import io.uring.ring.PollOps;
import io.uring.ring.Sockaddr;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An attempt to connect a stream. */
final class StreamConnect extends ChannelOperation {
    private static final int MSG_FASTOPEN = 0x20000000;
    private static final int EINPROGRESS = 115;

    private final UringStreamChannel channel;
    private final SocketAddress peer;
    private final Sockaddr address;
    private final ChannelPromise promise;
    private @Nullable Future<?> timeout;

    /** Goes with the SYN. */
    private @Nullable MessageHeader early;

    StreamConnect(UringStreamChannel channel, SocketAddress peer, ChannelPromise promise) {
        super(channel);
        this.channel = channel;
        this.peer = peer;
        this.promise = promise;
        this.address = Addresses.encode(Arena.ofAuto(), peer, channel.socket.family());
    }

    /** Throws what prevents the attempt. */
    void start(boolean fastOpen) {
        if (fastOpen) {
            early = earlyData();
        }
        channel.submit(this);
        int millis = channel.config().getConnectTimeoutMillis();
        if (millis > 0) {
            timeout = channel.eventLoop().schedule(this::timedOut, millis, TimeUnit.MILLISECONDS);
        }
        promise.addListener(future -> {
            if (future.isCancelled()) {
                cancelTimeout();
                channel.unsafe().close(channel.voidPromise());
            }
        });
    }

    /** The first message, when it is written already. */
    private @Nullable MessageHeader earlyData() {
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        if (queue == null) {
            return null;
        }
        queue.addFlush();
        if (!(queue.current() instanceof ByteBuf first)
                || !first.isReadable()
                || !first.hasMemoryAddress()) {
            return null;
        }
        MessageHeader message = new MessageHeader(Arena.ofAuto(), 1);
        message.destination(address);
        long start = first.memoryAddress() + first.readerIndex();
        return message.add(NativeMemory.everything(), start, first.readableBytes());
    }

    private void timedOut() {
        if (promise.tryFailure(new ConnectTimeoutException("connection timed out: " + peer))) {
            channel.unsafe().close(channel.voidPromise());
        }
    }

    private void cancelTimeout() {
        Future<?> scheduled = timeout;
        if (scheduled != null) {
            timeout = null;
            scheduled.cancel(false);
        }
    }

    @Override
    protected void prepare(Sqe sqe) {
        MessageHeader message = early;
        if (message != null) {
            int flags = SocketOps.MSG_NOSIGNAL | MSG_FASTOPEN;
            DatagramOps.sendmsg(sqe, channel.descriptor(), message, flags);
        } else {
            SocketOps.connect(sqe, channel.descriptor(), address);
        }
    }

    @Override
    protected void completed(int result, int flags) {
        if (!channel.isOpen()) { // what would follow, nobody cancels
            ended(result);
        } else if (early != null && result == -EINPROGRESS) {
            goOn(new Established());
        } else if (early != null && result == -Errno.EOPNOTSUPP) { // net.ipv4.tcp_fastopen
            early = null;
            goOn(this);
        } else {
            ended(result);
        }
    }

    private void goOn(ChannelOperation next) {
        try {
            channel.submit(next);
        } catch (RuntimeException e) { // the limit of operations
            cancelTimeout();
            channel.connectEnded();
            promise.tryFailure(channel.annotated(e, peer));
            channel.closeAfterFailure();
        }
    }

    /** The kernel had no cookie for the peer, and connects in the usual way. */
    private final class Established extends ChannelOperation {
        Established() {
            super(channel);
        }

        @Override
        protected void prepare(Sqe sqe) {
            PollOps.poll(sqe, channel.descriptor(), PollOps.OUT);
        }

        @Override
        protected void completed(int result, int flags) {
            int error =
                    result < 0
                            ? result
                            : channel.socket.with(fd ->
                                    -SocketCalls.option(
                                            fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_ERROR));
            ended(Math.min(error, 0));
        }
    }

    private void ended(int result) {
        cancelTimeout();
        channel.connectEnded();
        if (result < 0 || !channel.isOpen()) {
            failed(result);
            return;
        }
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        if (early != null && queue != null) {
            queue.removeBytes(result); // 0 when the handshake had to come first
        }
        connected();
    }

    private void failed(int result) {
        if (!channel.isOpen()) { // closed meanwhile, however the attempt ended
            promise.tryFailure(new java.nio.channels.ClosedChannelException());
            return;
        }
        Throwable cause = Errors.connectException("connect", -result);
        promise.tryFailure(channel.annotated(cause, peer));
        channel.closeAfterFailure();
    }

    private void connected() {
        if (peer instanceof InetSocketAddress asked
                && channel.socket.peerAddress() instanceof InetSocketAddress actual) {
            channel.peer(UnixChannelUtil.computeRemoteAddr(asked, actual));
        } else {
            channel.peer(peer);
        }
        channel.active(true);
        boolean told = promise.trySuccess();
        channel.pipeline().fireChannelActive();
        if (!told) {
            channel.unsafe().close(channel.voidPromise());
        }
        channel.connected();
    }
}
