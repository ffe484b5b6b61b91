package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.Sockaddr;
import java.lang.foreign.Arena;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Addresses of datagrams, in Java's form and in the kernel's. */
final class DatagramAddressTest {
    private static final int V4 = 2;
    private static final int V6 = 10;

    private static InetSocketAddress socketAddress(String host, int port) throws Exception {
        return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    }

    private static DatagramAddress address(String host, int port) throws Exception {
        return DatagramAddress.of(socketAddress(host, port));
    }

    /** Written for a socket of that family, and read again. */
    private static DatagramAddress through(DatagramAddress address, int family) {
        try (Arena arena = Arena.ofConfined()) {
            Sockaddr kernel = new Sockaddr(arena);
            address.encode(kernel, family);
            DatagramAddress read = new DatagramAddress();
            read.decode(kernel.segment(), 0, kernel.length());
            return read;
        }
    }

    @Test
    void javasFormComesBack() throws Exception {
        for (String host :
                new String[] {
                    "0.0.0.0",
                    "192.0.2.1",
                    "255.255.255.255",
                    "::",
                    "::1",
                    "2001:db8::ff00:42:8329",
                    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
                }) {
            for (int port : new int[] {0, 1, 53, 32_768, 65_535}) {
                InetSocketAddress java = socketAddress(host, port);
                DatagramAddress address = DatagramAddress.of(java);
                assertEquals(java, address.toInetSocketAddress());
                assertEquals(port, address.port());
                assertEquals(address, through(address, V6));
                assertEquals(java, through(address, V6).toInetSocketAddress());
            }
        }
    }

    @Test
    void ipv4IsTheSameOnSocketsOfBothFamilies() throws Exception {
        DatagramAddress address = address("192.0.2.77", 4711);
        assertTrue(address.isIpv4());
        assertEquals(address, through(address, V4));
        assertEquals(address, through(address, V6));
        assertEquals(address.hashCode(), through(address, V6).hashCode());
        assertFalse(address("2001:db8::1", 1).isIpv4());
        assertFalse(address("::1", 1).isIpv4());
    }

    @Test
    void javasOwnEncodingIsTheSame() throws Exception {
        for (InetSocketAddress java :
                new InetSocketAddress[] {
                    socketAddress("192.0.2.1", 5353), socketAddress("2001:db8::7", 65_535)
                }) {
            try (Arena arena = Arena.ofConfined()) {
                Sockaddr expected = Sockaddr.of(arena, java);
                Sockaddr actual = new Sockaddr(arena);
                DatagramAddress.of(java).encode(actual, Sockaddr.family(java));
                assertEquals(-1, expected.encoded().mismatch(actual.encoded()));
            }
        }
    }

    @Test
    void scopeIsKeptAndDistinguishes() throws Exception {
        byte[] linkLocal = InetAddress.ofLiteral("fe80::1").getAddress();
        DatagramAddress one =
                DatagramAddress.of(
                        new InetSocketAddress(Inet6Address.getByAddress(null, linkLocal, 1), 9));
        DatagramAddress two =
                DatagramAddress.of(
                        new InetSocketAddress(Inet6Address.getByAddress(null, linkLocal, 2), 9));
        assertNotEquals(one, two);
        assertEquals(one, through(one, V6));
    }

    @Test
    void whatTheKernelDidNotWriteIsUnspecified() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            DatagramAddress read = address("192.0.2.1", 53).copy();
            read.decode(arena.allocate(32), 0, 0);
            assertEquals(address("0.0.0.0", 0), read);
            read.decode(arena.allocate(32), 0, 28);
            assertEquals(address("0.0.0.0", 0), read);
        }
    }

    @Test
    void copyDoesNotChangeWithItsOrigin() throws Exception {
        DatagramAddress origin = address("192.0.2.1", 1).copy();
        DatagramAddress copy = origin.copy();
        assertNotSame(origin, copy);
        origin.set(address("192.0.2.2", 2));
        assertEquals(address("192.0.2.1", 1), copy);
    }

    @Test
    void hashesOfNeighboursDiffer() throws Exception {
        Set<Integer> hashes = new HashSet<>();
        for (int host = 1; host < 100; host++) {
            for (int port = 1000; port < 1100; port++) {
                hashes.add(address("10.0.0." + host, port).hashCode());
            }
        }
        assertTrue(hashes.size() > 9_800, hashes.size() + " hashes of 9,900 addresses");
    }

    @Test
    void unresolvedAddressIsRefused() {
        InetSocketAddress unresolved = InetSocketAddress.createUnresolved("host", 1);
        assertThrows(IllegalArgumentException.class, () -> DatagramAddress.of(unresolved));
    }
}
