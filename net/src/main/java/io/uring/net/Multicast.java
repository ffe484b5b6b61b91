package io.uring.net;

import io.uring.ring.internal.SocketCalls;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The options about multicast groups, in the form that is the same for IPv4 and IPv6. The caller
 * keeps the descriptor open. Any thread.
 *
 * <pre>{@code
 * int result = Multicast.member(fd, true, group, network.getIndex(), null);
 * if (result < 0) {
 *     throw SocketErrors.exception("join " + group, -result);
 * }
 * }</pre>
 *
 * <pre>
 * group_req (136): interface 0, group 8
 * group_source_req (264): interface 0, group 8, source 136
 * ip_mreqn (12): group 0, address 4, interface 8
 * </pre>
 */
public final class Multicast {
    private static final int JOIN_GROUP = 42;
    private static final int LEAVE_GROUP = 45;
    private static final int BLOCK_SOURCE = 43;
    private static final int JOIN_SOURCE_GROUP = 46;
    private static final int LEAVE_SOURCE_GROUP = 47;
    private static final int IP_MULTICAST_IF = 32;
    private static final int IPV6_MULTICAST_IF = 17;
    private static final int GROUP = 8;
    private static final int ADDRESS_BYTES = 128;
    private static final int V4_ADDRESS = 4;
    private static final int V6_ADDRESS = 8;
    private static final int V6_SCOPE = 24;

    private Multicast() {}

    /**
     * Joins or leaves a group.
     *
     * @param network the index of an interface, 0 for the one of the route
     * @param source the only sender, or null for any
     * @return 0 or {@code -errno}
     */
    public static int member(
            int fd, boolean join, InetAddress group, int network, @Nullable InetAddress source) {
        int option;
        if (source == null) {
            option = join ? JOIN_GROUP : LEAVE_GROUP;
        } else {
            option = join ? JOIN_SOURCE_GROUP : LEAVE_SOURCE_GROUP;
        }
        return set(fd, option, group, network, source);
    }

    /**
     * Ignores a sender in a group that was joined for any.
     *
     * @return 0 or {@code -errno}
     */
    public static int block(int fd, InetAddress group, int network, InetAddress source) {
        return set(fd, BLOCK_SOURCE, group, network, source);
    }

    private static int set(
            int fd, int option, InetAddress group, int network, @Nullable InetAddress source) {
        int count = source == null ? 1 : 2;
        byte[] bytes = new byte[GROUP + count * ADDRESS_BYTES];
        ByteBuffer request = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        request.putInt(0, network);
        put(request, GROUP, group);
        if (source != null) {
            put(request, GROUP + ADDRESS_BYTES, source);
        }
        boolean v4 = group instanceof Inet4Address;
        int level = v4 ? SocketCalls.IPPROTO_IP : SocketCalls.IPPROTO_IPV6;
        return SocketCalls.setOption(fd, level, option, bytes);
    }

    private static void put(ByteBuffer request, int at, InetAddress address) {
        boolean v4 = address instanceof Inet4Address;
        request.putShort(at, (short) (v4 ? SocketCalls.AF_INET : SocketCalls.AF_INET6));
        request.put(at + (v4 ? V4_ADDRESS : V6_ADDRESS), address.getAddress());
        if (address instanceof Inet6Address v6) {
            request.putInt(at + V6_SCOPE, v6.getScopeId());
        }
    }

    /**
     * Sends to groups by an interface, for both families of an IPv6 socket, which may send to IPv4
     * groups too.
     *
     * @param family the kernel's number
     * @return 0 or {@code -errno}
     */
    public static int setInterface(int fd, int family, int network) {
        byte[] request = new byte[12];
        ByteBuffer.wrap(request).order(ByteOrder.nativeOrder()).putInt(8, network);
        int v4 = SocketCalls.setOption(fd, SocketCalls.IPPROTO_IP, IP_MULTICAST_IF, request);
        if (family == SocketCalls.AF_INET) {
            return v4;
        }
        return SocketCalls.setOption(fd, SocketCalls.IPPROTO_IPV6, IPV6_MULTICAST_IF, network);
    }
}
