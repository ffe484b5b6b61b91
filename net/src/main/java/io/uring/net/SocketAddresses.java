package io.uring.net;

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
import java.nio.charset.StandardCharsets;

/**
 * Addresses to and from the kernel's form.
 *
 * <pre>
 * sockaddr_in (16): family 0, port 2 (big-endian), address 4
 * sockaddr_in6 (28): family 0, port 2 (big-endian), flowinfo 4, address 8, scope 24
 * sockaddr_un (110): family 0, path 2
 * </pre>
 */
final class SocketAddresses {
    /** Room for any address the kernel returns. */
    static final int MAX_BYTES = 128;

    private static final int IN_BYTES = 16;
    private static final int IN6_BYTES = 28;
    private static final int PORT = 2;
    private static final int IN_ADDRESS = 4;
    private static final int IN6_ADDRESS = 8;
    private static final int IN6_SCOPE = 24;
    private static final int PATH = 2;
    private static final int MAX_PATH_BYTES = 107;

    private static final ValueLayout.OfShort NETWORK_SHORT =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

    private SocketAddresses() {}

    static int family(SocketAddress address) {
        return switch (address) {
            case UnixDomainSocketAddress _ -> SocketCalls.AF_UNIX;
            case InetSocketAddress inet when resolved(inet) instanceof Inet4Address ->
                    SocketCalls.AF_INET;
            case InetSocketAddress _ -> SocketCalls.AF_INET6;
            default -> throw unsupported(address);
        };
    }

    /**
     * @throws IllegalArgumentException for an address that is unresolved or of no kind we know
     */
    static MemorySegment encode(Arena arena, SocketAddress address) {
        return switch (address) {
            case UnixDomainSocketAddress unix -> encodeUnix(arena, unix);
            case InetSocketAddress inet -> encodeInet(arena, inet);
            default -> throw unsupported(address);
        };
    }

    private static MemorySegment encodeUnix(Arena arena, UnixDomainSocketAddress unix) {
        byte[] path = unix.getPath().toString().getBytes(StandardCharsets.UTF_8);
        if (path.length > MAX_PATH_BYTES) {
            throw new IllegalArgumentException(
                    "socket path of " + path.length + " bytes, the limit is 107: " + unix);
        }
        MemorySegment encoded = arena.allocate(PATH + path.length + 1L, Long.BYTES);
        encoded.set(ValueLayout.JAVA_SHORT, 0, (short) SocketCalls.AF_UNIX);
        MemorySegment.copy(path, 0, encoded, ValueLayout.JAVA_BYTE, PATH, path.length);
        return encoded;
    }

    private static MemorySegment encodeInet(Arena arena, InetSocketAddress inet) {
        InetAddress host = resolved(inet);
        byte[] bytes = host.getAddress();
        boolean v4 = host instanceof Inet4Address;
        MemorySegment encoded = arena.allocate(v4 ? IN_BYTES : IN6_BYTES, Long.BYTES);
        encoded.set(
                ValueLayout.JAVA_SHORT,
                0,
                (short) (v4 ? SocketCalls.AF_INET : SocketCalls.AF_INET6));
        encoded.set(NETWORK_SHORT, PORT, (short) inet.getPort());
        MemorySegment.copy(
                bytes,
                0,
                encoded,
                ValueLayout.JAVA_BYTE,
                v4 ? IN_ADDRESS : IN6_ADDRESS,
                bytes.length);
        if (host instanceof Inet6Address v6) {
            encoded.set(ValueLayout.JAVA_INT, IN6_SCOPE, v6.getScopeId());
        }
        return encoded;
    }

    private static InetAddress resolved(InetSocketAddress inet) {
        InetAddress host = inet.getAddress();
        if (host == null) {
            throw new IllegalArgumentException("unresolved address " + inet);
        }
        return host;
    }

    static SocketAddress decode(MemorySegment encoded, int length) {
        int family =
                length < 2 ? SocketCalls.AF_UNIX : encoded.get(ValueLayout.JAVA_SHORT, 0) & 0xffff;
        return switch (family) {
            case SocketCalls.AF_INET -> inet(encoded, IN_ADDRESS, 4, 0);
            case SocketCalls.AF_INET6 ->
                    inet(encoded, IN6_ADDRESS, 16, encoded.get(ValueLayout.JAVA_INT, IN6_SCOPE));
            case SocketCalls.AF_UNIX -> unix(encoded, length);
            default -> throw new IllegalArgumentException("address family " + family);
        };
    }

    private static SocketAddress inet(MemorySegment encoded, int at, int bytes, int scope) {
        byte[] host = encoded.asSlice(at, bytes).toArray(ValueLayout.JAVA_BYTE);
        int port = encoded.get(NETWORK_SHORT, PORT) & 0xffff;
        try {
            InetAddress address =
                    scope == 0
                            ? InetAddress.getByAddress(host)
                            : Inet6Address.getByAddress(null, host, scope);
            return new InetSocketAddress(address, port);
        } catch (UnknownHostException e) {
            throw new AssertionError(e); // only for a wrong number of bytes
        }
    }

    /**
     * An unnamed socket, such as most clients', has an empty path; an abstract name starts with
     * NUL.
     */
    private static SocketAddress unix(MemorySegment encoded, int length) {
        int bytes = Math.max(length - PATH, 0);
        byte[] path = encoded.asSlice(PATH, bytes).toArray(ValueLayout.JAVA_BYTE);
        int end = 0;
        while (end < bytes && path[end] != 0) {
            end++;
        }
        return UnixDomainSocketAddress.of(new String(path, 0, end, StandardCharsets.UTF_8));
    }

    private static IllegalArgumentException unsupported(SocketAddress address) {
        return new IllegalArgumentException("unsupported address " + address);
    }
}
