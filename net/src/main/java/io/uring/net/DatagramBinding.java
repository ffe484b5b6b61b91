package io.uring.net;

import io.uring.ring.Sockaddr;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Makes datagram sockets, with plain system calls: it happens once, and none of them waits. */
final class DatagramBinding {
    private static final int SO_DOMAIN = 39;
    private static final int SO_MEMINFO = 55;

    /** SK_MEMINFO_DROPS is the last of nine numbers. */
    static final int MEMINFO_BYTES = 36;

    private DatagramBinding() {}

    static int open(DatagramConfig config) throws IOException {
        InetSocketAddress local = local(config);
        InetSocketAddress remote = config.remote();
        InetSocketAddress either = local != null ? local : remote;
        if (either == null) {
            throw new IllegalArgumentException("neither a local nor a remote address");
        }
        int fd = SocketCalls.datagramSocket(Sockaddr.family(either));
        ListenerSocket.check(fd, "socket for " + either);
        try {
            setOptions(fd, config.options(), Sockaddr.family(either));
            if (local != null) {
                ListenerSocket.bindWithPatience(fd, local);
            }
            if (remote != null) {
                connect(fd, remote);
            }
            return fd;
        } catch (IOException | RuntimeException e) {
            SocketCalls.close(fd);
            throw e;
        }
    }

    /** The address to bind: a wildcard is that of the peer's family, or of both. */
    private static @org.jspecify.annotations.Nullable InetSocketAddress local(DatagramConfig config)
            throws IOException {
        InetSocketAddress local = config.local();
        InetSocketAddress remote = config.remote();
        if (local == null || !local.getAddress().isAnyLocalAddress()) {
            return local;
        }
        boolean both = config.options().dualStack() && SocketCalls.hasIpv6();
        boolean v6 =
                remote != null
                        ? !(remote.getAddress() instanceof Inet4Address)
                        : both || !(local.getAddress() instanceof Inet4Address);
        InetAddress any = InetAddress.getByAddress(new byte[v6 ? 16 : 4]);
        return new InetSocketAddress(any, local.getPort());
    }

    /**
     * A socket for each of {@code count} loops on one port. The first is bound without
     * SO_REUSEPORT, or a second server of this user would join unnoticed.
     */
    static List<Integer> openGroup(DatagramConfig config, int count) throws IOException {
        List<Integer> sockets = new ArrayList<>();
        try {
            int first = open(config);
            sockets.add(first);
            if (count == 1) {
                return sockets;
            }
            sharePort(first);
            InetSocketAddress bound = (InetSocketAddress) ListenerSocket.localAddress(first);
            int family = Sockaddr.family(bound);
            while (sockets.size() < count) {
                int fd = SocketCalls.datagramSocket(family);
                ListenerSocket.check(fd, "socket for " + bound);
                sockets.add(fd);
                setOptions(fd, config.options(), family);
                sharePort(fd);
                ListenerSocket.bindWithPatience(fd, bound);
            }
            return sockets;
        } catch (IOException | RuntimeException e) {
            sockets.forEach(SocketCalls::close);
            throw e;
        }
    }

    private static void sharePort(int fd) throws IOException {
        SocketOptions.set(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_REUSEPORT, 1);
    }

    private static void setOptions(int fd, DatagramConfig.Options options, int family)
            throws IOException {
        if (options.sendBufferBytes() > 0) {
            SocketOptions.set(
                    fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_SNDBUF, options.sendBufferBytes());
        }
        if (options.receiveBufferBytes() > 0) {
            SocketOptions.set(
                    fd,
                    SocketCalls.SOL_SOCKET,
                    SocketCalls.SO_RCVBUF,
                    options.receiveBufferBytes());
        }
        if (options.reuseAddress()) {
            SocketOptions.set(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_REUSEADDR, 1);
        }
        if (options.broadcast()) {
            SocketOptions.set(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_BROADCAST, 1);
        }
        if (options.gro()) {
            SocketOptions.set(fd, SocketCalls.IPPROTO_UDP, SocketCalls.UDP_GRO, 1);
        }
        if (family == SocketCalls.AF_INET6) { // whatever net.ipv6.bindv6only says
            int only = options.dualStack() ? 0 : 1;
            SocketOptions.set(fd, SocketCalls.IPPROTO_IPV6, SocketCalls.IPV6_V6ONLY, only);
        }
    }

    private static void connect(int fd, InetSocketAddress remote) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int result = SocketCalls.connect(fd, Sockaddr.of(arena, remote).encoded());
            ListenerSocket.check(result, "connect " + remote);
        }
    }

    /** The kernel's number of the socket's address family. */
    static int family(int fd) throws IOException {
        int family = SocketCalls.option(fd, SocketCalls.SOL_SOCKET, SO_DOMAIN);
        ListenerSocket.check(family, "getsockopt SO_DOMAIN");
        return family;
    }

    static int memory(int fd, byte[] value) {
        return SocketCalls.getOption(fd, SocketCalls.SOL_SOCKET, SO_MEMINFO, value);
    }

    static long drops(byte[] memory) {
        ByteBuffer numbers = ByteBuffer.wrap(memory).order(ByteOrder.nativeOrder());
        return Integer.toUnsignedLong(numbers.getInt(MEMINFO_BYTES - Integer.BYTES));
    }
}
