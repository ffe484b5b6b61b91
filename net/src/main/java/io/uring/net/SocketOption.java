package io.uring.net;

import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One option of a socket, as the kernel numbers it, and the type of its value. Immutable; from any
 * thread.
 *
 * <pre>{@code
 * socket.option(SocketOption.TCP_KEEPIDLE, 30);
 * socket.option(SocketOption.SO_KEEPALIVE, true);
 * int unsent = socket.option(SocketOption.TCP_NOTSENT_LOWAT);
 * String congestion = socket.option(SocketOption.TCP_CONGESTION);
 * }</pre>
 *
 * @param <T> Boolean, Integer or String
 */
public final class SocketOption<T> {
    private static final int IP = 0;
    private static final int SOCKET = SocketCalls.SOL_SOCKET;
    private static final int TCP = SocketCalls.IPPROTO_TCP;
    private static final int IPV6 = SocketCalls.IPPROTO_IPV6;
    private static final int UDP = SocketCalls.IPPROTO_UDP;

    /** Room for any value here; the longest is the name of a congestion control. */
    private static final int MAX_BYTES = 16;

    public static final SocketOption<Boolean> SO_REUSEADDR = flag("SO_REUSEADDR", SOCKET, 2);

    public static final SocketOption<Boolean> SO_BROADCAST = flag("SO_BROADCAST", SOCKET, 6);

    /** Bytes; the kernel doubles what is set. */
    public static final SocketOption<Integer> SO_SNDBUF = number("SO_SNDBUF", SOCKET, 7);

    /** Bytes; the kernel doubles what is set. */
    public static final SocketOption<Integer> SO_RCVBUF = number("SO_RCVBUF", SOCKET, 8);

    public static final SocketOption<Boolean> SO_KEEPALIVE = flag("SO_KEEPALIVE", SOCKET, 9);

    /** 0 to 6; higher ones need CAP_NET_ADMIN. */
    public static final SocketOption<Integer> SO_PRIORITY = number("SO_PRIORITY", SOCKET, 12);

    /** Seconds, 0 for RST at close, -1 for off. */
    public static final SocketOption<Integer> SO_LINGER =
            new SocketOption<>("SO_LINGER", SOCKET, 13, Kind.LINGER, Integer.class);

    /** Bytes that must have come before a receive ends or a poll tells. */
    public static final SocketOption<Integer> SO_RCVLOWAT = number("SO_RCVLOWAT", SOCKET, 18);

    /** The name of a network interface, such as {@code eth0}: only what comes in there. */
    public static final SocketOption<String> SO_BINDTODEVICE =
            new SocketOption<>("SO_BINDTODEVICE", SOCKET, 25, Kind.TEXT, String.class);

    public static final SocketOption<Boolean> SO_REUSEPORT = flag("SO_REUSEPORT", SOCKET, 15);

    /** The mark for routing; needs CAP_NET_ADMIN. */
    public static final SocketOption<Integer> SO_MARK = number("SO_MARK", SOCKET, 36);

    /** Microseconds; more than the system's value needs CAP_NET_ADMIN. */
    public static final SocketOption<Integer> SO_BUSY_POLL = number("SO_BUSY_POLL", SOCKET, 46);

    /** The processor that last received for the socket, or -1. */
    public static final SocketOption<Integer> SO_INCOMING_CPU =
            number("SO_INCOMING_CPU", SOCKET, 49);

    public static final SocketOption<Boolean> TCP_NODELAY = flag("TCP_NODELAY", TCP, 1);

    /** Bytes. */
    public static final SocketOption<Integer> TCP_MAXSEG = number("TCP_MAXSEG", TCP, 2);

    /** Full segments only, until it is set to false. */
    public static final SocketOption<Boolean> TCP_CORK = flag("TCP_CORK", TCP, 3);

    /** Seconds. */
    public static final SocketOption<Integer> TCP_KEEPIDLE = number("TCP_KEEPIDLE", TCP, 4);

    /** Seconds. */
    public static final SocketOption<Integer> TCP_KEEPINTVL = number("TCP_KEEPINTVL", TCP, 5);

    /** Probes. */
    public static final SocketOption<Integer> TCP_KEEPCNT = number("TCP_KEEPCNT", TCP, 6);

    /** Retransmissions of SYN before connecting fails, 1 to 255. */
    public static final SocketOption<Integer> TCP_SYNCNT = number("TCP_SYNCNT", TCP, 7);

