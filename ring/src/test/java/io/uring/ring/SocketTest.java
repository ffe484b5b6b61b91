package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.SocketCalls;
import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Making sockets, connecting and accepting, options. */
@ExtendWith(DescriptorsReturn.class)
final class SocketTest {
    private static final int EAGAIN = -11;
    private static final int EINVAL = -22;
    private static final int ENFILE = -23;
    private static final int EOPNOTSUPP = -95;
    private static final int ECANCELED = -125;
    private static final int ETIME = -62;

    private static final Arena ARENA = Arena.ofAuto();

    private static void close(TestRing test, Descriptor descriptor) {
        ControlOps.close(test.sqe(), descriptor).userData(999);
        test.take(999, 0);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SOC-02")
    void socketsAreMadeInSlots(RingType type) {
        try (TestRing test = type.open()) {
            int stream = SocketOps.SOCK_STREAM;
            SocketOps.socketDirect(test.sqe(), 2, stream, 0, Descriptor.direct(0)).userData(1);
            test.take(1, -6);
            SocketOps.socketDirect(test.sqe(), 2, stream, 0, DirectDescriptor.ANY).userData(2);
            test.take(2, ENFILE);
            FileTable files = FileTable.sparse(test.ring(), 2);
            SocketOps.socketDirect(test.sqe(), 2, stream, 0, files.slot(1)).userData(3);
            test.take(3, 0);
            SocketOps.socketDirect(test.sqe(), 2, stream, 0, DirectDescriptor.ANY).userData(4);
            test.take(4, 0); // the slot
            SocketOps.socketDirect(test.sqe(), 2, stream, 0, Descriptor.direct(2)).userData(5);
            test.take(5, EINVAL);
            SocketOps.socket(test.sqe(), 2, stream | SocketOps.SOCK_CLOEXEC, 0)
                    .target(files.slot(0))
                    .userData(6);
            test.take(6, EINVAL);
            assertThrows(
                    IllegalArgumentException.class,
                    () ->
                            SocketOps.socketDirect(
                                    SqeBytes.detached(),
                                    2,
                                    stream | SocketOps.SOCK_CLOEXEC,
                                    0,
                                    files.slot(0)));
            SocketOps.bind(test.sqe(), files.slot(0), Loopback.anyPort()).userData(7);
            test.take(7, 0);
            SocketOps.listen(test.sqe(), files.slot(0), 8).userData(8);
            test.take(8, 0);
        }
    }

    @Test
    @Behaviour("SOC-05")
    void connectToAFullBacklogIsLimited() {
        try (TestRing test = TestRing.open()) {
            Descriptor listener = Loopback.socket(test);
            SocketOps.bind(test.sqe(), listener, Loopback.anyPort()).userData(1);
            test.take(1, 0);
            SocketOps.listen(test.sqe(), listener, 0).userData(2);
            test.take(2, 0);
            Sockaddr address = new Sockaddr(ARENA);
            address.length(SocketCalls.localAddress(listener.number(), address.encoded()));
            List<Descriptor> clients = new ArrayList<>();
            boolean limited = false;
            for (int i = 0; i < 20 && !limited; i++) {
                Descriptor client = Loopback.socket(test);
                clients.add(client);
                SocketOps.connect(test.sqe(), client, address).userData(3).link();
                TimeoutOps.linkTimeout(test.sqe(), new Timespec(ARENA).nanos(100_000_000), 0)
                        .userData(4);
                int connected = test.take(3).result();
                int timer = test.take(4).result();
                limited = connected == ECANCELED && timer == ETIME;
                assertTrue(limited || connected == 0, "result " + connected);
            }
            assertTrue(limited, "the backlog never filled");
            clients.forEach(client -> close(test, client));
            close(test, listener);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SOC-06")
    void connectOfANonBlockingSocketWaits(RingType type) {
        try (TestRing test = type.open();
                Loopback tcp = Loopback.listen(test)) {
            SocketOps.socket(test.sqe(), 2, SocketOps.SOCK_STREAM | SocketOps.SOCK_NONBLOCK, 0)
                    .userData(1);
            Descriptor client = Descriptor.of(test.take(1).result());
            SocketOps.connect(test.sqe(), client, tcp.address).userData(2);
            test.take(2, 0);
            close(test, client);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"SOC-07", "SOC-09"})
    void acceptTellsThePeerAndDoesNotWaitWhenAsked(RingType type) {
        try (TestRing test = type.open();
                Loopback tcp = Loopback.listen(test)) {
            SocketOps.acceptDontWait(SocketOps.accept(test.sqe(), tcp.listener)).userData(1);
            test.take(1, EAGAIN);
            Sockaddr peer = new Sockaddr(ARENA);
            Descriptor client = tcp.connecting();
            SocketOps.pollFirst(
                            SocketOps.accept(
                                    test.sqe(), tcp.listener, peer, SocketOps.SOCK_NONBLOCK))
                    .userData(2);
            test.take(1003, 0);
            Descriptor accepted = Descriptor.of(test.take(2).result());
            Sockaddr local = new Sockaddr(ARENA);
            local.length(SocketCalls.localAddress(client.number(), local.encoded()));
            assertEquals(16, peer.length());
            assertEquals(local.get(), peer.get());
            close(test, client);
            close(test, accepted);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"SOC-10", "SOC-11"})
    void connectionsAreAcceptedIntoSlots(RingType type) {
        try (TestRing test = type.open();
                Loopback tcp = Loopback.listen(test)) {
            FileTable files = FileTable.sparse(test.ring(), 3);
            List<Descriptor> clients = new ArrayList<>();
            clients.add(tcp.connecting());
            test.take(1003, 0);
            SocketOps.acceptDirect(test.sqe(), tcp.listener, files.slot(1)).userData(1);
            test.take(1, 0);
            SocketOps.acceptMultishotDirect(test.sqe(), tcp.listener).userData(2);
            Set<Integer> slots = new HashSet<>();
            for (int i = 0; i < 2; i++) {
                clients.add(tcp.connecting());
                test.take(1003, 0);
                TestRing.Event event = test.take(2);
                assertTrue(event.more());
                slots.add(event.result());
            }
            assertEquals(Set.of(0, 2), slots);
            clients.add(tcp.connecting());
            test.take(1003, 0);
            TestRing.Event full = test.take(2, ENFILE);
            assertFalse(full.more());
            SocketOps.accept(test.sqe(), tcp.listener).target(files.slot(0)).userData(3);
            test.take(3, EINVAL); // close-on-exec
            SocketOps.acceptMultishot(test.sqe(), tcp.listener)
                    .opFlags(0)
                    .target(files.slot(0))
                    .userData(4);
            test.take(4, EINVAL); // repeatedly into one slot
            clients.forEach(client -> close(test, client));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"SOC-14", "SOC-15", "SOC-17"})
    void commandsOfSocketsAnswer(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM);
                Loopback tcp = Loopback.listen(test)) {
            Descriptor socket = Descriptor.of(ends.first());
            Libc.write(ends.second(), "12345");
            Libc.Pair connection = tcp.connection();
            Descriptor client = Descriptor.of(connection.first());
            Descriptor server = Descriptor.of(connection.second());
            SocketOps.send(test.sqe(), client, text("12345"), 0).userData(1);
            test.take(1, 5);
            PollOps.poll(test.sqe(), server, PollOps.IN).userData(2);
            test.take(2, PollOps.IN);
            CommandOps.unreadBytes(test.sqe(), server).userData(3);
            test.take(3, 5);
            CommandOps.unsentBytes(test.sqe(), client).userData(4);
            int unsent = test.take(4).result();
            assertTrue(unsent == 0 || unsent == 5, "unsent " + unsent); // acknowledged or not
            MemorySegment value = ARENA.allocate(4, 4);
            CommandOps.getsockopt(test.sqe(), server, 1, 3, value).userData(5); // SO_TYPE
            test.take(5, 4);
            assertEquals(SocketOps.SOCK_STREAM, value.get(ValueLayout.JAVA_INT, 0));
            value.set(ValueLayout.JAVA_INT, 0, 1);
            CommandOps.setsockopt(test.sqe(), server, 6, 1, value).userData(6); // TCP_NODELAY
            test.take(6, 0);
            CommandOps.getsockopt(test.sqe(), server, 6, 1, value).userData(7);
            test.take(7, EOPNOTSUPP);
            CommandOps.setsockopt(test.sqe(), server, 6, 1, value.asSlice(0, 1)).userData(8);
            test.take(8, EINVAL);
            CommandOps.command(test.sqe(), socket, 5, MemorySegment.ofArray(new byte[0]))
                    .userData(9);
            int name = test.take(9).result();
            assertTrue(name == EOPNOTSUPP || name == -14, "GETSOCKNAME " + name); // 6.19 has it
            CommandOps.command(test.sqe(), socket, 99, MemorySegment.ofArray(new byte[0]))
                    .userData(10);
            test.take(10, EOPNOTSUPP);
            Libc.Pair pipe = Libc.pipe();
            CommandOps.unreadBytes(test.sqe(), Descriptor.of(pipe.first())).userData(11);
            test.take(11, EOPNOTSUPP);
            pipe.close();
            connection.close();
        }
    }

    private static MemorySegment text(String text) {
        return ARENA.allocateFrom(
                ValueLayout.JAVA_BYTE, text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    @Test
    @Behaviour("SOC-16")
    void transmitTimestampsWantLargeCompletions() {
        try (TestRing plain = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            CommandOps.transmitTimestamps(plain.sqe(), Descriptor.of(ends.first())).userData(1);
            plain.take(1, EINVAL);
        }
        RingConfig config = RingType.CQE32.config();
        List<long[]> stamps = new ArrayList<>();
        try (Ring ring = Ring.open(config)) {
            ring.enable();
            SocketOps.socket(ring.nextSqe(), 2, SocketOps.SOCK_DGRAM, 0).userData(1);
            ring.submitAndWait(1, TestRing.LIMIT_NANOS);
            int[] fd = new int[1];
            ring.drain((userData, result, flags) -> fd[0] = result);
            Descriptor socket = Descriptor.of(fd[0]);
            MemorySegment options = ARENA.allocate(4, 4);
            // SOF_TIMESTAMPING TX_SOFTWARE, SOFTWARE, OPT_ID, OPT_TSONLY; SO_TIMESTAMPING_NEW
            options.set(ValueLayout.JAVA_INT, 0, 1 << 1 | 1 << 4 | 1 << 7 | 1 << 11);
            CommandOps.setsockopt(ring.nextSqe(), socket, 1, 65, options).userData(2);
            SocketOps.connect(
                            ring.nextSqe(),
                            socket,
                            Sockaddr.of(
                                    ARENA,
                                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 9)))
                    .userData(3);
            ring.submitAndWait(2, TestRing.LIMIT_NANOS);
            ring.drain((userData, result, flags) -> assertEquals(0, result));
            CommandOps.transmitTimestamps(ring.nextSqe(), socket).userData(4);
            SocketOps.send(ring.nextSqe(), socket, text("stamp"), 0).userData(5);
            long start = System.nanoTime();
            while (stamps.isEmpty() && System.nanoTime() - start < TestRing.LIMIT_NANOS) {
                ring.submitAndWait(1, 1_000_000_000);
                ring.drain((userData, result, flags, extra1, extra2) -> {
                    if (userData == 4) {
                        assertTrue((flags & Cqe.F_MORE) != 0, "ended with " + result);
                        stamps.add(new long[] {extra1, extra2});
                    }
                });
            }
            CancelOps.cancelEverything(ring.nextSqe());
            ControlOps.close(ring.nextSqe(), socket);
            ring.submitAndWait(2, TestRing.LIMIT_NANOS);
        }
        long now = System.currentTimeMillis() / 1000;
        assertTrue(Math.abs(stamps.get(0)[0] - now) < 60, "stamp of " + stamps.get(0)[0]);
    }

    @Test
    @Behaviour("SOC-18")
    void descriptorOfARingIsNotPassed() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            MemorySegment rights = DatagramTest.rights(test.ring().fd());
            MessageHeader message =
                    new MessageHeader(ARENA, 1).add(text("x"), 0, 1).control(rights);
            DatagramOps.sendmsg(test.sqe(), Descriptor.of(ends.first()), message, 0).userData(1);
            test.take(1, EINVAL);
        }
    }

