package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.uring.ring.Sockaddr;
import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.Arena;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SenderAddressesTest {
    private final SenderAddresses senders = new SenderAddresses();
    private final Sockaddr encoded = new Sockaddr(Arena.ofAuto());

    private @Nullable InetSocketAddress decode(InetSocketAddress address) {
        return decode(address, SocketCalls.AF_INET6);
    }

    private @Nullable InetSocketAddress decode(InetSocketAddress address, int family) {
        Addresses.encode(encoded, address, family);
        return senders.decode(encoded.segment(), 0, encoded.length());
    }

    private static InetSocketAddress of(String host, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    }

    @Test
    void addressesComeBackFromSocketsOfBothFamilies() {
        for (String host : new String[] {"127.0.0.1", "10.1.2.3", "255.255.255.255"}) {
            assertEquals(of(host, 65_535), decode(of(host, 65_535), SocketCalls.AF_INET));
            assertEquals(of(host, 1), decode(of(host, 1), SocketCalls.AF_INET6));
        }
        assertEquals(of("2001:db8::1", 53), decode(of("2001:db8::1", 53)));
        assertEquals(of("::", 53), decode(of("0.0.0.0", 53)));
        assertEquals(of("0.0.0.0", 53), decode(of("::", 53), SocketCalls.AF_INET));
    }

    @Test
    void theSameSenderIsTheSameObject() {
        InetSocketAddress first = decode(of("10.0.0.1", 53));
        assertSame(first, decode(of("10.0.0.1", 53)));
        assertNotEquals(first, decode(of("10.0.0.1", 54)));
        assertNotEquals(first, decode(of("10.0.0.2", 53)));
        assertEquals(first, decode(of("10.0.0.1", 53)));
    }

    @Test
    void theScopeTellsSendersApart() throws Exception {
        byte[] local = InetAddress.ofLiteral("fe80::1").getAddress();
        InetSocketAddress one =
                decode(new InetSocketAddress(Inet6Address.getByAddress(null, local, 1), 53));
        InetSocketAddress two =
                decode(new InetSocketAddress(Inet6Address.getByAddress(null, local, 2), 53));
        assertEquals(1, scope(one));
        assertEquals(2, scope(two));
    }

    private static int scope(@Nullable InetSocketAddress address) {
        return address != null && address.getAddress() instanceof Inet6Address v6
                ? v6.getScopeId()
                : -1;
    }

    @Test
    void withoutANameThereIsNone() {
        assertNull(senders.decode(encoded.segment(), 0, 0));
        assertNull(senders.decode(encoded.segment(), 0, 2));
    }
}