    /**
     * Seconds; for listeners: a connection is accepted when its first bytes have come, or after so
     * long. The kernel rounds it to its retransmissions.
     */
    public static final SocketOption<Integer> TCP_DEFER_ACCEPT = number("TCP_DEFER_ACCEPT", TCP, 9);

    /** The kernel turns it off again by itself. */
    public static final SocketOption<Boolean> TCP_QUICKACK = flag("TCP_QUICKACK", TCP, 12);

    /** The name of a congestion control, such as {@code cubic}. */
    public static final SocketOption<String> TCP_CONGESTION =
            new SocketOption<>("TCP_CONGESTION", TCP, 13, Kind.TEXT, String.class);

    /** Milliseconds until unacknowledged data breaks the connection, 0 for the kernel's default. */
    public static final SocketOption<Integer> TCP_USER_TIMEOUT =
            number("TCP_USER_TIMEOUT", TCP, 18);

    /**
     * The length of a listener's queue of connections whose first bytes came with their SYN. Needs
     * the bit 2 in net.ipv4.tcp_fastopen.
     */
    public static final SocketOption<Integer> TCP_FASTOPEN = number("TCP_FASTOPEN", TCP, 23);

    /** Bytes; -1 for no limit. */
    public static final SocketOption<Integer> TCP_NOTSENT_LOWAT =
            number("TCP_NOTSENT_LOWAT", TCP, 25);

    /** Fast open without cookies, for networks whose addresses cannot be forged. Kernel 4.15. */
    public static final SocketOption<Boolean> TCP_FASTOPEN_NO_COOKIE =
            flag("TCP_FASTOPEN_NO_COOKIE", TCP, 34);

    /** Listening on an address that is not there (yet). */
    public static final SocketOption<Boolean> IP_FREEBIND = flag("IP_FREEBIND", IP, 15);

    /** Listening on addresses of others, as proxies do; needs CAP_NET_ADMIN. */
    public static final SocketOption<Boolean> IP_TRANSPARENT = flag("IP_TRANSPARENT", IP, 19);

    public static final SocketOption<Integer> IP_TOS = number("IP_TOS", IP, 1);

    public static final SocketOption<Integer> IPV6_TCLASS = number("IPV6_TCLASS", IPV6, 67);

    /** Hops of unicast packets, 1 to 255. */
    public static final SocketOption<Integer> IP_TTL = number("IP_TTL", IP, 2);

    /** 0 fragments, 1 for what the route says, 2 refuses longer packets, 3 does without a check. */
    public static final SocketOption<Integer> IP_MTU_DISCOVER = number("IP_MTU_DISCOVER", IP, 10);

    /** Hops of multicast packets, 0 to 255; the kernel's default is 1. */
    public static final SocketOption<Integer> IP_MULTICAST_TTL = number("IP_MULTICAST_TTL", IP, 33);

    /** Whether this machine's own receivers get what it sends to a group. */
    public static final SocketOption<Boolean> IP_MULTICAST_LOOP = flag("IP_MULTICAST_LOOP", IP, 34);

    /**
     * Whether the socket receives from all groups that anybody on this machine has joined, which is
     * the kernel's default.
     */
    public static final SocketOption<Boolean> IP_MULTICAST_ALL = flag("IP_MULTICAST_ALL", IP, 49);

    /** The same for IPv6. Kernel 4.20. */
    public static final SocketOption<Boolean> IPV6_MULTICAST_ALL =
            flag("IPV6_MULTICAST_ALL", IPV6, 29);

    /** Whether datagrams come with the address that they were sent to. */
    public static final SocketOption<Boolean> IP_RECVORIGDSTADDR =
            flag("IP_RECVORIGDSTADDR", IP, 20);

    /** The same for IPv6. */
    public static final SocketOption<Boolean> IPV6_RECVORIGDSTADDR =
            flag("IPV6_RECVORIGDSTADDR", IPV6, 74);

    /** Hops of unicast packets, 1 to 255, -1 for the kernel's default. */
    public static final SocketOption<Integer> IPV6_UNICAST_HOPS =
            number("IPV6_UNICAST_HOPS", IPV6, 16);

    /** The index of the interface that multicast packets leave by, 0 for the route's. */
    public static final SocketOption<Integer> IPV6_MULTICAST_IF =
            number("IPV6_MULTICAST_IF", IPV6, 17);

