package io.uring.net;

import io.uring.reactor.Reactor;
import io.uring.reactor.ReceivedBuffer;
import io.uring.reactor.Resource;
import io.uring.reactor.Timer;
import io.uring.ring.Descriptor;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * A connected TCP or unix stream on a loop. Methods belong to the loop's thread, except {@link
 * #trySend}, {@link #option}, {@link #peerCredentials}, {@link #localAddress}, {@link
 * #remoteAddress}, {@link #reactor} and {@link #isOpen}. With an executor ({@link
 * ListenerConfig#withExecutor}) all but {@link #awaitWritable} may be called by any thread.
 *
 * <p>Its life: open; closing, from {@link #close}, {@link #abort} or a failure on, while operations
 * end; closed, when {@link StreamHandler#onClose} is called. The descriptor is closed once, after
 * its last operation.
 *
 * <pre>{@code
 * if (!socket.write(bytes)) {
 *     socket.pauseReading(); // until onWritable
 * }
 * socket.close();            // FIN after the last byte
 * }</pre>
 */
public final class StreamSocket implements Resource {
    private final Reactor reactor;
    private final SocketHandle handle;
    private final StreamConfig config;
    private final Receiver receiver;
    final Sender sender;
    final DirectSend direct;
    private final Timer closeTimer = new Timer(this::closeTimedOut);
    private final Timer idleTimer = new Timer(this::checkIdle);
    private @Nullable StreamHandler handler;
    private @Nullable Served served;
    private boolean stopping;
    private @Nullable Object recording;
    private long activeAt;
    private boolean aborted;
    private boolean failed;

    /** What it has to end for, whether it already could or not. */
    private @Nullable Throwable broken;

    private boolean loopClosed;
    private @Nullable IOException cause;

    /** Made at the close: most connections have no need of it. */
    private @Nullable LingeringClose linger;

    private volatile boolean closing;
    private volatile @Nullable SocketAddress localAddress;
    private volatile @Nullable SocketAddress remoteAddress;

    StreamSocket(Reactor reactor, int fd, StreamConfig config) {
        this.reactor = reactor;
        this.handle = new SocketHandle(reactor, fd, this::closed);
        this.config = config;
        this.receiver = new Receiver(this);
        this.sender = new Sender(this);
        this.direct = new DirectSend(this, handle);
    }

    /** Starts as a connection of a listener. */
    void open(StreamHandler streamHandler, Served listener) {
        served = listener;
        listener.opened();
        open(streamHandler);
    }

    /** Starts: from now on the handler is called. */
    void open(StreamHandler streamHandler) {
        handler = streamHandler;
        reactor.attach(this);
        activeAt = reactor.now();
        recording = SocketRecording.opened(this);
        if (config.idleNanos() > 0 && !closing) { // whoever made the handler may have closed it
            reactor.schedule(idleTimer, config.idleNanos());
        }
        try {
            streamHandler.onOpen(this);
        } catch (Throwable e) { // also a checked exception, which other languages throw
            handlerFailed(e);
        }
        receiver.start();
    }

    /**
     * Sends a copy of all bytes of {@code source}.
     *
     * @return false when so much is queued that the caller should wait for {@link
     *     StreamHandler#onWritable} , or when the socket is closing and the bytes were dropped
     * @throws IllegalStateException beyond {@link StreamConfig#maxQueuedBytes}
     */
    public boolean write(ByteBuffer source) {
        if (!reactor.inLoop()) {
            return offLoop().write(source);
        }
        if (!sender.isOpen()) {
            return false;
        }
        checkQueue(source.remaining());
        sender.queue.copy(source);
        return sender.queued();
    }

    /**
     * Sends the unread bytes of a received buffer, and releases it afterwards; otherwise like the
     * copy.
     */
    public boolean write(ReceivedBuffer data) {
        if (!reactor.inLoop()) {
            return offLoop().write(data);
        }
        if (!sender.isOpen() || data.remaining() == 0) {
            data.release();
            return sender.isOpen();
        }
        checkQueue(data.remaining());
        sender.queue.add(data);
        return sender.queued();
    }

    /**
     * Sends memory of the caller's without a copy. It must not change until {@code listener} is
     * told, which happens in every case, exactly once; for {@link StreamConfig#zeroCopyBytes} and
     * more that can be when the peer has acknowledged them. Otherwise like the copy.
     */
    public boolean write(MemorySegment data, WriteListener listener) {
        java.util.Objects.requireNonNull(listener, "listener");
        if (!data.isNative()) {
            throw new IllegalArgumentException(
                    "heap segment: the kernel needs memory that does not move");
        }
        if (!reactor.inLoop()) {
            return offLoop().write(data, listener);
        }
        if (!sender.isOpen()) {
            reactor.execute(() -> listener.written(new java.net.SocketException("Socket closed")));
            return false;
        }
        checkQueue(data.byteSize());
        sender.write(data, listener);
        return sender.queued();
    }

    /**
     * Sends a part of a file, read block by block while it is sent, after what was written before
     * and before what is written after. It does not count as queued. A file that ends early, or
     * cannot be read, breaks the connection.
     *
     * @param position of the first byte
     * @param length how many bytes
     * @param listener told when the kernel has taken them all, or none of the rest; in every case,
     *     exactly once
     * @return as for memory
     * @throws IllegalStateException when the file is closed
     */
    public boolean write(OpenFile file, long position, long length, WriteListener listener) {
        java.util.Objects.requireNonNull(listener, "listener");
        if (position < 0 || length < 0 || position > Long.MAX_VALUE - length) {
            throw new IllegalArgumentException(
                    "%d bytes at %d of %s".formatted(length, position, file));
        }
        OffLoop calls = reactor.inLoop() ? null : offLoop();
        if (!file.enter()) {
            throw new IllegalStateException("closed: " + file);
        }
        return calls == null
                ? writeEntered(file, position, length, listener)
                : calls.write(file, position, length, listener);
    }

    /** Leaves the file when the write is over. */
    boolean writeEntered(OpenFile file, long position, long length, WriteListener listener) {
        if (length == 0 || !sender.isOpen()) {
            file.exit();
            return write(MemorySegment.NULL, listener);
        }
        sender.queue.add(new FileWrite(this, file, position, length, listener));
        return sender.queued();
    }

    /**
     * Holds back what is written from now on, so that several turns' writes leave in one send:
     * until {@link #uncork}, {@link #close} or {@link #shutdownOutput}, or until {@link
     * StreamConfig#highWaterBytes} are queued or a file follows. The writes of one turn leave
     * together anyway.
     */
    public void cork() {
        if (!reactor.inLoop()) {
            offLoop().cork();
            return;
        }
        sender.cork();
    }

    /** Sends what {@link #cork} held back, with the end of this turn. */
    public void uncork() {
        if (!reactor.inLoop()) {
            offLoop().uncork();
            return;
        }
        sender.uncork();
    }

    void fileReady() {
        sender.fileReady();
    }

    /** Takes calls from other threads to the loop, for handlers that run on an executor. */
    private OffLoop offLoop() {
        if (handler instanceof OffLoop calls) {
            return calls;
        }
        throw new IllegalStateException("not on the loop: use reactor().execute");
    }

    private void checkQueue(long bytes) {
        if (bytes > config.maxQueuedBytes() - sender.queue.queuedBytes()) {
            throw new IllegalStateException(
                    "the send queue of %s holds %d bytes, %d more exceed maxQueuedBytes %d"
                            .formatted(this, queuedBytes(), bytes, config.maxQueuedBytes()));
        }
    }

    /**
     * Sends at once, with a system call of its own, as much as the kernel takes without waiting:
     * for a thread that is not the loop's. The caller makes sure that nothing is queued and nobody
     * else writes.
     *
     * @return the bytes taken, from 0
     * @throws IOException when the connection is closed, or broken: then {@link
     *     StreamHandler#onClose} is told the same
     */
    public int trySend(MemorySegment data, long offset, int length) throws IOException {
        return direct.trySend(data, offset, length);
    }

    /**
     * Runs {@code task} on the loop, once, when {@link #trySend} would take bytes again, or the
     * connection is broken or closed.
     *
     * @throws IllegalStateException when somebody waits already
     */
    public void awaitWritable(Runnable task) {
        if (!reactor.inLoop()) {
            throw new IllegalStateException("not on the loop: use reactor().execute");
        }
        if (closing) {
            reactor.execute(task);
        } else {
            sender.awaitRoom(task);
        }
    }

    /** Bytes written and not yet taken by the kernel. */
    public long queuedBytes() {
        if (!reactor.inLoop() && handler instanceof OffLoop calls) {
            return calls.queuedBytes();
        }
        return sender.queue.queuedBytes();
    }

    /** Whether fewer bytes than the high-water mark are queued. */
    public boolean isWritable() {
        return sender.isOpen() && queuedBytes() < config.highWaterBytes();
    }

    /**
     * Stops receiving, until {@link #resumeReading}. What has arrived by then is kept and comes
     * first.
     */
    public void pauseReading() {
        if (!reactor.inLoop()) {
            offLoop().pause();
            return;
        }
        receiver.pause();
    }

    public void resumeReading() {
        if (!reactor.inLoop()) {
            offLoop().resume();
            return;
        }
        receiver.resume();
    }

    /** Sends FIN after the last byte. Receiving goes on. Later writes are dropped. */
    public void shutdownOutput() {
        if (!reactor.inLoop()) {
            offLoop().shutdownOutput();
            return;
        }
        sender.end();
    }

    /**
     * Closes after the last queued byte was sent, or after {@link StreamConfig#closeNanos}. What
     * the peer sends from now on is dropped; it does not keep the last bytes from arriving ({@link
     * StreamConfig#lingerNanos}).
     */
    public void close() {
        if (closing) {
            return;
        }
        if (!reactor.inLoop()) {
            offLoop().close();
            return;
        }
        startClosing(null);
        sender.refuse(); // closing the descriptor sends the FIN
        if (!sender.queue.isEmpty()) {
            reactor.schedule(closeTimer, config.closeNanos());
        }
        closeStep();
    }

    /** Closes at once with RST: what is queued is dropped, the peer sees a reset. */
    public void abort(Throwable reason) {
        if (aborted || handle.isClosing()) {
            return;
        }
        if (!reactor.inLoop()) {
            offLoop().abort(reason);
            return;
        }
        // First: without memory for it the abort has not begun, and can be tried again.
        IOException why =
                reason instanceof IOException io
                        ? io
                        : new IOException("aborted: " + reason, reason);
        aborted = true;
        fail(why);
    }

    /** Closes at once with RST because something broke. */
    void fail(IOException reason) {
        if (handle.isClosing()) {
            return;
        }
        if (cause == null) {
            cause = reason; // first: what follows may find no memory, and is tried again
        }
        handle.with(SocketCalls::lingerZero); // the peer must not take it for a proper end
        if (!failed) {
            failed = true;
            reactor.counters().failed();
        }
        startClosing(reason);
        sender.fail(reason);
        if (sender.isBusy()) {
            sender.cancelAll(receiver);
        }
        stopLingering();
        closeStep();
    }

    private void startClosing(@Nullable IOException reason) {
        if (cause == null) {
            cause = reason;
        }
        closing = true;
        reactor.cancel(idleTimer);
        sender.cancelWait();
        receiver.close();
    }

    private void closeTimedOut() {
        long left = activeAt + config.closeNanos() - reactor.now();
        if (left > 0 && sender.queue.hasFiles()) {
            reactor.schedule(
                    closeTimer, left); // a file may take as long as it likes to get through
            return;
        }
        abort(new SocketTimeoutException("the peer did not take the last bytes in time"));
    }

    /** Goes on closing if nothing holds it up any more; called whenever something has ended. */
    void closeStep() {
        boolean lingers = linger != null && linger.isBusy();
        boolean busy = receiver.isPending() || sender.isBusy() || lingers;
        if (!closing || handle.isClosing() || busy || !sender.queue.isEmpty()) {
            return;
        }
        reactor.cancel(closeTimer);
        if (cause == null && linger == null && LingeringClose.isNeeded(this)) {
            LingeringClose lingering = new LingeringClose(this);
            linger = lingering;
            if (lingering.begin()) {
                return; // comes back when it is over
            }
        }
        handle.close();
    }

    private void stopLingering() {
        if (linger != null) {
            linger.stop();
        }
    }

    private void closed() {
        reactor.detach(this);
        sender.closed();
        try {
            handler().onClose(this, cause);
        } catch (Throwable e) {
            Reactor.report(handler(), e);
        }
        SocketRecording.closed(recording, cause);
        if (served != null) {
            served.closed();
        }
    }

    boolean isServedBy(Served listener) {
        return served == listener;
    }

    /** The listener or the loop stops; the handler is told once, whoever of them comes first. */
    @Override
    public void stop() {
        if (stopping || closing) {
            return;
        }
        stopping = true;
        try {
            handler().onStop(this);
        } catch (Throwable e) {
            handlerFailed(e);
        }
    }

    /** Whether the loop's end closed it: the memory of what was received goes too. */
    boolean isLoopClosed() {
        return loopClosed;
    }

    @Override
    public void shutdown() {
        loopClosed = true;
        if (!closing) { // a socket that is closing gets the time it has to send its last bytes
            abort(new java.net.SocketException("the loop was closed"));
        }
    }

    @Override
    public void lost(Throwable reason) {
        handle.with(SocketCalls::lingerZero); // the peer must not take it for a proper end
        IOException why = new IOException("the loop has failed: " + reason.getMessage(), reason);
        startClosing(why);
        reactor.cancel(closeTimer);
        stopLingering();
        sender.lost(why);
        handle.lost();
        closed();
    }

    /** Whether the peer has sent FIN, or the connection has broken. */
    boolean hasInputEnded() {
        return receiver.hasEnded();
    }

    boolean isSending(ReceivedBuffer data) {
        return sender.queue.holds(data);
    }

    void handlerFailed(Throwable failure) {
        broken = failure;
        abort(failure); // before logging, which may fail too
        Reactor.report(this + ", handler " + handler, failure);
    }

    @Override
    public void retryEnd() {
        IOException reason = cause;
        if (reason != null && aborted) {
            fail(reason);
        } else if (broken != null) {
            abort(broken);
        }
    }

    void active() {
        activeAt = reactor.now();
    }

    private void checkIdle() {
        long left = activeAt + config.idleNanos() - reactor.now();
        if (left > 0) {
            reactor.schedule(idleTimer, left);
            return;
        }
        activeAt = reactor.now();
        reactor.schedule(idleTimer, config.idleNanos());
        try {
            handler().onIdle(this);
        } catch (Throwable e) {
            handlerFailed(e);
        }
    }

    /**
     * This end's address. It is asked of the kernel once, when it is first wanted, and stays valid
     * after the close; null when it is first wanted after that.
     */
    public @Nullable SocketAddress localAddress() {
        if (localAddress == null) {
            localAddress = handle.address(SocketCalls::localAddress);
        }
        return localAddress;
    }

    /**
     * The peer's address; otherwise like {@link #localAddress}. First wanted after the peer's reset
     * it is null as well: who needs it in {@link StreamHandler#onClose} asks in {@link
     * StreamHandler#onOpen}, or connections that nobody asks for would pay two system calls each.
     */
    public @Nullable SocketAddress remoteAddress() {
        if (remoteAddress == null) {
            remoteAddress = handle.address(SocketCalls::peerAddress);
        }
        return remoteAddress;
    }

    /**
     * Sets an option; from any thread.
     *
     * @throws ClosedChannelException when the socket is closed
     * @throws IOException what the kernel says, with the option's name
     */
    public <T> void option(SocketOption<T> option, T value) throws IOException {
        handle.option(option, value);
    }

    /** The value of an option; otherwise like setting one. */
    public <T> T option(SocketOption<T> option) throws IOException {
        return handle.option(option);
    }

    /**
     * Who is at the other end of a unix socket; from any thread.
     *
     * @throws IOException on a TCP socket, or when it is closed
     */
    public PeerCredentials peerCredentials() throws IOException {
        return PeerCredentials.of(handle, this);
    }

    /** The loop this socket is on. */
    public Reactor reactor() {
        return reactor;
    }

    /** Whether neither close nor abort was called and the connection is not known to be broken. */
    public boolean isOpen() {
        return !closing;
    }

    /** Whether nothing holds its end up any more. */
    boolean isEnding() {
        return aborted || handle.isClosing();
    }

    StreamConfig config() {
        return config;
    }

    Descriptor descriptor() {
        return handle.descriptor();
    }

    StreamHandler handler() {
        StreamHandler current = handler;
        if (current == null) {
            throw new IllegalStateException("not open");
        }
        return current;
    }

    @Override
    public String toString() {
        SocketAddress remote = remoteAddress;
        return "StreamSocket[" + handle + (remote == null ? "]" : ", " + remote + "]");
    }
}
