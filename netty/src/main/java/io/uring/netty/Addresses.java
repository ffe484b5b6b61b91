package io.uring.netty;

import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.NetUtil;
import io.uring.ring.Sockaddr;
import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Netty's addresses and the kernel's. */
final class Addresses {
    // See Sockaddr for the layout.
    private static final int PORT = 2;
    private static final int FLOW = 4;
    private static final int V6_ADDRESS = 8;
    private static final int V6_SCOPE = 24;
    private static final int V6_BYTES = 28;

    private static final int PATH_BYTES_MAX = 107;

    private static final ValueLayout.OfShort BIG_SHORT =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt BIG_INT =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN);

    private static final boolean IPV6 = !NetUtil.isIpV4StackPreferred() && SocketCalls.hasIpv6();

    private Addresses() {}

    /** IPv6 sockets carry both, so that is what they are unless there is none. */
    static int defaultFamily() {
        return IPV6 ? SocketCalls.AF_INET6 : SocketCalls.AF_INET;
    }

    static int family(@Nullable SocketProtocolFamily family) {
        return switch (family) {
            case null -> defaultFamily();
            case INET -> SocketCalls.AF_INET;
            case INET6 -> SocketCalls.AF_INET6;
            case UNIX -> SocketCalls.AF_UNIX;
        };
    }

    /**
     * The address for a socket of a family: IPv4 as a mapped address on IPv6 sockets.
     *
     * @throws UnresolvedAddressException when it has a name only
     */
    static Sockaddr encode(Arena arena, SocketAddress address, int family) {
        return switch (address) {
            case DomainSocketAddress unix -> {
                Sockaddr encoded = new Sockaddr(arena);
                encode(encoded, unix);
                yield encoded;
            }
            case InetSocketAddress inet when family == SocketCalls.AF_INET6 ->
                    Sockaddr.of(arena, mapped(resolved(inet)));
            case InetSocketAddress inet -> Sockaddr.of(arena, unmapped(resolved(inet)));
            default -> Sockaddr.of(arena, address);
        };
    }

    /**
     * Writes an address for a socket of a family, without an object: datagrams have one each.
     *
     * @param address resolved
     */
    static void encode(Sockaddr target, InetSocketAddress address, int family) {
        boolean maps =
                family == SocketCalls.AF_INET6 && address.getAddress() instanceof Inet4Address;
        if (!maps || address.getAddress().isAnyLocalAddress()) {
            target.set(family == SocketCalls.AF_INET6 ? mapped(address) : unmapped(address));
            return;
        }
        MemorySegment memory = target.segment();
        memory.set(ValueLayout.JAVA_SHORT, 0, (short) SocketCalls.AF_INET6);
        memory.set(BIG_SHORT, PORT, (short) address.getPort());
        memory.set(ValueLayout.JAVA_INT, FLOW, 0);
        memory.set(ValueLayout.JAVA_LONG, V6_ADDRESS, 0);
        memory.set(BIG_INT, V6_ADDRESS + 8, 0xffff);
        MemorySegment.copy(
                address.getAddress().getAddress(),
                0,
                memory,
                ValueLayout.JAVA_BYTE,
                V6_ADDRESS + 12,
                4);
        memory.set(ValueLayout.JAVA_INT, V6_SCOPE, 0);
        target.length(V6_BYTES);
    }

    /**
     * The same for a unix socket. An abstract name starts with NUL; for an empty one the kernel
     * finds a name.
     *
     * @throws IllegalArgumentException when it is longer than 107 bytes
     */
    static void encode(Sockaddr target, DomainSocketAddress address) {
        byte[] name = address.path().getBytes(StandardCharsets.UTF_8);
        if (name.length > PATH_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "socket path of %d bytes, the limit is %d: %s"
                            .formatted(name.length, PATH_BYTES_MAX, address.path()));
        }
        MemorySegment memory = target.segment();
        memory.fill((byte) 0);
        memory.set(ValueLayout.JAVA_SHORT, 0, (short) SocketCalls.AF_UNIX);
        MemorySegment.copy(name, 0, memory, ValueLayout.JAVA_BYTE, Short.BYTES, name.length);
        boolean isPath = name.length > 0 && name[0] != 0;
        target.length(Short.BYTES + name.length + (isPath ? 1 : 0));
    }

    /** A unix socket's name, which is empty for those that have none. */
    static DomainSocketAddress decodeUnix(MemorySegment memory, long at, int bytes) {
        int length = Math.max(bytes - Short.BYTES, 0);
        byte[] name = memory.asSlice(at + Short.BYTES, length).toArray(ValueLayout.JAVA_BYTE);
        boolean isAbstract = length > 0 && name[0] == 0;
        int end = isAbstract ? length : 0;
        while (end < length && name[end] != 0) {
            end++;
        }
        return new DomainSocketAddress(new String(name, 0, end, StandardCharsets.UTF_8));
    }

    private static InetSocketAddress resolved(InetSocketAddress address) {
        if (address.isUnresolved()) {
            throw new UnresolvedAddressException();
        }
        return address;
    }

    private static InetSocketAddress mapped(InetSocketAddress address) {
        if (!(address.getAddress() instanceof Inet4Address v4)) {
            return address;
        }
        byte[] bytes = new byte[16];
        if (!v4.isAnyLocalAddress()) {
            bytes[10] = -1;
            bytes[11] = -1;
            System.arraycopy(v4.getAddress(), 0, bytes, 12, 4);
        }
        try { // not of InetAddress, which would make IPv4 of it again
            InetAddress host = Inet6Address.getByAddress(null, bytes, -1);
            return new InetSocketAddress(host, address.getPort());
        } catch (UnknownHostException e) {
            throw new AssertionError(e); // only for a wrong number of bytes
        }
    }

    /** An IPv4 socket that is bound to any address, which Java may write as that of IPv6. */
    private static InetSocketAddress unmapped(InetSocketAddress address) {
        boolean any = address.getAddress() instanceof Inet6Address v6 && v6.isAnyLocalAddress();
        return any ? new InetSocketAddress("0.0.0.0", address.getPort()) : address;
    }

    static SocketAddress decode(Sockaddr address) {
        return address.get() instanceof UnixDomainSocketAddress
                ? decodeUnix(address.segment(), 0, address.length())
                : address.get();
    }

    /** As a channel for unix sockets says it, whichever class the application used. */
    static @Nullable DomainSocketAddress domain(@Nullable SocketAddress address) {
        return address instanceof UnixDomainSocketAddress unix
                ? new DomainSocketAddress(unix.getPath().toString())
                : (DomainSocketAddress) address;
    }
}
