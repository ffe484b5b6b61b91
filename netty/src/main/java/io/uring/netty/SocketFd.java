package io.uring.netty;

import io.netty.channel.ChannelException;
import io.netty.channel.unix.FileDescriptor;
import io.uring.net.DescriptorGuard;
import io.uring.net.SocketOption;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Fd;
import io.uring.ring.Sockaddr;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.function.IntUnaryOperator;
import java.util.function.ToIntBiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A channel's descriptor. Options and addresses are asked for by any thread, and the number is
 * never somebody else's meanwhile.
 */
final class SocketFd extends FileDescriptor {
    /** An address of no family, as long as any is. */
    private static final int UNSPECIFIED_BYTES = 16;

    private final Fd descriptor;
    private final int family;
    private final DescriptorGuard guard = new DescriptorGuard();

    /**
     * @param family the kernel's number of the address family
     */
    SocketFd(int fd, int family) {
        super(fd);
        this.descriptor = Descriptor.of(fd);
        this.family = family;
    }

    /**
     * For IPv4 too when it is for IPv6, whatever the system's default.
     *
     * @throws ChannelException when there are no descriptors or no such family
     */
    static SocketFd stream(int family) {
        return opened(SocketCalls.streamSocket(family), family);
    }

    /** The same for datagrams. */
    static SocketFd datagram(int family) {
        return opened(SocketCalls.datagramSocket(family), family);
    }

    private static SocketFd opened(int fd, int family) {
        if (fd < 0) {
            throw new ChannelException(Errors.exception("socket", -fd));
        }
        SocketFd socket = new SocketFd(fd, family);
        if (socket.isIpv6()) {
            socket.option(SocketOption.IPV6_V6ONLY, false); // as those of the JDK
        }
        return socket;
    }

    Descriptor descriptor() {
        return descriptor;
    }

    boolean isUnix() {
        return family == SocketCalls.AF_UNIX;
    }

    boolean isIpv6() {
        return family == SocketCalls.AF_INET6;
    }

    int family() {
        return family;
    }

    /** The result of {@code call}, or {@code -EBADF} when the descriptor is closed. */
    int with(IntUnaryOperator call) {
        if (!guard.enter()) {
            return -Errno.EBADF;
        }
        try {
            return call.applyAsInt(intValue());
        } finally {
            guard.exit();
        }
    }

    /** As above; what fails is an exception. */
    int call(String what, IntUnaryOperator call) throws IOException {
        int result = with(call);
        if (result == -Errno.EBADF) {
            throw new ClosedChannelException();
        }
        if (result < 0) {
            throw Errors.exception(what, -result);
        }
        return result;
    }

    <T> void option(SocketOption<T> option, T value) {
        try {
            call("setsockopt " + option, fd -> option.set(fd, value));
        } catch (IOException e) {
            throw new ChannelException(e);
        }
    }

    <T> T option(SocketOption<T> option) {
        if (!guard.enter()) {
            throw new ChannelException(new ClosedChannelException());
        }
        try {
            return option.get(intValue());
        } catch (IOException e) {
            throw new ChannelException(e);
        } finally {
            guard.exit();
        }
    }

    void bind(SocketAddress address) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment encoded = Addresses.encode(arena, address, family).encoded();
            call("bind " + address, fd -> SocketCalls.bind(fd, encoded));
        }
    }

    /** For sockets that do not wait for it: those for datagrams. */
    void connect(SocketAddress address) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment encoded = Addresses.encode(arena, address, family).encoded();
            call("connect " + address, fd -> SocketCalls.connect(fd, encoded));
        }
    }

    /** Forgets the peer; the port stays. */
    void disconnect() throws IOException {
        SocketAddress before = localAddress();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment nobody = arena.allocate(UNSPECIFIED_BYTES, Long.BYTES); // AF_UNSPEC is 0
            call("disconnect", fd -> SocketCalls.connect(fd, nobody));
        }
        // A port that the kernel chose is lost, so that replies to the old one would be too.
        if (before instanceof InetSocketAddress had
                && address(SocketCalls::localAddress) instanceof InetSocketAddress has
                && has.getPort() == 0) {
            bind(new InetSocketAddress(has.getAddress(), had.getPort()));
        }
    }

    /** Null when there is none, or no more. */
    @Nullable SocketAddress localAddress() {
        SocketAddress address = address(SocketCalls::localAddress);
        return address instanceof InetSocketAddress inet && inet.getPort() == 0 ? null : address;
    }

    /** Null when it is not connected, or no more. */
    @Nullable SocketAddress peerAddress() {
        return address(SocketCalls::peerAddress);
    }

    private @Nullable SocketAddress address(ToIntBiFunction<Integer, MemorySegment> question) {
        try (Arena arena = Arena.ofConfined()) {
            Sockaddr address = new Sockaddr(arena);
            int length = with(fd -> question.applyAsInt(fd, address.encoded()));
            return length < 0 ? null : Addresses.decode(address.length(length));
        }
    }

    /**
     * Nobody gets in any more.
     *
     * @return whether the caller must close the number; otherwise it is closed already, or by the
     *     last one who is inside
     */
    boolean beginClose() {
        return markClosed() && guard.close(() -> SocketCalls.close(intValue()));
    }

    @Override
    public void close() throws IOException {
        if (beginClose()) {
            int result = SocketCalls.close(intValue());
            if (result < 0) {
                throw Errors.exception("close", -result);
            }
        }
    }
}
