package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.PromiseNotifier;
import io.uring.reactor.Reactor;
import io.uring.ring.ControlOps;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What all channels share: the descriptor, the loop they are on, their operations, and their end. A
 * channel that closes is closed for its users at once; its descriptor, and the promise, follow when
 * the kernel has let go of its last operation. The same holds for leaving a loop.
 */
abstract class UringChannel extends AbstractChannel implements UnixChannel {
    final SocketFd socket;
    private volatile boolean active;
    private volatile boolean closing;
    private volatile @Nullable UringRegistration registration;
    private int pendingOperations;

    /** To be run when no operation is pending; made when there is the first. */
    private @Nullable ArrayDeque<Runnable> whenIdle;

    private volatile @Nullable SocketAddress local;
    private volatile @Nullable SocketAddress peer;

    UringChannel(@Nullable Channel parent, SocketFd socket, boolean active) {
        super(parent);
        this.socket = socket;
        this.active = active;
    }

    // Its place on a loop.

    /** The loop's; only while it is registered. */
    final Reactor reactor() {
        return handler().reactor();
    }

    private UringIoHandler handler() {
        UringRegistration on = registration;
        if (on == null) {
            throw new IllegalStateException(this + " is not registered");
        }
        return on.handler();
    }

    /** Whether it is on a loop, to stay, and the caller is that loop. */
    final boolean isOnThisLoop() {
        UringRegistration on = registration;
        return on != null && on.isValid() && on.handler().reactor().inLoop();
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop instanceof IoEventLoop io && io.isCompatible(UringIoHandle.class);
    }

    @Override
    protected void doRegister(ChannelPromise promise) {
        if (pendingOperations > 0) {
            promise.setFailure(
                    new IllegalStateException("wait for the deregistration to be complete"));
            return;
        }
        UringUnsafe handle = (UringUnsafe) unsafe();
        ((IoEventLoop) eventLoop())
                .register(handle)
                .addListener(future -> {
                    if (!future.isSuccess()) {
                        promise.setFailure(future.cause());
                        return;
                    }
                    registration = handle.registration((IoRegistration) future.getNow());
                    onRegistered();
                    promise.setSuccess();
                });
    }

    /** On the new loop, before the pipeline hears of it. */
    void onRegistered() {}

    @Override
    protected void doDeregister() {
        cancelOperations();
        ((UringUnsafe) unsafe()).cancelRegistration();
    }

    /** Data is no longer wanted; from any thread. */
    abstract void autoReadCleared();

    // Its operations.

    final void submit(ChannelOperation operation) {
        reactor().submit(operation);
        if (operation.isPending()) { // a ring that has failed takes none
            pendingOperations++;
        }
    }

    /** A completion came. */
    final void handled() {
        UringRegistration on = registration;
        if (on != null) {
            on.handler().handled();
        }
    }

    /** One operation has ended. */
    final void operationEnded() {
        if (--pendingOperations == 0) {
            runWhenIdle();
        }
    }

    private void runWhenIdle() {
        while (pendingOperations == 0 && whenIdle != null) {
            Runnable task = whenIdle.pollFirst();
            if (task == null) {
                return;
            }
            task.run();
        }
    }

    private void runWhenIdle(Runnable task) {
        if (whenIdle == null) {
            whenIdle = new ArrayDeque<>(2);
        }
        whenIdle.addLast(task);
    }

    /** Those that can wait for long. */
    abstract ChannelOperation[] operations();

    private void cancelOperations() {
        // A number that is being closed may be another connection's before the kernel looks.
        if (pendingOperations > 0 && socket.isOpen()) {
            reactor().cancelAll(descriptor(), operations());
        }
    }

    final Descriptor descriptor() {
        return socket.descriptor();
    }

    // Its state.

    @Override
    public final FileDescriptor fd() {
        return socket;
    }

    @Override
    public final boolean isOpen() {
        return !closing && socket.isOpen();
    }

    @Override
    public final boolean isActive() {
        return active;
    }

    final void active(boolean is) {
        active = is;
    }

    @Override
    protected final @Nullable SocketAddress localAddress0() {
        SocketAddress known = local;
        if (known == null && active) {
            known = socket.localAddress();
            local = known;
        }
        return known;
    }

    @Override
    protected final @Nullable SocketAddress remoteAddress0() {
        SocketAddress known = peer;
        if (known == null && active) {
            known = socket.peerAddress();
            peer = known;
        }
        return known;
    }

    final void peer(@Nullable SocketAddress address) {
        peer = address;
    }

    final void forgetAddresses() {
        local = null;
        peer = null;
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        socket.bind(address);
        local = socket.localAddress();
    }

    @Override
    protected void doDisconnect() throws Exception {
        doClose();
    }

    // Its end.

    /** The last moment at which flushed messages can go. */
    void beforeClose() {}

    /** Messages that the kernel reads must outlive the queue they are in. */
    void keepWhatIsSent() {}

    /** The channel is closed for its users, on the loop if it ever was on one. */
    void onClosed() {}

    @Override
    protected void doClose() throws Exception {
        active = false;
        closing = true;
        if (pendingOperations > 0) { // not through close(), which waits for them
            keepWhatIsSent();
            cancelOperations();
            runWhenIdle(this::closeDescriptor);
        } else {
            closeDescriptor();
        }
        onClosed();
    }

