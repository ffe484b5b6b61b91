package io.uring.net;

import io.uring.ring.Errno;
import io.uring.ring.Sockaddr;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Makes the listening sockets, with plain system calls: it happens once, before anything is served.
 */
final class ListenerSocket {
    /**
     * For the ring of a server that has just ended: the kernel closes its sockets a moment later.
     */
    private static final int BIND_ATTEMPTS = 10;

    private static final long BIND_PAUSE_MILLIS = 20;

    private ListenerSocket() {}

    /**
     * Listens with a socket for each of {@code cpus} on one port, which share connections.
     *
     * @param cpus the processor that each socket's loop stays on, negative for any
     * @return their descriptors
     */
    static List<Integer> open(ListenerConfig config, List<Integer> cpus) throws IOException {
        int count = cpus.size();
        List<Integer> sockets = new ArrayList<>();
        try {
            // The first is bound without SO_REUSEPORT, or a second server of this user would join
            // unnoticed.
            sockets.add(bindFirst(config));
            SocketAddress address = localAddress(sockets.getFirst());
            if (count > 1) {
                SocketOptions.set(
                        sockets.getFirst(), SocketCalls.SOL_SOCKET, SocketCalls.SO_REUSEPORT, 1);
            }
            while (sockets.size() < count) {
                sockets.add(bind(config, address, true));
            }
            for (int fd : sockets) {
                check(SocketCalls.listen(fd, config.backlog()), "listen on " + address);
            }
            if (config.cpuSteering() && count > 1) {
                check(CpuSteering.attach(sockets.getFirst(), cpus), "SO_ATTACH_REUSEPORT_CBPF");
            }
            return sockets;
        } catch (IOException | RuntimeException e) {
            sockets.forEach(SocketCalls::close);
            throw e;
        }
    }

    /**
     * The IPv4 wildcard means all addresses, as for the JDK's own sockets: IPv6 too, where there is
     * IPv6.
     */
    private static int bindFirst(ListenerConfig config) throws IOException {
        SocketAddress address = config.address();
        if (address instanceof InetSocketAddress inet
                && inet.getAddress() instanceof Inet4Address host
                && host.isAnyLocalAddress()
                && SocketCalls.hasIpv6()) {
            InetAddress any = InetAddress.getByAddress(new byte[16]);
            return bind(config, new InetSocketAddress(any, inet.getPort()), false);
        }
        return bind(config, address, false);
    }

    private static int bind(ListenerConfig config, SocketAddress address, boolean shared)
            throws IOException {
        int fd = SocketCalls.streamSocket(Sockaddr.family(address));
        check(fd, "socket for " + address);
        try {
            setOptions(fd, config.stream(), address, shared);
            setOptions(fd, config);
            bindWithPatience(fd, address);
            return fd;
        } catch (IOException | RuntimeException e) {
            SocketCalls.close(fd);
            throw e;
        }
    }

    private static void setOptions(
            int fd, StreamConfig stream, SocketAddress address, boolean shared) throws IOException {
        stream.socket().apply(fd, address); // what is accepted inherits them
        if (!(address instanceof InetSocketAddress)) {
            return;
        }
        SocketOptions.set(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_REUSEADDR, 1);
        if (shared) {
            SocketOptions.set(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_REUSEPORT, 1);
        }
        if (Sockaddr.family(address) == SocketCalls.AF_INET6) {
            // ListenerConfig.tcp(port) means IPv4 as well, whatever net.ipv6.bindv6only says.
            SocketOptions.set(fd, SocketCalls.IPPROTO_IPV6, SocketCalls.IPV6_V6ONLY, 0);
        }
    }

    private static void setOptions(int fd, ListenerConfig config) throws IOException {
        for (Map.Entry<SocketOption<?>, Object> option : config.options().entrySet()) {
            int result = option.getKey().setObject(fd, option.getValue());
            check(
                    result,
                    "setsockopt %s of %s on a listener"
                            .formatted(option.getKey(), option.getValue()));
        }
    }

    static void bindWithPatience(int fd, SocketAddress address) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment encoded = Sockaddr.of(arena, address).encoded();
            int result = SocketCalls.bind(fd, encoded);
            boolean inet = address instanceof InetSocketAddress;
            for (int i = 1; i < BIND_ATTEMPTS && inet && result == -Errno.EADDRINUSE; i++) {
                pause();
                result = SocketCalls.bind(fd, encoded);
            }
            check(result, "bind " + address);
        }
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(BIND_PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new java.io.InterruptedIOException("interrupted while binding");
        }
    }

    static SocketAddress localAddress(int fd) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Sockaddr address = new Sockaddr(arena);
            int length = SocketCalls.localAddress(fd, address.encoded());
            check(length, "getsockname");
            return address.length(length).get();
        }
    }

    /** Checks a socket that somebody else opened, and makes it ours. */
    static SocketAddress adopt(InheritedSocket socket) throws IOException {
        int fd = socket.fd();
        byte[] listening = new byte[Integer.BYTES];
        int result =
                SocketCalls.getOption(
                        fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_ACCEPTCONN, listening);
        check(result, "getsockopt SO_ACCEPTCONN of " + socket);
        if (java.nio.ByteBuffer.wrap(listening).getInt() == 0) {
            throw new IOException(socket + " does not listen: is it ListenStream in the unit?");
        }
        check(SocketCalls.adopt(fd), "fcntl of " + socket); // O_NONBLOCK would make accept spin
        return localAddress(fd);
    }

    static boolean isUnix(SocketAddress address) {
        return address instanceof UnixDomainSocketAddress;
    }

    static void check(int result, String what) throws IOException {
        if (result < 0) {
            throw SocketErrors.exception(what, -result);
        }
    }
}
