package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.internal.StringUtil;
import io.uring.ring.PollOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.nio.channels.UnresolvedAddressException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A connected stream socket, TCP or unix. */
abstract class UringStreamChannel extends UringChannel implements DuplexChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

    private final StreamReceive receive = new StreamReceive(this);
    private final StreamSend send = new StreamSend(this);
    private @Nullable PeerWatch watch;
    private @Nullable StreamConnect connect;
    private volatile boolean inputShut;
    private volatile boolean outputShut;

    UringStreamChannel(@Nullable Channel parent, SocketFd socket, boolean active) {
        super(parent, socket, active);
    }

    /** As {@link #config}, with those that are ours. */
    abstract UringStreamConfig<?> options();

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new StreamUnsafe();
    }

    @SuppressWarnings("deprecation")
    final RecvByteBufAllocator.Handle receiveLoop() {
        return unsafe().recvBufAllocHandle();
    }

    /**
     * The most bytes of one message. The usual allocator guesses how much memory a read may need,
     * which does not matter here; others are there to say how large messages shall be.
     */
    final int mostPerRead() {
        return options().getRecvByteBufAllocator() instanceof AdaptiveRecvByteBufAllocator
                ? Integer.MAX_VALUE
                : Math.max(1, receiveLoop().guess());
    }

    // Its place on a loop.

    @Override
    void onRegistered() {
        if (isActive()) {
            send.resume();
            receive.resume();
            watchPeer();
        } else if (connect != null) {
            connect.resume();
        }
    }

    @Override
    protected void doDeregister() {
        if (connect != null) {
            connect.leave();
        }
        send.leave();
        receive.leave();
        super.doDeregister();
    }

    @Override
    ChannelOperation[] operations() {
        List<ChannelOperation> all = new ArrayList<>(4);
        all.add(receive);
        all.add(send.inFlight());
        if (connect != null) {
            all.add(connect.inFlight());
        }
        if (watch != null) {
            all.add(watch);
        }
        return all.toArray(ChannelOperation[]::new);
    }

    /** Sends the turn's entries now and not at its end. */
    final void submitNow() {
        reactor().submitNow();
    }

    // Reading.

    @Override
    protected final void doBeginRead() {
        receive.read();
    }

    @Override
    final void autoReadCleared() {
        if (isRegistered()) {
            onLoop(receive::readNoMore);
        }
    }

    /**
     * Nobody reads, so the end of the peer is looked for in another way. Decided at the end of the
     * turn: in most cases somebody does read.
     */
    final void watchPeer() {
        if (watch == null && isOnThisLoop()) {
            reactor().beforeSubmit(this::watchUnlessRead);
        }
    }

    private void watchUnlessRead() {
        boolean needed = isActive() && isOnThisLoop() && !receive.isArmed();
        if (needed && !receive.hasEnded() && watch == null) {
            PeerWatch poll = new PeerWatch();
            submit(poll);
            watch = poll;
        }
    }

    private final class PeerWatch extends ChannelOperation {
        PeerWatch() {
            super(UringStreamChannel.this);
        }

        @Override
        protected void prepare(Sqe sqe) {
            PollOps.poll(sqe, descriptor(), PollOps.RDHUP);
        }

        @Override
        protected void completed(int result, int flags) {
            watch = null;
            if (result > 0 && isActive()) {
                receive.peerClosed();
            }
        }
    }

    /** The peer sends no more, or the connection is broken. */
    final void inputEnded(boolean broken) {
        if (broken) {
            unsafe().close(voidPromise());
        } else if (inputShut) { // by the application, which knows
            pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        } else if (options().isAllowHalfClosure()) {
            inputShut = true;
            pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        } else if (options().isAutoClose()) {
            unsafe().close(voidPromise());
        } else { // writes that fail, and do not close the channel, are told before it closes
            send.finish(() -> unsafe().close(voidPromise()));
        }
    }

    /** Whether descriptors are received instead of bytes. */
    boolean receivesDescriptors() {
        return false;
    }

    /** What {@link #receivesDescriptors} says has changed; any thread. */
    final void readModeChanged() {
        if (isRegistered()) {
            onLoop(receive::modeChanged);
        }
    }

    // Writing.

    /** How large a message must be to be sent without a copy; -1 for never. */
    final int zeroCopyBytes() {
        return options().zeroCopyBytes();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer in) {
        send.flushed(in);
    }

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (message instanceof ByteBuf bytes) {
            return direct(bytes, bytes);
        }
        if (message instanceof FileRegion) {
            return message;
        }
        throw new UnsupportedOperationException(
                "unsupported message type: "
                        + StringUtil.simpleClassName(message)
                        + " (expected: ByteBuf, FileRegion)");
    }

    final void sendFailed(Throwable cause) {
        ((StreamUnsafe) unsafe()).fail(cause);
    }

    /**
     * The connection is broken, as a receive has found out. Where writes that fail do not close the
     * channel, those that are flushed are told first, as they would have been if they had come
     * first.
     */
    final void sendsFail(IOException cause) {
        ChannelOutboundBuffer queue = unsafe().outboundBuffer();
        if (!options().isAutoClose() && queue != null && !queue.isEmpty()) {
            sendFailed(cause);
        }
    }

    // Connecting.

    final void connectEnded() {
        connect = null;
    }

    /** After the pipeline has heard of it. */
    final void connected() {
        if (isActive()) {
            ChannelOutboundBuffer early = unsafe().outboundBuffer();
            if (early != null && !early.isEmpty()) {
                send.flushed(early); // what did not go with the SYN
            }
            watchPeer();
        }
    }

    final Throwable annotated(Throwable cause, SocketAddress address) {
        return ((StreamUnsafe) unsafe()).annotated(cause, address);
    }

    final void closeAfterFailure() {
        unsafe().close(voidPromise());
    }

    // The end.

    @Override
    void beforeClose() {
        send.sendAsMuchAsGoes();
    }

    @Override
    void keepWhatIsSent() {
        send.keepWhatIsSent();
    }

    @Override
    void onClosed() {
        receive.closed();
        send.closed();
        inputShut = true;
        outputShut = true;
    }

    @Override
    void onLost(Throwable cause) {
        if (connect != null) {
            connect.lost(cause);
        }
    }

    @Override
    void closeDescriptor() {
        closeWithRing(options().lingers());
    }

    @Override
    protected final void doShutdownOutput() throws Exception {
        send.keepWhatIsSent();
        outputShut = true;
        socket.call("shutdown of " + this, SocketCalls::shutdownOutput);
    }

    @Override
    public final boolean isInputShutdown() {
        return inputShut || !isOpen();
    }

    @Override
    public final boolean isOutputShutdown() {
        return outputShut || !isOpen();
    }

    @Override
    public final boolean isShutdown() {
        return isInputShutdown() && isOutputShutdown();
    }

    @Override
    public final ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    @Override
    public final ChannelFuture shutdownInput(ChannelPromise promise) {
        onLoop(() -> shutInput(promise));
        return promise;
    }

    private void shutInput(ChannelPromise promise) {
        try {
            socket.call("shutdown of " + this, SocketCalls::shutdownInput);
            inputShut = true;
            promise.setSuccess();
        } catch (IOException e) {
            promise.setFailure(e);
        }
    }

    @Override
    public final ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    /** After what was flushed, as far as the kernel takes it without waiting. */
    @Override
    public final ChannelFuture shutdownOutput(ChannelPromise promise) {
        onLoop(() -> send.finish(() -> shutdownOutputAtOnce(promise)));
        return promise;
    }

    /** Whatever is under way; on the loop. */
    final void shutdownOutputAtOnce(ChannelPromise promise) {
        ((AbstractUnsafe) unsafe()).shutdownOutput(promise);
    }

    @Override
    public final ChannelFuture shutdown() {
        return shutdown(newPromise());
    }

    @Override
    public final ChannelFuture shutdown(ChannelPromise promise) {
        shutdownOutput()
                .addListener(
                        (ChannelFutureListener)
                                output ->
                                        shutdownInput()
                                                .addListener(
                                                        (ChannelFutureListener)
                                                                input ->
                                                                        both(
                                                                                output, input,
                                                                                promise)));
        return promise;
    }

    private static void both(ChannelFuture output, ChannelFuture input, ChannelPromise promise) {
        Throwable cause = output.cause() != null ? output.cause() : input.cause();
        if (cause == null) {
            promise.setSuccess();
        } else {
            promise.setFailure(cause);
        }
    }

    private void onLoop(Runnable task) {
        if (eventLoop().inEventLoop()) {
            task.run();
        } else {
            eventLoop().execute(task);
        }
    }

    private final class StreamUnsafe extends UringUnsafe {
        @Override
        public void connect(
                SocketAddress peer, @Nullable SocketAddress from, ChannelPromise promise) {
            if (promise.isDone() || !ensureOpen(promise)) {
                return;
            }
            try {
                if (connect != null) {
                    throw new ConnectionPendingException();
                }
                if (isActive()) {
                    throw new AlreadyConnectedException();
                }
                if (peer instanceof InetSocketAddress inet && inet.isUnresolved()) {
                    throw new UnresolvedAddressException();
                }
                if (from != null) {
                    doBind(from);
                }
                StreamConnect attempt = new StreamConnect(UringStreamChannel.this, peer, promise);
                attempt.start(options().isFastOpenConnect());
                connect = attempt;
            } catch (Throwable t) {
                promise.tryFailure(annotateConnectException(t, peer));
                if (!(t instanceof ConnectionPendingException
                        || t instanceof AlreadyConnectedException)) {
                    closeIfClosed();
                }
            }
        }

        Throwable annotated(Throwable cause, SocketAddress peer) {
            return cause instanceof ClosedChannelException
                    ? cause
                    : annotateConnectException(cause, peer);
        }
    }
}
