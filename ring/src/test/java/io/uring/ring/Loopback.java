package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** TCP over 127.0.0.1, all of it made by operations of a ring. */
final class Loopback implements AutoCloseable {
    private static final int AF_INET = 2;
    private static final int STREAM_CLOEXEC = 0x80001;
    private static final int SOCKADDR_BYTES = 16;

    private final TestRing test;
    final Descriptor listener;
    final MemorySegment address;

    private Loopback(TestRing test, Descriptor listener, MemorySegment address) {
        this.test = test;
        this.listener = listener;
        this.address = address;
    }

    /** A listener on a free port; operations use the user data from 1000 on. */
    static Loopback listen(TestRing test) {
        Descriptor listener = socket(test);
        SocketOps.bind(test.sqe(), listener, anyPort(test)).userData(1001);
        test.take(1001, 0);
        SocketOps.listen(test.sqe(), listener, 128).userData(1002);
        test.take(1002, 0);
        MemorySegment address = test.ring().allocate(SOCKADDR_BYTES).asSlice(0, SOCKADDR_BYTES);
        assertTrue(SocketCalls.localAddress(listener.number(), address) == SOCKADDR_BYTES);
        return new Loopback(test, listener, address);
    }

    static Descriptor socket(TestRing test) {
        SocketOps.socket(test.sqe(), AF_INET, STREAM_CLOEXEC, 0).userData(1000);
        return Descriptor.of(test.take(1000).result());
    }

    /** 127.0.0.1:0. */
    static MemorySegment anyPort(TestRing test) {
        MemorySegment address = test.ring().allocate(SOCKADDR_BYTES);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_INET);
        byte[] host = {127, 0, 0, 1};
        MemorySegment.copy(host, 0, address, ValueLayout.JAVA_BYTE, 4, 4);
        return address;
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