    @Test
    @Behaviour("SOC-19")
    void listenersThatShareAPortAcceptEachConnectionOnce() {
        try (TestRing first = TestRing.open();
                TestRing second = TestRing.open()) {
            Descriptor one = shared(first, Loopback.anyPort());
            Sockaddr address = new Sockaddr(ARENA);
            address.length(SocketCalls.localAddress(one.number(), address.encoded()));
            Descriptor two = shared(second, address);
            SocketOps.acceptMultishot(first.sqe(), one).userData(1);
            SocketOps.acceptMultishot(second.sqe(), two).userData(1);
            first.ring().submit();
            second.ring().submit();
            int count = 40;
            List<Descriptor> clients = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                Descriptor client = Loopback.socket(first);
                clients.add(client);
                SocketOps.connect(first.sqe(), client, address).userData(2);
                first.take(2, 0);
            }
            List<Integer> accepted = new ArrayList<>();
            long start = System.nanoTime();
            while (accepted.size() < count && System.nanoTime() - start < TestRing.LIMIT_NANOS) {
                for (TestRing test : List.of(first, second)) {
                    test.takeReady().forEach(event -> accepted.add(event.result()));
                }
            }
            assertEquals(count, accepted.size());
            assertEquals(count, new HashSet<>(accepted).size());
            accepted.forEach(fd -> close(first, Descriptor.of(fd)));
            clients.forEach(client -> close(first, client));
            for (TestRing test : List.of(first, second)) {
                CancelOps.cancelEverything(test.sqe()).userData(3);
                test.take(3, 1);
                test.take(1, ECANCELED);
            }
            close(first, one);
            close(second, two);
        }
    }

    private static Descriptor shared(TestRing test, Sockaddr address) {
        Descriptor listener = Loopback.socket(test);
        SocketCalls.setOption(listener.number(), 1, 15, 1); // SO_REUSEPORT
        SocketOps.bind(test.sqe(), listener, address).userData(5);
        test.take(5, 0);
        SocketOps.listen(test.sqe(), listener, 64).userData(6);
        test.take(6, 0);
        return listener;
    }
}
