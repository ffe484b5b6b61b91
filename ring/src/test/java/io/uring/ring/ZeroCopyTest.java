package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.SocketCalls;
import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sends without copies: the result, and the notification behind it. */
@ExtendWith(DescriptorsReturn.class)
final class ZeroCopyTest {
    private static final int EFAULT = -14;
    private static final int EINVAL = -22;
    private static final int EOPNOTSUPP = -95;

    private static final Arena ARENA = Arena.ofAuto();

    private static MemorySegment text(String text) {
        return ARENA.allocateFrom(
                ValueLayout.JAVA_BYTE, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Takes the result and, when it says so, the notification; returns the notification. */
    private static TestRing.Event takeBoth(TestRing test, long userData, int expected) {
        TestRing.Event result = test.take(userData, expected);
        assertTrue(result.more(), result::toString);
        TestRing.Event notification = test.take(userData);
        assertTrue((notification.flags() & Cqe.F_NOTIF) != 0, notification::toString);
        assertFalse(notification.more());
        return notification;
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"ZC-01", "ZC-02"})
    void resultIsFollowedByANotification(RingType type) {
        try (TestRing test = type.open();
                Loopback tcp = Loopback.listen(test);
                Libc.Pair ends = tcp.connection()) {
            Descriptor client = Descriptor.of(ends.first());
            ZeroCopyOps.send(test.sqe(), client, text("no copy"), 0).userData(1);
            takeBoth(test, 1, 7);
            assertEquals("no copy", Libc.read(ends.second()));
            ZeroCopyOps.reportUsage(ZeroCopyOps.send(test.sqe(), client, text("usage"), 0))
                    .userData(2);
            TestRing.Event notification = takeBoth(test, 2, 5);
            assertTrue((notification.result() & Cqe.NOTIF_USAGE_ZC_COPIED) != 0); // loopback
            assertEquals("usage", Libc.read(ends.second()));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("ZC-03")
    void failuresHaveNotificationsWhenTheyWereNotRefused(RingType type) {
        try (TestRing test = type.open();
                Loopback tcp = Loopback.listen(test);
                Libc.Pair ends = tcp.connection();
                Libc.Pair unix = Libc.socketPair(Libc.STREAM)) {
            Descriptor client = Descriptor.of(ends.first());
            ZeroCopyOps.send(test.sqe(), client, text("x"), 0).addr(8).userData(1);
            takeBoth(test, 1, EFAULT);
            ZeroCopyOps.send(test.sqe(), Descriptor.of(unix.first()), text("x"), 0).userData(2);
            takeBoth(test, 2, EOPNOTSUPP);
            ZeroCopyOps.fixedBuffer(ZeroCopyOps.send(test.sqe(), client, text("x"), 0), 5)
                    .userData(3);
            takeBoth(test, 3, EFAULT);
            SocketOps.shutdown(test.sqe(), client, SocketOps.SHUT_WR).userData(4);
            test.take(4, 0);
            ZeroCopyOps.send(test.sqe(), client, text("x"), 0).userData(5);
            takeBoth(test, 5, -32);
            ZeroCopyOps.send(test.sqe(), client, text("x"), 0).skipSuccess().userData(6);
            assertFalse(test.take(6, EINVAL).more());
            ZeroCopyOps.send(test.sqe(), client, text("x"), 0).addr3(7).userData(7);
            assertFalse(test.take(7, EINVAL).more());
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"ZC-04", "ZC-05"})
    void registeredBuffersAndMessagesAreSent(RingType type) {
        try (TestRing test = type.open();
                Loopback tcp = Loopback.listen(test);
                Libc.Pair ends = tcp.connection()) {
            Descriptor client = Descriptor.of(ends.first());
            MemorySegment memory = test.ring().allocate(65536);
            MemorySegment.copy(text("registered"), 0, memory, 100, 10);
            RegisteredBuffers.register(test.ring(), memory);
            ZeroCopyOps.fixedBuffer(ZeroCopyOps.send(test.sqe(), client, memory, 100, 10, 0), 0)
                    .userData(1);
            takeBoth(test, 1, 10);
            assertEquals("registered", Libc.read(ends.second()));
            ZeroCopyOps.fixedBuffer(ZeroCopyOps.send(test.sqe(), client, text("out"), 0), 0)
                    .userData(2);
            takeBoth(test, 2, EFAULT);
            MessageHeader message =
                    new MessageHeader(ARENA, 2).add(text("two "), 0, 4).add(text("pieces"), 0, 6);
            ZeroCopyOps.sendmsg(test.sqe(), client, message, 0).userData(3);
            takeBoth(test, 3, 10);
            assertEquals("two pieces", Libc.read(ends.second()));
            MessageHeader fixed = new MessageHeader(ARENA, 1).add(memory, 100, 5);
            ZeroCopyOps.fixedBuffer(ZeroCopyOps.sendmsg(test.sqe(), client, fixed, 0), 0)
                    .userData(4);
            takeBoth(test, 4, 5);
            assertEquals("regis", Libc.read(ends.second()));
            IoVectors pieces = new IoVectors(ARENA, 2).add(text("vec")).add(text("tor"));
            ZeroCopyOps.send(test.sqe(), client, pieces, 0).userData(5);
            takeBoth(test, 5, 6);
            assertEquals("vector", Libc.read(ends.second()));
        }
    }

    @Test
    @Behaviour("ZC-06")
    void datagramsFindTheirDestination() {
        try (TestRing test = TestRing.open()) {
            SocketOps.socket(test.sqe(), 2, SocketOps.SOCK_DGRAM, 0).userData(1);
            Descriptor socket = Descriptor.of(test.take(1).result());
            Sockaddr any =
                    Sockaddr.of(ARENA, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketOps.bind(test.sqe(), socket, any).userData(2);
            test.take(2, 0);
            Sockaddr self = new Sockaddr(ARENA);
            self.length(SocketCalls.localAddress(socket.number(), self.encoded()));
            ZeroCopyOps.sendTo(test.sqe(), socket, text("to myself"), self, 0).userData(3);
            takeBoth(test, 3, 9);
            MemorySegment room = ARENA.allocate(16);
            SocketOps.recv(test.sqe(), socket, room, 0).userData(4);
            test.take(4, 9);
            assertEquals("to myself", Libc.string(room, 0, 9));
            ControlOps.close(test.sqe(), socket).userData(5);
            test.take(5, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"ZC-07", "SND-01"})
    void allIsSentToASlowPeer(RingType type) {
        int bytes = 4 << 20;
        try (TestRing test = type.open();
                Loopback tcp = Loopback.listen(test);
                Libc.Pair ends = tcp.connection()) {
            MemorySegment data = test.ring().allocate(bytes);
            for (int i = 0; i < bytes; i += 8) {
                data.set(ValueLayout.JAVA_LONG, i, i);
            }
            int all = SocketOps.MSG_WAITALL;
            ZeroCopyOps.send(test.sqe(), Descriptor.of(ends.first()), data, 0, bytes, all)
                    .userData(1);
            MemorySegment received = test.ring().allocate(bytes);
            SocketOps.recv(test.sqe(), Descriptor.of(ends.second()), received, 0, bytes, all)
                    .userData(2);
            takeBoth(test, 1, bytes);
            test.take(2, bytes);
            assertEquals(-1, data.mismatch(received));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"ZC-08", "ZC-09"})
    void everySendHasItsNotificationAlsoWhenTheSocketIsClosed(RingType type) {
        try (TestRing test = type.open();
                Loopback tcp = Loopback.listen(test)) {
            Libc.Pair ends = tcp.connection();
            int count = 40;
            for (int i = 0; i < count; i++) {
                ZeroCopyOps.send(test.sqe(), Descriptor.of(ends.first()), text("part"), 0)
                        .userData(100 + i);
            }
            test.ring().submit();
            for (int i = 0; i < count; i++) {
                assertTrue(test.take(100 + i, 4).more());
                if (i == count / 2) {
                    Libc.close(ends.first());
                }
            }
            for (int i = 0; i < count; i++) {
                assertTrue((test.take(100 + i).flags() & Cqe.F_NOTIF) != 0);
            }
            Libc.close(ends.second());
        }
    }

    @Test
    @Behaviour("ZC-12")
    void receivingWithoutAQueueOrRepetitionIsRefused() {
        try (TestRing test = TestRing.open(RingType.CQE32.config().masking(Feature.CLAMP));
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            Descriptor socket = Descriptor.of(ends.first());
            ZeroCopyOps.recv(test.sqe(), socket, 0, 0).ioprio(0).userData(1);
            test.take(1, EINVAL);
            ZeroCopyOps.recv(test.sqe(), socket, 0, 0).userData(2);
            assertTrue(test.take(2).result() < 0);
        }
    }
}
