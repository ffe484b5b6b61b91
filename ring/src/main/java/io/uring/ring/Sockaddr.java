package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
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
 * A socket address in the kernel's form, with room for any kind, and its length behind it. Goes in
 * where an operation wants an address, and comes back filled where one reports it.
 *
 * <pre>{@code
 * Sockaddr server = Sockaddr.of(arena, new InetSocketAddress("127.0.0.1", 8080));
 * SocketOps.connect(ring.nextSqe(), socket, server).userData(1);
 * }</pre>
 *
 * <pre>
 * sockaddr_in (16): family 0, port 2 (big-endian), address 4
 * sockaddr_in6 (28): family 0, port 2 (big-endian), flowinfo 4, address 8, scope 24
 * sockaddr_un (110): family 0, path 2
 * </pre>
 */
public final class Sockaddr extends KernelStruct {
    /** Room for any address the kernel returns: {@code sockaddr_storage}. */
    public static final int MAX_BYTES = 128;

    private static final int LENGTH = MAX_BYTES;
    private static final int IN_BYTES = 16;
    private static final int IN6_BYTES = 28;
    private static final int FAMILY_BYTES = 2;
    private static final int PORT = 2;
    private static final int IN_ADDRESS = 4;
    private static final int IN6_ADDRESS = 8;
    private static final int IN6_SCOPE = 24;
    private static final int PATH = 2;
    private static final int MAX_PATH_BYTES = 107;

    private static final ValueLayout.OfShort NETWORK_SHORT =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

    /** Room for an address that an operation reports. */
    public Sockaddr(Arena arena) {
        super(arena, MAX_BYTES + Long.BYTES);
        clear();
    }

    /**
     * @throws IllegalArgumentException for an address that is unresolved or of no kind we know
     */
    public static Sockaddr of(Arena arena, SocketAddress address) {
        return new Sockaddr(arena).set(address);
    }

    /** A name in the abstract namespace of unix sockets: it needs no file and ends with it. */
    public static Sockaddr ofAbstract(Arena arena, String name) {
        byte[] bytes = ("\0" + name).getBytes(StandardCharsets.UTF_8);
        return new Sockaddr(arena).setUnix(bytes, PATH + bytes.length);
    }

    /** The kernel's number of an address's family: 1 unix, 2 IPv4, 10 IPv6. */
    public static int family(SocketAddress address) {
        return switch (address) {
            case UnixDomainSocketAddress _ -> SocketCalls.AF_UNIX;
            case InetSocketAddress inet when resolved(inet) instanceof Inet4Address ->
                    SocketCalls.AF_INET;
            case InetSocketAddress _ -> SocketCalls.AF_INET6;
            default -> throw unsupported(address);
        };
    }

    /** Makes all of it room again, for the next operation that reports an address. */
    public Sockaddr clear() {
        checkMutable();
        return length(MAX_BYTES);
    }

    /**
     * @throws IllegalArgumentException for an address that is unresolved or of no kind we know
     */
    public Sockaddr set(SocketAddress address) {
        checkMutable();
        switch (address) {
            case UnixDomainSocketAddress unix -> {
                byte[] path = unix.getPath().toString().getBytes(StandardCharsets.UTF_8);
                setUnix(path, PATH + path.length + 1);
            }
            case InetSocketAddress inet -> setInet(inet);
            default -> throw unsupported(address);
        }
        return this;
    }

    private Sockaddr setUnix(byte[] path, int length) {
        if (path.length > MAX_PATH_BYTES) {
            throw new IllegalArgumentException(
                    "socket path of "
                            + path.length
                            + " bytes, the limit is "
                            + MAX_PATH_BYTES
                            + ": "
                            + new String(path, StandardCharsets.UTF_8));
        }
        family(SocketCalls.AF_UNIX);
        MemorySegment.copy(path, 0, segment(), ValueLayout.JAVA_BYTE, PATH, path.length);
        return length(length);
    }

    private void setInet(InetSocketAddress inet) {
        InetAddress host = resolved(inet);
        byte[] bytes = host.getAddress();
        boolean v4 = host instanceof Inet4Address;
        family(v4 ? SocketCalls.AF_INET : SocketCalls.AF_INET6);
        segment().set(NETWORK_SHORT, PORT, (short) inet.getPort());
        MemorySegment.copy(
                bytes,
                0,
                segment(),
                ValueLayout.JAVA_BYTE,
                v4 ? IN_ADDRESS : IN6_ADDRESS,
                bytes.length);
        if (host instanceof Inet6Address v6) {
            segment().set(ValueLayout.JAVA_INT, IN6_SCOPE, v6.getScopeId());
        }
        length(v4 ? IN_BYTES : IN6_BYTES);
    }

    /** Starts over: what is not set is zero. */
    private void family(int family) {
        segment().fill((byte) 0);
        segment().set(ValueLayout.JAVA_SHORT, 0, (short) family);
    }

    private static InetAddress resolved(InetSocketAddress inet) {
        InetAddress host = inet.getAddress();
        if (host == null) {
            throw new IllegalArgumentException("unresolved address " + inet);
        }
        return host;
    }

    /** The length in bytes: of what was set, of what an operation reported, or of the room. */
    public int length() {
        return NativeMemory.getInt(address() + LENGTH);
    }

    /** For a length that the kernel reported in another way. */
    public Sockaddr length(int bytes) {
        NativeMemory.putInt(address() + LENGTH, bytes);
        return this;
    }

    /** Where operations find and leave the length. */
    long lengthAddress() {
        return address() + LENGTH;
    }

    /** The bytes of the address, as long as it is. */
    public MemorySegment encoded() {
        return segment().asSlice(0, Math.min(length(), MAX_BYTES));
    }

    /** The address in Java's form. An unnamed or abstract unix socket has an empty path. */
    public SocketAddress get() {
        return decode(segment(), length());
    }

    /**
     * An address that stands somewhere else, such as before the payload of a datagram.
     *
     * @throws IllegalArgumentException for a family that is not IPv4, IPv6 or unix
     */
    public static SocketAddress decode(MemorySegment encoded, int length) {
        int family =
                length < FAMILY_BYTES
                        ? SocketCalls.AF_UNIX
                        : encoded.get(ValueLayout.JAVA_SHORT_UNALIGNED, 0) & 0xffff;
        return switch (family) {
            case SocketCalls.AF_INET -> inet(encoded, IN_ADDRESS, 4, 0);
            case SocketCalls.AF_INET6 ->
                    inet(
                            encoded,
                            IN6_ADDRESS,
                            16,
                            encoded.get(ValueLayout.JAVA_INT_UNALIGNED, IN6_SCOPE));
            case SocketCalls.AF_UNIX -> unix(encoded, length);
            default -> throw new IllegalArgumentException("address family " + family);
        };
    }

    private static SocketAddress inet(MemorySegment encoded, int at, int bytes, int scope) {
        byte[] host = encoded.asSlice(at, bytes).toArray(ValueLayout.JAVA_BYTE);
        int port = encoded.get(NETWORK_SHORT.withByteAlignment(1), PORT) & 0xffff;
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
