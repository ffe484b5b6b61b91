package io.uring.netty;

import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.channel.unix.DomainSocketChannelConfig;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import io.uring.net.PeerCredentials;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A connected unix socket: for bytes, and for descriptors. A {@link FileDescriptor} that is written
 * is passed to the peer, along with one byte; it must stay open until the write is complete, and
 * stays the sender's. In the mode {@link DomainSocketReadMode#FILE_DESCRIPTORS} each descriptor
 * that the peer passes is a message, which the application must close. Kernel 5.7.
 *
 * <pre>{@code
 * new Bootstrap()
 *         .group(new MultiThreadIoEventLoopGroup(UringIoHandler.newFactory()))
 *         .channel(UringDomainSocketChannel.class)
 *         .handler(new MyInitializer())
 *         .connect(new DomainSocketAddress("/run/my.socket"));
 * }</pre>
 */
public final class UringDomainSocketChannel extends UringStreamChannel
        implements DomainSocketChannel {
    private static final int CREDENTIALS_BYTES = 3 * Integer.BYTES;

    private final UringDomainSocketChannelConfig config;

    public UringDomainSocketChannel() {
        this(null, SocketFd.stream(SocketCalls.AF_UNIX), false);
    }

    UringDomainSocketChannel(
            @Nullable UringServerDomainSocketChannel parent, SocketFd socket, boolean active) {
        super(parent, socket, active);
        config = new UringDomainSocketChannelConfig(this);
    }

    /**
     * Takes a connected unix socket over that somebody else opened, such as one that was received:
     * it is closed with the channel.
     */
    public static UringDomainSocketChannel ofConnected(int fd) {
        SocketCalls.adopt(fd); // O_NONBLOCK would make operations fail instead of wait
        return new UringDomainSocketChannel(null, new SocketFd(fd, SocketCalls.AF_UNIX), true);
    }

    @Override
    public DomainSocketChannelConfig config() {
        return config;
    }

    @Override
    UringStreamConfig<?> options() {
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

    /**
     * Who is at the other end: the process that connected, or that called listen, as it was then.
     * Netty's own class for it cannot be made without its native library. Any thread.
     *
     * @throws IOException when the channel is closed or not connected
     */
    public PeerCredentials peerCredentials() throws IOException {
        byte[] value = new byte[CREDENTIALS_BYTES];
        int level = SocketCalls.SOL_SOCKET;
        int _ =
                socket.call(
                        "getsockopt SO_PEERCRED of " + this,
                        fd -> SocketCalls.getOption(fd, level, SocketCalls.SO_PEERCRED, value));
        ByteBuffer ints = ByteBuffer.wrap(value).order(ByteOrder.nativeOrder());
        PeerCredentials peer = new PeerCredentials(ints.getInt(), ints.getInt(), ints.getInt());
        if (peer.uid() == -1) {
            throw new IOException(this + " is not connected: there is no peer");
        }
        return peer;
    }

    @Override
    boolean receivesDescriptors() {
        return config.getReadMode() == DomainSocketReadMode.FILE_DESCRIPTORS;
    }

    @Override
    protected Object filterOutboundMessage(Object message) {
        return message instanceof FileDescriptor ? message : super.filterOutboundMessage(message);
    }
}
