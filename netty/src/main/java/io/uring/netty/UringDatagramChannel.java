package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramChannelConfig;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.SocketProtocolFamily;
import io.uring.net.Multicast;
import io.uring.ring.Sockaddr;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Objects;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A UDP socket. Takes {@link DatagramPacket}s, {@link
 * io.netty.channel.unix.SegmentedDatagramPacket}s, which the kernel cuts into datagrams, other
 * envelopes of a buffer and an address, and, when it is connected, buffers alone; a packet without
 * bytes is not sent. Gives {@link DatagramPacket}s, in memory of the loop without a copy. An error
 * concerns the one packet and is told to its promise or, when the network reports it, to {@code
 * exceptionCaught}; the channel goes on. Kernel 5.7; from 6.0 on one operation receives all
 * packets.
 *
 * <pre>{@code
 * new Bootstrap()
 *         .group(new MultiThreadIoEventLoopGroup(UringIoHandler.newFactory()))
 *         .channel(UringDatagramChannel.class)
 *         .handler(new MyPacketHandler())
 *         .bind(5353);
 * }</pre>
 */
public final class UringDatagramChannel extends UringPacketChannel implements DatagramChannel {
    private final UringDatagramChannelConfig config;
    private final SenderAddresses senders = new SenderAddresses();

    /** For IPv6 and IPv4, or for IPv4 where there is no IPv6. */
    public UringDatagramChannel() {
        this(null);
    }

    /**
     * For one family: a socket for IPv6 carries IPv4 too.
     *
     * @throws io.netty.channel.ChannelException when there are no descriptors or no such family
     */
    public UringDatagramChannel(@Nullable SocketProtocolFamily family) {
        super(SocketFd.datagram(Addresses.family(family)));
        config = new UringDatagramChannelConfig(this);
    }

    @Override
    public DatagramChannelConfig config() {
        return config;
    }

    @Override
    public @Nullable InetSocketAddress localAddress() {
        return (InetSocketAddress) super.localAddress();
    }

    @Override
    public @Nullable InetSocketAddress remoteAddress() {
        return (InetSocketAddress) super.remoteAddress();
    }

    @Override
    PacketConfig<?> options() {
        return config;
    }

    @Override
    AddressedEnvelope<ByteBuf, ?> received(
            ByteBuf content, @Nullable SocketAddress original, @Nullable SocketAddress sender) {
        SocketAddress recipient = original == null ? localAddress() : original;
        return new DatagramPacket(
                content, (InetSocketAddress) recipient, (InetSocketAddress) sender);
    }

    @Override
    @Nullable SocketAddress decode(MemorySegment memory, long at, int bytes) {
        return senders.decode(memory, at, bytes);
    }

    @Override
    void encode(Sockaddr target, SocketAddress recipient) {
        Addresses.encode(target, (InetSocketAddress) recipient, socket.family());
    }

    @Override
    IOException sendException(String what, int errno) {
        return Errors.datagramException(what, errno);
    }

    @Override
    int mostInFlight() {
        return DatagramSender.MAX_IN_FLIGHT;
    }

    @Override
    void checkPeer(SocketAddress peer) {
        if (peer instanceof InetSocketAddress inet && inet.isUnresolved()) {
            throw new UnresolvedAddressException();
        }
    }

    @Override
    boolean isRecipient(SocketAddress address) {
        return address instanceof InetSocketAddress;
    }

    @Override
    String messageTypes() {
        return "DatagramPacket, AddressedEnvelope<ByteBuf, InetSocketAddress>, ByteBuf";
    }

    // Groups. The calls take no time, so they are made where they are asked for.

    @Override
    public ChannelFuture joinGroup(InetAddress group) {
        return joinGroup(group, newPromise());
    }

    @Override
    public ChannelFuture joinGroup(InetAddress group, ChannelPromise promise) {
        return withNetwork(promise, network -> joinGroup(group, network, null, promise));
    }

    @Override
    public ChannelFuture joinGroup(InetSocketAddress group, NetworkInterface network) {
        return joinGroup(group, network, newPromise());
    }

