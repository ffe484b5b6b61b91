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
    private static final int EALREADY = 114;
    private static final int EINPROGRESS = 115;

    private final UringStreamChannel channel;
    private final SocketAddress peer;
    private final Sockaddr address;
    private final ChannelPromise promise;
    private final Established established;
    private @Nullable Future<?> timeout;

    /** From the clock; 0 without a limit. */
    private long deadlineNanos;

    /** Goes with the SYN. */
    private @Nullable MessageHeader early;

    private @Nullable ByteBuf earlyBytes;

    StreamConnect(UringStreamChannel channel, SocketAddress peer, ChannelPromise promise) {
        super(channel);
        this.channel = channel;
        this.peer = peer;
        this.promise = promise;
        this.established = new Established();
        this.address = Addresses.encode(Arena.ofAuto(), peer, channel.socket.family());
    }

    /** Throws what prevents the attempt. */
    void start(boolean fastOpen) {
        if (fastOpen) {
            early = earlyData();
        }
        try {
            channel.submit(this);
        } catch (RuntimeException | Error e) {
            forgetEarlyData();
            throw e;
        }
        int millis = channel.config().getConnectTimeoutMillis();
        if (millis > 0) {
            deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
            limitTime();
        }
        promise.addListener(future -> {
            if (future.isCancelled()) {
                cancelTimeout();
                channel.unsafe().close(channel.voidPromise());
            }
        });
    }

    private void limitTime() {
        long left = Math.max(0, deadlineNanos - System.nanoTime());
        timeout = channel.eventLoop().schedule(this::timedOut, left, TimeUnit.NANOSECONDS);
    }

    /** What the kernel has of it. */
    ChannelOperation inFlight() {
        return established.isPending() ? established : this;
    }

    /** The loop is left, the attempt goes on on the next one. */
    void leave() {
        cancelTimeout();
    }

    void resume() {
        if (deadlineNanos != 0) {
            limitTime();
        }
        goOn(this);
    }

    /** The ring has failed. */
    void lost(Throwable cause) {
        cancelTimeout();
        channel.connectEnded();
        promise.tryFailure(channel.annotated(cause, peer));
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
        message.add(NativeMemory.everything(), start, first.readableBytes());
        earlyBytes = first.retain(); // the queue may let go of it before the kernel does
        return message;
    }

    private void forgetEarlyData() {
        ByteBuf bytes = earlyBytes;
        early = null;
        earlyBytes = null;
        if (bytes != null) {
            bytes.release();
        }
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
        boolean carried = early != null;
        forgetEarlyData();
        if (!channel.isOpen()) { // what would follow, nobody cancels
            ended(result, 0);
        } else if (result == -Errno.ECANCELED && !channel.isOnThisLoop()) {
            return; // the loop was left
        } else if ((carried && result == -EINPROGRESS) || result == -EALREADY) {
            goOn(established);
        } else if (carried && result == -Errno.EOPNOTSUPP) { // net.ipv4.tcp_fastopen
            goOn(this);
        } else {
            ended(result, carried ? Math.max(result, 0) : 0);
        }
    }

    private void goOn(ChannelOperation next) {
        if (!channel.isOnThisLoop()) {
            return; // the next one does
        }
        try {
            channel.submit(next);
        } catch (RuntimeException e) { // the limit of operations
            cancelTimeout();
            channel.connectEnded();
            promise.tryFailure(channel.annotated(e, peer));
            channel.closeAfterFailure();
        }
    }

    /** The kernel connects, in the usual way, and is waited for. */
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
            if (result == -Errno.ECANCELED && channel.isOpen() && !channel.isOnThisLoop()) {
                return; // the loop was left
            }
            int error =
                    result < 0
                            ? result
                            : channel.socket.with(fd ->
                                    -SocketCalls.option(
                                            fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_ERROR));
            ended(Math.min(error, 0), 0);
        }
    }

    /**
     * @param taken bytes that went with the SYN; 0 when the handshake had to come first
     */
    private void ended(int result, int taken) {
        cancelTimeout();
        channel.connectEnded();
        if (result < 0 || !channel.isOpen()) {
            failed(result);
            return;
        }
        ChannelOutboundBuffer queue = channel.unsafe().outboundBuffer();
        if (taken > 0 && queue != null) {
            queue.removeBytes(taken);
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
