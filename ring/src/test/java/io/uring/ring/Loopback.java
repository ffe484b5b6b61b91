package io.uring.ring;

import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** TCP over 127.0.0.1, all of it made by operations of a ring. */
final class Loopback implements AutoCloseable {
    private static final int AF_INET = 2;
    private static final int STREAM_CLOEXEC = 0x80001;

    private final TestRing test;
    final Descriptor listener;
    final Sockaddr address;

    private Loopback(TestRing test, Descriptor listener, Sockaddr address) {
        this.test = test;
        this.listener = listener;
        this.address = address;
    }

    /** A listener on a free port; operations use the user data from 1000 on. */
    static Loopback listen(TestRing test) {
        Descriptor listener = socket(test);
        SocketOps.bind(test.sqe(), listener, anyPort()).userData(1001);
        test.take(1001, 0);
        SocketOps.listen(test.sqe(), listener, 128).userData(1002);
        test.take(1002, 0);
        Sockaddr address = new Sockaddr(Arena.ofAuto());
        address.length(SocketCalls.localAddress(listener.number(), address.encoded()));
        return new Loopback(test, listener, address);
    }

    static Descriptor socket(TestRing test) {
        SocketOps.socket(test.sqe(), AF_INET, STREAM_CLOEXEC, 0).userData(1000);
        return Descriptor.of(test.take(1000).result());
    }

    /** 127.0.0.1:0. */
    static Sockaddr anyPort() {
        return Sockaddr.of(
                Arena.ofAuto(), new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    /** A client that connects; its completion is 1003. */
    Descriptor connecting() {
        Descriptor client = socket(test);
        SocketOps.connect(test.sqe(), client, address).userData(1003);
        return client;
    }

    /** Both ends of a connection: the client first. */
    Libc.Pair connection() {
        Descriptor client = connecting();
        SocketOps.accept(test.sqe(), listener).userData(1004);
        test.take(1003, 0);
        return new Libc.Pair(client.number(), test.take(1004).result());
    }

    @Override
    public void close() {
        Libc.close(listener.number());
    }
}
