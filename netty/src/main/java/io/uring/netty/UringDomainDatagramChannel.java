package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.unix.DomainDatagramChannel;
import io.netty.channel.unix.DomainDatagramChannelConfig;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import io.uring.ring.Sockaddr;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A unix socket for datagrams, which arrive all, whole and in order. Takes {@link
 * DomainDatagramPacket}s, other envelopes of a buffer and a {@link DomainSocketAddress}, and, when
 * it is connected, buffers alone; a packet without bytes is not sent. Gives {@link
 * DomainDatagramPacket}s, in memory of the loop without a copy, whose sender has an empty path when
 * it was not bound. A send waits while the receiver's queue is full. An error concerns the one
 * packet; the channel goes on. Addresses are paths of at most 107 bytes, or abstract names, which
 * start with NUL; a bind makes the file, which nobody deletes. Kernel 5.7; from 6.0 on one
 * operation receives all packets.
 *
 * <pre>{@code
 * new Bootstrap()
 *         .group(new MultiThreadIoEventLoopGroup(UringIoHandler.newFactory()))
 *         .channel(UringDomainDatagramChannel.class)
 *         .handler(new MyPacketHandler())
 *         .bind(new DomainSocketAddress("/run/my.socket"));
 * }</pre>
 */
public final class UringDomainDatagramChannel extends UringPacketChannel
        implements DomainDatagramChannel {
    private static final int EMSGSIZE = 90;

    private final UringDomainDatagramChannelConfig config;

    /**
     * @throws io.netty.channel.ChannelException when there are no descriptors
     */
    public UringDomainDatagramChannel() {
        super(SocketFd.datagram(SocketCalls.AF_UNIX));
        config = new UringDomainDatagramChannelConfig(this);
    }

    @Override
    public DomainDatagramChannelConfig config() {
        return config;
    }

    @Override
    PacketConfig<?> options() {
        return config;
    }

    @Override
    public @Nullable DomainSocketAddress localAddress() {
        return Addresses.domain(super.localAddress());
    }

    @Override
    public @Nullable DomainSocketAddress remoteAddress() {
        return Addresses.domain(super.remoteAddress());
    }

    @Override
    AddressedEnvelope<ByteBuf, ?> received(
            ByteBuf content, @Nullable SocketAddress original, @Nullable SocketAddress sender) {
        return new DomainDatagramPacket(content, localAddress(), (DomainSocketAddress) sender);
    }

    @Override
    DomainSocketAddress decode(MemorySegment memory, long at, int bytes) {
        return Addresses.decodeUnix(memory, at, bytes);
    }

    @Override
    void encode(Sockaddr target, SocketAddress recipient) {
        Addresses.encode(target, (DomainSocketAddress) recipient);
    }

    @Override
    IOException sendException(String what, int errno) {
        return errno == EMSGSIZE
                ? new IOException(
                        what + ": EMSGSIZE. Longer than the send buffer takes: raise SO_SNDBUF")
                : Errors.connectException(what, errno);
    }

    /** A second one could overtake the first, which waits for the receiver. */
    @Override
    int mostInFlight() {
        return 1;
    }

    @Override
    boolean isRecipient(SocketAddress address) {
        return address instanceof DomainSocketAddress;
    }

    @Override
    void checkPeer(SocketAddress peer) {}

    @Override
    String messageTypes() {
        return "DomainDatagramPacket, AddressedEnvelope<ByteBuf, DomainSocketAddress>, ByteBuf";
    }
}