    /** With a system call: the promise of a server's close means that the port is free. */
    void closeDescriptor() {
        if (socket.beginClose()) {
            SocketCalls.close(socket.intValue());
        }
    }

    /** Closes with the other entries of the turn, for channels that come and go. */
    final void closeWithRing(boolean lingers) {
        UringRegistration on = registration;
        if (on == null || on.handler().reactor().hasFailed()) {
            if (socket.beginClose()) {
                SocketCalls.close(socket.intValue());
            }
        } else if (socket.beginClose()) {
            submitClose(lingers);
        }
    }

    private void submitClose(boolean lingers) {
        try {
            submit(new Close(lingers));
        } catch (RuntimeException e) { // the way to fewer operations must not need one more
            SocketCalls.close(socket.intValue());
        }
    }

    private final class Close extends ChannelOperation {
        private final boolean lingers;

        Close(boolean lingers) {
            super(UringChannel.this);
            this.lingers = lingers;
        }

        @Override
        protected void prepare(Sqe sqe) {
            ControlOps.close(sqe, descriptor());
            if (lingers) {
                sqe.async(); // it would make the loop wait
            }
        }

        @Override
        protected void completed(int result, int flags) {
            if (result == -Errno.ECANCELED || result == -Errno.EINTR) {
                SocketCalls.close(socket.intValue()); // the loop's end cancelled it
            }
        }
    }

    // What is written.

    /** The kernel reads memory that does not move. */
    final Object direct(Object message, ByteBuf content) {
        return content.isDirect() ? message : copied(message, content);
    }

    /** The bytes in one piece of memory that does not move; the message is released. */
    final ByteBuf copied(Object message, ByteBuf content) {
        int length = content.readableBytes();
        ByteBufAllocator allocator = alloc();
        ByteBuf pooled =
                allocator.isDirectBufferPooled() ? null : ByteBufUtil.threadLocalDirectBuffer();
        ByteBuf copy = pooled != null ? pooled : allocator.directBuffer(length);
        copy.writeBytes(content, content.readerIndex(), length);
        ReferenceCountUtil.safeRelease(message);
        return copy;
    }

    /** What Netty does with a channel, and what its loop does. */
    abstract class UringUnsafe extends AbstractUnsafe implements UringIoHandle {
        private @Nullable ChannelPromise deregistration;
        private @Nullable IoRegistration counted;

        /** What the event loop made, which counts, of what the handler made. */
        private UringRegistration registration(IoRegistration wrapper) {
            counted = wrapper;
            UringIoHandler on = wrapper.attachment();
            return on.registrationOf(this);
        }

        private void cancelRegistration() {
            if (counted != null) {
                counted.cancel();
            }
        }

        @Override
        public final void whenIdle(Runnable task) {
            if (pendingOperations == 0) {
                task.run();
            } else {
                runWhenIdle(task);
            }
        }

        @Override
        public final boolean isBusy() {
            return pendingOperations > 0;
        }

        @Override
        public final void unregistered() {
            registration = null;
            counted = null;
            tellDeregistered();
        }

        /** When Netty and the kernel are both done with it. */
        private void tellDeregistered() {
            ChannelPromise waiting = deregistration;
            if (waiting != null && registration == null && !isRegistered()) {
                deregistration = null;
                waiting.setSuccess();
            }
        }

        /** The channel has left the loop when the last of its operations has ended. */
        @Override
        public final void deregister(ChannelPromise promise) {
            if (deregistration != null) {
                PromiseNotifier.cascade(deregistration, promise);
            } else if (!isRegistered()) {
                promise.setSuccess();
            } else {
                deregistration = promise;
                super.deregister(
                        newPromise()
                                .addListener(future -> {
                                    if (future.isSuccess()) {
                                        tellDeregistered();
                                    } else {
                                        deregistration = null;
                                        promise.setFailure(future.cause());
                                    }
                                }));
            }
        }

        /** The loop shuts down. */
        @Override
        public final void close() {
            close(voidPromise());
        }

        @Override
        protected final @Nullable Executor prepareToClose() {
            localAddress(); // whoever logs the end may ask
            remoteAddress();
            beforeClose();
            active = false;
            closing = true;
            if (registration == null) {
                return null; // never on a loop, or on none any more
            }
            cancelOperations();
            return this::closeThen;
        }

        /** The promise of a close means that the descriptor is closed, and the peer told. */
        private void closeThen(Runnable task) {
            whenIdle(() -> {
                closeDescriptor();
                whenIdle(task);
            });
        }

        @Override
        public void lost(Throwable cause) {
            active = false;
            closing = true;
            keepWhatIsSent();
            pendingOperations = 0;
            pipeline().fireExceptionCaught(cause);
            close(voidPromise(), cause, newClosedChannelException(cause));
            runWhenIdle();
        }

        private ClosedChannelException newClosedChannelException(Throwable cause) {
            ClosedChannelException closed = new ClosedChannelException();
            closed.initCause(cause);
            return closed;
        }

        final void fail(Throwable cause) {
            handleWriteError(cause);
        }
    }
}
