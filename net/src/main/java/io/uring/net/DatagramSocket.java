package io.uring.net;

import io.uring.reactor.EventLoop;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.Reactor;
import io.uring.reactor.Resource;
import io.uring.reactor.Timer;
import io.uring.ring.Descriptor;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A UDP socket on a loop. Methods belong to the loop's thread, except {@link #open}, {@link
 * #openGroup}, {@link #option}, {@link #join}, {@link #leave}, {@link #multicastInterface}, {@link
 * #drops}, {@link #localAddress}, {@link #remoteAddress}, {@link #reactor}, {@link #isOpen} and
 * {@link #closed}.
 *
 * <p>One operation receives all that comes (kernel 6.0), or one operation each datagram on kernels
 * before; each send is an operation of its own.
 *
 * <p>An error concerns one datagram: its listener is told, or {@link DatagramHandler#onError}, and
 * the socket goes on.
 *
 * <pre>{@code
 * DatagramSocket socket = DatagramSocket.open(
 *         loops.next(), DatagramConfig.bind(new InetSocketAddress(7000)),
 *         (s, datagram) -> s.send(datagram, datagram.source())); // an echo server
 * socket.reactor().execute(socket::close);
 * socket.closed().join();
 * }</pre>
 */
public final class DatagramSocket implements Resource {
    private static final int MAX_SEGMENT_BYTES = 65_535;

    private final Reactor reactor;
    private final int family;
    private final DatagramConfig config;
    private final DatagramHandler handler;
    private final SocketHandle handle;
    private final DatagramReceiver receiver;
    private final Timer closeTimer = new Timer(this::closeTimedOut);
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private @Nullable DatagramSender sender;
    private @Nullable IOException cause;
    private volatile boolean closing;
    private volatile @Nullable InetSocketAddress localAddress;

    DatagramSocket(
            Reactor reactor, int fd, int family, DatagramConfig config, DatagramHandler handler) {
        this.reactor = reactor;
        this.family = family;
        this.config = config;
        this.handler = handler;
        this.handle = new SocketHandle(reactor, fd, this::handleClosed);
        this.receiver = new DatagramReceiver(this);
    }

    /**
     * Opens, binds and connects a socket, and starts to receive; from any thread.
     *
     * @throws java.net.BindException when the address is in use, foreign or not permitted
     */
    public static DatagramSocket open(
            EventLoop loop, DatagramConfig config, DatagramHandler handler) throws IOException {
        int fd = DatagramBinding.open(config);
        return start(loop, fd, config, handler);
    }

    /**
     * Opens a socket per loop on one port; the kernel gives all datagrams of a peer to the same
     * one. From any thread.
     *
     * @param config without a remote address
     * @param handlers asked for the handler of each loop's socket, on the calling thread
     * @throws java.net.BindException when the address is in use, foreign or not permitted
     */
    public static DatagramGroup openGroup(
            EventLoopGroup loops,
            DatagramConfig config,
            Function<EventLoop, DatagramHandler> handlers)
            throws IOException {
        return DatagramGroup.open(loops, config, handlers);
    }

    /** The descriptor is closed when this fails. */
    static DatagramSocket start(
            EventLoop loop, int fd, DatagramConfig config, DatagramHandler handler)
            throws IOException {
        try {
            int family = DatagramBinding.family(fd);
            DatagramSocket socket = new DatagramSocket(loop.reactor(), fd, family, config, handler);
            socket.localAddress();
            loop.execute(socket::begin);
            return socket;
        } catch (RejectedExecutionException e) {
            SocketCalls.close(fd);
            throw new IOException("the loop is closed", e);
        } catch (IOException | RuntimeException e) {
            SocketCalls.close(fd);
            throw e;
        }
    }

    private void begin() {
        sender = new DatagramSender(this);
        reactor.attach(this);
        try {
            handler.onOpen(this);
        } catch (Throwable e) { // also a checked exception, which other languages throw
            Reactor.report(handler, e);
            abort(e);
        }
        receiver.start();
    }

    /**
     * Sends a copy of {@code payload} as one datagram.
     *
     * @param target null for the peer of a connected socket
     * @return false when so much is queued that the caller should wait for {@link
     *     DatagramHandler#onWritable}, or when the datagram was dropped: the socket is closing, or
     *     {@link DatagramConfig#maxQueuedBytes} would be exceeded
     * @throws IllegalArgumentException for an IPv6 target of an IPv4 socket, or more than 64 KiB
     */
    public boolean send(ByteBuffer payload, @Nullable DatagramAddress target) {
        return send(payload, target, 0, null);
    }

    /**
     * Sends a copy of {@code payload} as one datagram or as several.
     *
     * @param segmentBytes the length of each datagram (the last may be shorter), which the kernel
     *     or the network card cuts (UDP_SEGMENT); 0 for a single datagram. At most 64 segments work
     *     on every kernel, and each must fit the path's MTU
     * @param listener told on the loop, in every case, exactly once; null for {@link
     *     DatagramHandler#onError}
     * @see #send(ByteBuffer, DatagramAddress)
     */
    public boolean send(
            ByteBuffer payload,
            @Nullable DatagramAddress target,
            int segmentBytes,
            @Nullable WriteListener listener) {
        int bytes = payload.remaining();
        if (bytes > DatagramSend.MAX_COPY_BYTES) {
            throw new IllegalArgumentException(bytes + " bytes are no datagram: at most 65507");
        }
        DatagramSender out = admit(bytes, target, segmentBytes, listener);
        if (out == null) {
            payload.position(payload.limit());
            return false;
        }
        DatagramSend send = out.take().to(target, segmentBytes, listener);
        return out.send(send.copy(payload, out.copies, out.buffers()));
    }

    /**
     * Sends memory of the caller's without a copy. It must not change until {@code listener} is
     * told. Otherwise like the copy.
     *
     * @throws IllegalArgumentException also for a heap segment
     */
    public boolean send(
            MemorySegment payload,
            @Nullable DatagramAddress target,
            int segmentBytes,
            WriteListener listener) {
        if (!payload.isNative() || payload.byteSize() > DatagramSend.MAX_COPY_BYTES) {
            throw new IllegalArgumentException(
                    payload.isNative()
                            ? payload.byteSize() + " bytes are no datagram: at most 65507"
                            : "heap segment: the kernel needs memory that does not move");
        }
        DatagramSender out = admit(payload.byteSize(), target, segmentBytes, listener);
        if (out == null) {
            return false;
        }
        DatagramSend send = out.take().to(target, segmentBytes, listener);
        return out.send(send.payload(payload, 0, (int) payload.byteSize()));
    }

    /**
     * Sends the unread bytes of a received datagram, and releases it afterwards, in every case; as
     * several datagrams when the kernel had merged several. Otherwise like the copy.
     */
    public boolean send(Datagram datagram, @Nullable DatagramAddress target) {
        datagram.sending();
        int segmentBytes = datagram.segmentBytes();
        DatagramSender out;
        try {
            out = admit(datagram.remaining(), target, segmentBytes, null);
        } catch (RuntimeException e) {
            datagram.release();
            throw e;
        }
        if (out == null) {
            datagram.release();
            return false;
        }
        return out.send(out.take().to(target, segmentBytes, null).payload(datagram));
    }

    /** Null when the datagram is dropped, after its listener was told. */
    private @Nullable DatagramSender admit(
            long bytes,
            @Nullable DatagramAddress target,
            int segmentBytes,
            @Nullable WriteListener listener) {
        checkLoop();
        if (target != null && family == SocketCalls.AF_INET && !target.isIpv4()) {
            throw new IllegalArgumentException(target + " is IPv6, and " + this + " is IPv4");
        }
        if (segmentBytes < 0 || segmentBytes > MAX_SEGMENT_BYTES) {
            throw new IllegalArgumentException("segmentBytes " + segmentBytes);
        }
        DatagramSender out = sender;
        if (out == null || !out.isOpen()) {
            drop(listener, new SocketException("Socket closed"));
            return null;
        }
        long cost = bytes + DatagramConfig.DATAGRAM_COST;
        if (out.queuedBytes() + cost > config.maxQueuedBytes()) {
            drop(
                    listener,
                    new SocketException(
                            "the send queue of %s holds %d bytes: a datagram of %d was dropped"
                                    .formatted(this, queuedBytes(), bytes)));
            return null;
        }
        return out;
    }

    private void drop(@Nullable WriteListener listener, IOException why) {
        if (listener != null) {
            reactor.execute(() -> listener.written(why)); // not from inside the caller's call
        } else if (!closing) {
            reactor.execute(() -> report(why));
        }
    }

    private void checkLoop() {
        if (!reactor.inLoop()) {
            throw new IllegalStateException("not on the loop: use reactor().execute");
        }
    }

    /**
     * Payload not yet taken by the kernel, and {@value DatagramConfig#DATAGRAM_COST} bytes for each
     * datagram.
     */
    public long queuedBytes() {
        return sender == null ? 0 : sender.queuedBytes();
    }

    /** Whether fewer bytes than the high-water mark are queued. */
    public boolean isWritable() {
        return sender != null && sender.isOpen() && queuedBytes() < config.highWaterBytes();
    }

    /**
     * Stops receiving, until {@link #resumeReading}. What has arrived by then is kept and comes
     * first; what the kernel's buffer cannot hold is lost.
     */
    public void pauseReading() {
        checkLoop();
        receiver.pause();
    }

    public void resumeReading() {
        checkLoop();
        receiver.resume();
    }

    /**
     * Closes after the last queued datagram was sent, or after {@link DatagramConfig#closeNanos}.
     * Nothing is received any more.
     */
    public void close() {
        if (closing) {
            return;
        }
        checkLoop();
        startClosing(null);
        DatagramSender out = sender;
        if (out != null) {
            out.refuse();
            if (out.isBusy()) {
                reactor.schedule(closeTimer, config.closeNanos());
            }
        }
        closeStep();
    }

    /** Closes at once: what is queued is dropped, and its listeners told of {@code reason}. */
    public void abort(Throwable reason) {
        checkLoop();
        fail(reason instanceof IOException io ? io : new IOException("aborted: " + reason, reason));
    }

    /** Closes at once because something broke. */
    void fail(IOException reason) {
        if (handle.isClosing() || (closing && cause != null)) {
            return;
        }
        reactor.counters().failed();
        startClosing(reason);
        DatagramSender out = sender;
        if (out != null) {
            out.fail(reason);
            if (out.isBusy()) {
                reactor.cancelAll(descriptor(), out.pending());
            }
        }
        closeStep();
    }

    private void startClosing(@Nullable IOException reason) {
        if (cause == null) {
            cause = reason;
        }
        closing = true;
        receiver.close();
    }

    private void closeTimedOut() {
        fail(new SocketTimeoutException("the kernel did not take the last datagrams in time"));
    }

    /** Goes on closing if nothing holds it up any more; called whenever something has ended. */
    void closeStep() {
        boolean waiting = receiver.isPending() || (sender != null && sender.isBusy());
        if (closing && !waiting && !handle.isClosing()) {
            reactor.cancel(closeTimer);
            handle.close();
        }
    }

    private void handleClosed() {
        reactor.detach(this);
        try {
            handler.onClose(this, cause);
        } catch (Throwable e) {
            Reactor.report(handler, e);
        } finally {
            closed.complete(null);
        }
    }

    @Override
    public void stop() {
        if (closing) {
            return;
        }
        try {
            handler.onStop(this);
        } catch (Throwable e) { // it has not ended what it should: nobody else will
            Reactor.report(handler, e);
            abort(e);
        }
    }

    @Override
    public void shutdown() {
        if (!closing) { // a socket that is closing gets the time it has for its last datagrams
            abort(new SocketException("the loop was closed"));
        }
    }

    @Override
    public void lost(Throwable reason) {
        IOException why = new IOException("the loop has failed: " + reason.getMessage(), reason);
        startClosing(why);
        reactor.cancel(closeTimer);
        if (sender != null) {
            sender.lost(why);
        }
        handle.lost();
        handleClosed();
    }

    void report(IOException failure) {
        if (closing) {
            return;
        }
        try {
            handler.onError(this, failure);
        } catch (Throwable e) {
            Reactor.report(handler, e);
        }
    }

    void writable() {
        try {
            handler.onWritable(this);
        } catch (Throwable e) {
            Reactor.report(handler, e);
        }
    }

    /**
     * Receives what is sent to a group.
     *
     * @param source only from there, or null for anybody (source-specific multicast)
     * @throws IOException what the kernel says: EADDRINUSE when joined already
     */
    public void join(InetAddress group, NetworkInterface network, @Nullable InetAddress source)
            throws IOException {
        membership("join", true, group, network, source);
    }

    /** Ends what {@link #join} with the same arguments began. */
    public void leave(InetAddress group, NetworkInterface network, @Nullable InetAddress source)
            throws IOException {
        membership("leave", false, group, network, source);
    }

    private void membership(
            String what,
            boolean join,
            InetAddress group,
            NetworkInterface network,
            @Nullable InetAddress source)
            throws IOException {
        if (!group.isMulticastAddress()) {
            throw new IllegalArgumentException(group + " is not a multicast address");
        }
        handle.call(
                what + " " + group + " on " + network.getName() + " with " + this,
                fd -> Multicast.member(fd, join, group, network.getIndex(), source));
    }

    /** Sends what goes to groups by this interface. */
    public void multicastInterface(NetworkInterface network) throws IOException {
        handle.call(
                "multicast interface " + network.getName() + " of " + this,
                fd -> Multicast.setInterface(fd, family, network.getIndex()));
    }

    /** Sets an option; otherwise like {@link StreamSocket#option(SocketOption, Object)}. */
    public <T> void option(SocketOption<T> option, T value) throws IOException {
        handle.option(option, value);
    }

    /** The value of an option. */
    public <T> T option(SocketOption<T> option) throws IOException {
        return handle.option(option);
    }

    /**
     * Datagrams that the kernel dropped, since its buffer for this socket was full. Kernel 4.12.
     */
    public long drops() throws IOException {
        byte[] value = new byte[DatagramBinding.MEMINFO_BYTES];
        handle.call("getsockopt SO_MEMINFO of " + this, fd -> DatagramBinding.memory(fd, value));
        return DatagramBinding.drops(value);
    }

    /** This end's address. */
    public InetSocketAddress localAddress() {
        InetSocketAddress known = localAddress;
        if (known == null) {
            known = (InetSocketAddress) handle.address(SocketCalls::localAddress);
            localAddress = known;
        }
        return java.util.Objects.requireNonNull(known); // asked when the socket was opened
    }

    /** The peer of a connected socket, or null. */
    public @Nullable InetSocketAddress remoteAddress() {
        return config.remote();
    }

    /** The loop this socket is on. */
    public Reactor reactor() {
        return reactor;
    }

    /** Whether neither close nor abort was called. */
    public boolean isOpen() {
        return !closing;
    }

    /** Completes after {@link DatagramHandler#onClose}. */
    public CompletableFuture<Void> closed() {
        return closed.copy();
    }

    DatagramConfig config() {
        return config;
    }

    Descriptor descriptor() {
        return handle.descriptor();
    }

    int family() {
        return family;
    }

    DatagramHandler handler() {
        return handler;
    }

    @Override
    public String toString() {
        return "DatagramSocket[" + handle + ", " + localAddress + "]";
    }
}