    @Override
    public ChannelFuture joinGroup(
            InetSocketAddress group, NetworkInterface network, ChannelPromise promise) {
        return joinGroup(group.getAddress(), network, null, promise);
    }

    @Override
    public ChannelFuture joinGroup(
            InetAddress group, NetworkInterface network, @Nullable InetAddress source) {
        return joinGroup(group, network, source, newPromise());
    }

    @Override
    public ChannelFuture joinGroup(
            InetAddress group,
            NetworkInterface network,
            @Nullable InetAddress source,
            ChannelPromise promise) {
        int index = checkGroup(group, network);
        String what = "join " + from(source, group, network);
        return call(promise, what, fd -> Multicast.member(fd, true, group, index, source));
    }

    @Override
    public ChannelFuture leaveGroup(InetAddress group) {
        return leaveGroup(group, newPromise());
    }

    @Override
    public ChannelFuture leaveGroup(InetAddress group, ChannelPromise promise) {
        return withNetwork(promise, network -> leaveGroup(group, network, null, promise));
    }

    @Override
    public ChannelFuture leaveGroup(InetSocketAddress group, NetworkInterface network) {
        return leaveGroup(group, network, newPromise());
    }

    @Override
    public ChannelFuture leaveGroup(
            InetSocketAddress group, NetworkInterface network, ChannelPromise promise) {
        return leaveGroup(group.getAddress(), network, null, promise);
    }

    @Override
    public ChannelFuture leaveGroup(
            InetAddress group, NetworkInterface network, @Nullable InetAddress source) {
        return leaveGroup(group, network, source, newPromise());
    }

    @Override
    public ChannelFuture leaveGroup(
            InetAddress group,
            NetworkInterface network,
            @Nullable InetAddress source,
            ChannelPromise promise) {
        int index = checkGroup(group, network);
        String what = "leave " + from(source, group, network);
        return call(promise, what, fd -> Multicast.member(fd, false, group, index, source));
    }

    @Override
    public ChannelFuture block(InetAddress group, NetworkInterface network, InetAddress source) {
        return block(group, network, source, newPromise());
    }

    @Override
    public ChannelFuture block(
            InetAddress group,
            NetworkInterface network,
            InetAddress source,
            ChannelPromise promise) {
        int index = checkGroup(group, network);
        Objects.requireNonNull(source, "source");
        String what = "block " + from(source, group, network);
        return call(promise, what, fd -> Multicast.block(fd, group, index, source));
    }

    @Override
    public ChannelFuture block(InetAddress group, InetAddress source) {
        return block(group, source, newPromise());
    }

    @Override
    public ChannelFuture block(InetAddress group, InetAddress source, ChannelPromise promise) {
        return withNetwork(promise, network -> block(group, network, source, promise));
    }

    private static int checkGroup(InetAddress group, NetworkInterface network) {
        Objects.requireNonNull(group, "group");
        return Objects.requireNonNull(network, "network").getIndex();
    }

    private String from(@Nullable InetAddress source, InetAddress group, NetworkInterface network) {
        String where = group + " on " + network.getName() + " with " + this;
        return source == null ? where : source + " in " + where;
    }

    private ChannelFuture call(ChannelPromise promise, String what, IntUnaryOperator membership) {
        try {
            socket.call(what, membership);
            return promise.setSuccess();
        } catch (IOException e) {
            return promise.setFailure(e);
        }
    }

    private interface OnNetwork {
        ChannelFuture call(NetworkInterface network);
    }

    /** The interface that was set, or the one that has the local address. */
    private ChannelFuture withNetwork(ChannelPromise promise, OnNetwork call) {
        try {
            NetworkInterface network = config.getNetworkInterface();
            InetSocketAddress local = localAddress();
            if (network == null && local != null) {
                network = NetworkInterface.getByInetAddress(local.getAddress());
            }
            if (network == null) {
                throw new SocketException(
                        "no interface has the local address %s of %s: name one, or set"
                                        .formatted(local, this)
                                + " IP_MULTICAST_IF");
            }
            return call.call(network);
        } catch (SocketException e) {
            return promise.setFailure(e);
        }
    }
}
