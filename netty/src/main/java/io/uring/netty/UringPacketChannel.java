package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.buffer.EmptyByteBuf;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultAddressedEnvelope;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.internal.StringUtil;
import io.uring.reactor.DatagramMessage;
import io.uring.ring.Sockaddr;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.channels.AlreadyConnectedException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A socket for datagrams, UDP or unix. */
abstract class UringPacketChannel extends UringChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(true, 16);

    private final DatagramReceive receive = new DatagramReceive(this);
    private final DatagramSender sender = new DatagramSender(this);
    private volatile boolean connected;

    UringPacketChannel(SocketFd socket) {
        super(null, socket, false);
    }

    /** As {@link #config}, with those that are ours. */
    abstract PacketConfig<?> options();

    /**
     * A message for the pipeline.
     *
     * @param original where it was sent to, if the kernel was asked to tell
     */
    abstract AddressedEnvelope<ByteBuf, ?> received(
            ByteBuf content, @Nullable SocketAddress original, @Nullable SocketAddress sender);

    /** The address of a sender, null when the kernel named none. */
    abstract @Nullable SocketAddress decode(MemorySegment memory, long at, int bytes);

    /** Writes the address of a recipient, which {@link #filterOutboundMessage} let pass. */
    abstract void encode(Sockaddr target, SocketAddress recipient);

    abstract IOException sendException(String what, int errno);

    /** How many messages the kernel may have at a time. */
    abstract int mostInFlight();

    /** Whether a message may have such a recipient. */
    abstract boolean isRecipient(SocketAddress address);

    /** What may be written, for those who wrote something else. */
    abstract String messageTypes();

    /** Throws what is wrong with the address of a peer. */
    abstract void checkPeer(SocketAddress peer);

    @Override
    public final ChannelMetadata metadata() {
        return METADATA;
    }

    public final boolean isConnected() {
        return connected;
    }

    @Override
    protected final AbstractUnsafe newUnsafe() {
        return new DatagramUnsafe();
    }

    @SuppressWarnings("deprecation")
    RecvByteBufAllocator.Handle receiveLoop() {
        return unsafe().recvBufAllocHandle();
    }

    // Its place on a loop.

    @Override
    void onRegistered() {
        if (options().isActiveOnRegistration()) {
            active(true);
        }
        sender.resume();
        receive.resume();
    }

    @Override
    protected final void doDeregister() {
        receive.leave();
        sender.leave();
        super.doDeregister();
    }

    @Override
    ChannelOperation[] operations() {
        List<ChannelOperation> all = new ArrayList<>(sender.waiting());
        all.add(receive);
        return all.toArray(ChannelOperation[]::new);
    }

    /** One packet is lost. */
    @Override
    void operationFailed(Throwable cause) {
        pipeline().fireExceptionCaught(cause);
    }

    /** Sends the turn's entries now and not at its end. */
    void submitNow() {
        reactor().submitNow();
    }

    // Reading and writing.

    @Override
    protected final void doBeginRead() {
        receive.read();
    }

    @Override
    void autoReadCleared() {
        if (!isRegistered()) {
            return;
        }
        if (eventLoop().inEventLoop()) {
            receive.readNoMore();
        } else {
            eventLoop().execute(receive::readNoMore);
        }
    }

    /**
     * @param broken whether the socket is of no use any more
     */
    void receiveFailed(Exception cause, boolean broken) {
        if (!isActive()) {
            return;
        }
        pipeline().fireExceptionCaught(cause);
        if (broken) {
            unsafe().close(voidPromise());
        }
    }

    @Override
    protected final void doWrite(ChannelOutboundBuffer in) {
        sender.flushed(in);
    }

    @Override
    protected final Object filterOutboundMessage(Object message) {
        if (message instanceof ByteBuf bytes) {
            if (!bytes.isReadable() && bytes instanceof EmptyByteBuf) {
                // The queue's mark of what was cancelled is another.
                return new EmptyByteBuf(alloc());
            }
            return isSendable(bytes) ? bytes : copied(bytes, bytes);
        }
        if (message instanceof AddressedEnvelope<?, ?> envelope
                && envelope.content() instanceof ByteBuf content
                && (envelope.recipient() == null || isRecipient(envelope.recipient()))) {
            SocketAddress recipient = envelope.recipient();
            if (recipient != null) {
                checkPeer(recipient);
            }
            if (isSendable(content)) {
                return envelope;
            }
            ByteBuf copy = copied(envelope, content);
            if (envelope instanceof ByteBufHolder packet) {
                return packet.replace(copy);
            }
            return recipient == null ? copy : new DefaultAddressedEnvelope<>(copy, recipient);
        }
        throw new UnsupportedOperationException(
                "unsupported message type: %s (expected: %s)"
                        .formatted(StringUtil.simpleClassName(message), messageTypes()));
    }

    /** Memory that does not move, in no more pieces than one operation names. */
    private static boolean isSendable(ByteBuf content) {
        return content.isDirect() && content.nioBufferCount() <= DatagramMessage.VECTORS;
    }

    // Its addresses.

    @Override
    protected final void doBind(SocketAddress address) throws Exception {
        super.doBind(address);
        active(true);
    }

    @SuppressWarnings("deprecation") // there is a use: the kernel has chosen an address
    private void doConnect(SocketAddress peer) throws IOException {
        if (connected) {
            throw new AlreadyConnectedException();
        }
        sender.sendNow(); // what was flushed before goes to its own recipients
        socket.connect(peer);
        forgetAddresses();
        invalidateLocalAddress();
        invalidateRemoteAddress();
        connected = true;
        active(true);
    }

    /** The port stays bound, so the channel stays active. */
    @Override
    protected final void doDisconnect() throws Exception {
        if (connected) {
            sender.sendNow();
            socket.disconnect();
            connected = false;
            forgetAddresses();
        }
    }

    private final class DatagramUnsafe extends UringUnsafe {
        @Override
        public void connect(
                SocketAddress peer, @Nullable SocketAddress from, ChannelPromise promise) {
            if (!promise.setUncancellable() || !ensureOpen(promise)) {
                return;
            }
            boolean wasActive = isActive();
            try {
                checkPeer(peer);
                if (from != null) {
                    doBind(from);
                }
                doConnect(peer);
            } catch (AlreadyConnectedException e) {
                promise.tryFailure(e);
                return;
            } catch (Throwable t) {
                promise.tryFailure(annotateConnectException(t, peer));
                close(voidPromise());
                return;
            }
            boolean told = promise.trySuccess();
            if (!wasActive && isActive()) {
                pipeline().fireChannelActive();
            }
            if (!told) {
                close(voidPromise());
            }
        }
    }

    // Its end.

    @Override
    void beforeClose() {
        sender.sendAtLast();
    }

    @Override
    void keepWhatIsSent() {
        sender.keepWhatIsSent();
    }

    @Override
    void onClosed() {
        connected = false;
        receive.closed();
        sender.closed();
    }
}