    /** Hops of multicast packets, 0 to 255; the kernel's default is 1. */
    public static final SocketOption<Integer> IPV6_MULTICAST_HOPS =
            number("IPV6_MULTICAST_HOPS", IPV6, 18);

    /** Whether this machine's own receivers get what it sends to a group. */
    public static final SocketOption<Boolean> IPV6_MULTICAST_LOOP =
            flag("IPV6_MULTICAST_LOOP", IPV6, 19);

    /** Whether the socket takes no IPv4. */
    public static final SocketOption<Boolean> IPV6_V6ONLY = flag("IPV6_V6ONLY", IPV6, 26);

    /** Bytes of each segment of all that is sent, 0 for none; a send can name its own. */
    public static final SocketOption<Integer> UDP_SEGMENT = number("UDP_SEGMENT", UDP, 103);

    /** Whether received datagrams may be merged, see {@link Datagram#segmentBytes}. */
    public static final SocketOption<Boolean> UDP_GRO = flag("UDP_GRO", UDP, SocketCalls.UDP_GRO);

    private enum Kind {
        FLAG,
        NUMBER,
        LINGER,
        TEXT
    }

    private final String name;
    private final int level;
    private final int number;
    private final Kind kind;
    private final Class<T> type;

    private SocketOption(String name, int level, int number, Kind kind, Class<T> type) {
        this.name = name;
        this.level = level;
        this.number = number;
        this.kind = kind;
        this.type = type;
    }

    private static SocketOption<Integer> number(String name, int level, int number) {
        return new SocketOption<>(name, level, number, Kind.NUMBER, Integer.class);
    }

    private static SocketOption<Boolean> flag(String name, int level, int number) {
        return new SocketOption<>(name, level, number, Kind.FLAG, Boolean.class);
    }

    /** The kernel's name. */
    public String name() {
        return name;
    }

    /** The kernel's level, such as 6 for TCP. */
    public int level() {
        return level;
    }

    /** The kernel's number within the level. */
    public int number() {
        return number;
    }

    public Class<T> type() {
        return type;
    }

    /** Sets it on a descriptor that the caller keeps open; 0 or {@code -errno}. */
    public int set(int fd, T value) {
        return SocketCalls.setOption(fd, level, number, encode(value));
    }

    /** The same for a value whose type was checked where it came from. */
    public int setObject(int fd, Object value) {
        return set(fd, type.cast(value));
    }

    /** Reads it into {@code value}; the length or {@code -errno}. */
    int get(int fd, byte[] value) {
        return SocketCalls.getOption(fd, level, number, value);
    }

    /**
     * Reads it from a descriptor that the caller keeps open.
     *
     * @throws IOException when the descriptor has no such option
     */
    public T get(int fd) throws IOException {
        byte[] value = room();
        int length = get(fd, value);
        if (length < 0) {
            throw SocketErrors.exception("getsockopt " + name, -length);
        }
        return decode(value, length);
    }

    static byte[] room() {
        return new byte[MAX_BYTES];
    }

    private byte[] encode(T value) {
        return switch (kind) {
            case FLAG -> ints((Boolean) value ? 1 : 0);
            case NUMBER -> ints((Integer) value);
            case LINGER -> {
                int seconds = (Integer) value;
                yield ints(seconds < 0 ? 0 : 1, Math.max(seconds, 0));
            }
            case TEXT -> ((String) value).getBytes(StandardCharsets.US_ASCII);
        };
    }

    T decode(byte[] value, int length) {
        ByteBuffer ints = ByteBuffer.wrap(value).order(ByteOrder.nativeOrder());
        return type.cast(
                switch (kind) {
                    case FLAG -> ints.getInt(0) != 0;
                    case NUMBER -> ints.getInt(0);
                    case LINGER -> ints.getInt(0) == 0 ? -1 : ints.getInt(Integer.BYTES);
                    case TEXT -> text(value, length);
                });
    }

    private static String text(byte[] value, int length) {
        int end = 0;
        while (end < length && value[end] != 0) {
            end++;
        }
        return new String(Arrays.copyOf(value, end), StandardCharsets.US_ASCII);
    }

    private static byte[] ints(int... values) {
        ByteBuffer bytes =
                ByteBuffer.allocate(values.length * Integer.BYTES).order(ByteOrder.nativeOrder());
        for (int value : values) {
            bytes.putInt(value);
        }
        return bytes.array();
    }

    @Override
    public String toString() {
        return name;
    }
}
