package io.uring.net;

import io.uring.ring.Sockaddr;
import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Where a datagram comes from or goes to, in a form that costs no memory per datagram. IPv4
 * addresses equal their IPv6-mapped form. The source of a {@link Datagram} changes when that is
 * released: look it up in a map with it, and keep a {@link #copy}.
 *
 * <pre>{@code
 * DatagramAddress server = DatagramAddress.of(new InetSocketAddress("127.0.0.1", 53));
 * socket.send(query, server);
 * Peer peer = peers.get(datagram.source());
 * }</pre>
 */
public final class DatagramAddress {
    private static final ValueLayout.OfShort FAMILY = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt SCOPE = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort BIG_SHORT = FAMILY.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt BIG_INT = SCOPE.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong BIG_LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    // See Sockaddr for the layouts.
    private static final int PORT = 2;
    private static final int V4_ADDRESS = 4;
    private static final int V4_BYTES = 16;
    private static final int V6_HIGH = 8;
    private static final int V6_LOW = 16;
    private static final int V6_SCOPE = 24;
    private static final int V6_BYTES = 28;

    /** The low half of ::ffff:0.0.0.0. */
    private static final long MAPPED = 0xffffL << 32;

    /** 2 to the 64th, divided by the golden ratio. */
    private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;

    private static final long INT = 0xffff_ffffL;

    /** Always as IPv6; IPv4 in its mapped form. */
    private long high;

    private long low = MAPPED;
    private int scope;
    private int port;

    DatagramAddress() {}

    /**
     * @throws IllegalArgumentException when the address is unresolved
     */
    public static DatagramAddress of(InetSocketAddress address) {
        InetAddress host = address.getAddress();
        if (host == null) {
            throw new IllegalArgumentException("unresolved address " + address);
        }
        ByteBuffer bytes = ByteBuffer.wrap(host.getAddress());
        DatagramAddress result = new DatagramAddress();
        if (host instanceof Inet6Address v6) {
            result.high = bytes.getLong();
            result.low = bytes.getLong();
            result.scope = v6.getScopeId();
        } else {
            result.low = MAPPED | (bytes.getInt() & INT);
        }
        result.port = address.getPort();
        return result;
    }

    /** The same address, which nothing changes. */
    public DatagramAddress copy() {
        return new DatagramAddress().set(this);
    }

    DatagramAddress set(DatagramAddress other) {
        high = other.high;
        low = other.low;
        scope = other.scope;
        port = other.port;
        return this;
    }

    /** Reads what the kernel wrote; anything but IPv4 and IPv6 becomes 0.0.0.0. */
    void decode(MemorySegment memory, long at, int length) {
        int family = length < V4_BYTES ? 0 : memory.get(FAMILY, at);
        scope = 0;
        high = 0;
        low = MAPPED;
        port = family == 0 ? 0 : memory.get(BIG_SHORT, at + PORT) & 0xffff;
        if (family == SocketCalls.AF_INET) {
            low = MAPPED | (memory.get(BIG_INT, at + V4_ADDRESS) & INT);
        } else if (family == SocketCalls.AF_INET6) {
            high = memory.get(BIG_LONG, at + V6_HIGH);
            low = memory.get(BIG_LONG, at + V6_LOW);
            scope = memory.get(SCOPE, at + V6_SCOPE);
        }
    }

    /** Writes it for a socket of the given family; IPv4 alone goes in both. */
    void encode(Sockaddr target, int family) {
        MemorySegment memory = target.segment();
        memory.set(FAMILY, 0, (short) family);
        memory.set(BIG_SHORT, PORT, (short) port);
        if (family == SocketCalls.AF_INET) {
            memory.set(BIG_INT, V4_ADDRESS, (int) low);
            memory.set(BIG_LONG, V6_HIGH, 0);
            target.length(V4_BYTES);
        } else {
            memory.set(BIG_INT, V4_ADDRESS, 0); // the flow label
            memory.set(BIG_LONG, V6_HIGH, high);
            memory.set(BIG_LONG, V6_LOW, low);
            memory.set(SCOPE, V6_SCOPE, scope);
            target.length(V6_BYTES);
        }
    }

    public boolean isIpv4() {
        return high == 0 && (low & ~INT) == MAPPED;
    }

    public int port() {
        return port;
    }

    /** In Java's form, which is made for each call. */
    public InetSocketAddress toInetSocketAddress() {
        try {
            return new InetSocketAddress(host(), port);
        } catch (UnknownHostException e) {
            throw new AssertionError(e); // only for a wrong number of bytes
        }
    }

    private InetAddress host() throws UnknownHostException {
        if (isIpv4()) {
            return InetAddress.getByAddress(ByteBuffer.allocate(4).putInt((int) low).array());
        }
        byte[] bytes = ByteBuffer.allocate(16).putLong(high).putLong(low).array();
        return scope == 0
                ? InetAddress.getByAddress(bytes)
                : Inet6Address.getByAddress(null, bytes, scope);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DatagramAddress address
                && low == address.low
                && high == address.high
                && port == address.port
                && scope == address.scope;
    }

    @Override
    public int hashCode() {
        // Ports and hosts of a network differ in few bits, which must reach the low ones.
        long mixed = (low ^ (high * SPREAD)) * SPREAD;
        mixed = (mixed ^ (mixed >>> 32) ^ port ^ ((long) scope << 32)) * SPREAD;
        return (int) (mixed >>> 32);
    }

    @Override
    public String toString() {
        return toInetSocketAddress().toString();
    }
}
