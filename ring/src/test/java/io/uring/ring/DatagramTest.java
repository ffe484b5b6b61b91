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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Messages with addresses, pieces and control data; datagrams. */
@ExtendWith(DescriptorsReturn.class)
final class DatagramTest {
    private static final int EFAULT = -14;
    private static final int EINVAL = -22;

    private static final Arena ARENA = Arena.ofAuto();

    /** A UDP socket on a free port of 127.0.0.1. */
    private record Udp(Descriptor socket, Sockaddr address) {}

    private static Udp udp(TestRing test) {
        SocketOps.socket(test.sqe(), 2, SocketOps.SOCK_DGRAM, 0).userData(900);
        Descriptor socket = Descriptor.of(test.take(900).result());
        Sockaddr any =
                Sockaddr.of(ARENA, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        SocketOps.bind(test.sqe(), socket, any).userData(901);
        test.take(901, 0);
        Sockaddr address = new Sockaddr(ARENA);
        address.length(SocketCalls.localAddress(socket.number(), address.encoded()));
        return new Udp(socket, address);
    }

    private static void close(TestRing test, Descriptor descriptor) {
        ControlOps.close(test.sqe(), descriptor).userData(999);
        test.take(999, 0);
    }

    static MemorySegment text(String text) {
        return ARENA.allocateFrom(
                ValueLayout.JAVA_BYTE, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** A control message that passes a descriptor. */
    static MemorySegment rights(int fd) {
        MemorySegment control = ARENA.allocate(24, 8);
        control.set(ValueLayout.JAVA_LONG, 0, 20); // length without padding
        control.set(ValueLayout.JAVA_INT, 8, 1); // SOL_SOCKET
        control.set(ValueLayout.JAVA_INT, 12, 1); // SCM_RIGHTS
        control.set(ValueLayout.JAVA_INT, 16, fd);
        return control;
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"RCV-05", "SND-04"})
    void messagesCarryPiecesAddressesAndDescriptors(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM);
                Libc.Pair pipe = Libc.pipe()) {
            MessageHeader sent =
                    new MessageHeader(ARENA, 2)
                            .add(text("head"), 0, 4)
                            .add(text("body"), 0, 4)
                            .control(rights(pipe.second()));
            DatagramOps.sendmsg(test.sqe(), Descriptor.of(ends.first()), sent, 0).userData(1);
            test.take(1, 8);
            MemorySegment first = ARENA.allocate(3);
            MemorySegment second = ARENA.allocate(16);
            MemorySegment control = ARENA.allocate(64, 8);
            MessageHeader received =
                    new MessageHeader(ARENA, 2)
                            .add(first, 0, 3)
                            .add(second, 0, 16)
                            .control(control);
            DatagramOps.recvmsg(test.sqe(), Descriptor.of(ends.second()), received, 0).userData(2);
            test.take(2, 8);
            assertEquals("hea", Libc.string(first, 0, 3));
            assertEquals("dbody", Libc.string(second, 0, 5));
            assertEquals(24, received.controlBytes());
            int passed = control.get(ValueLayout.JAVA_INT, 16);
            Libc.write(passed, "through the copy");
            assertEquals("through the copy", Libc.read(pipe.first()));
            Libc.close(passed);

            DatagramOps.sendmsg(test.sqe(), Descriptor.of(ends.first()), sent, 0).userData(3);
            test.take(3, 8);
            received.control(null);
            DatagramOps.recvmsg(test.sqe(), Descriptor.of(ends.second()), received, 0).userData(4);
            test.take(4, 8);
            assertTrue((received.flags() & SocketOps.MSG_CTRUNC) != 0);
            DatagramOps.sendmsg(test.sqe(), Descriptor.of(ends.first()), sent, 0)
                    .selectBuffer(1)
                    .userData(5);
            test.take(5, -95);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"SND-03", "RCV-05", "RCV-07"})
    void datagramsFindTheirDestinationAndTellTheirSource(RingType type) {
        try (TestRing test = type.open()) {
            Udp one = udp(test);
            Udp two = udp(test);
            DatagramOps.sendTo(test.sqe(), one.socket, text("to two"), two.address, 0).userData(1);
            test.take(1, 6);
            Sockaddr source = new Sockaddr(ARENA);
            MemorySegment room = ARENA.allocate(16);
            MessageHeader message = new MessageHeader(ARENA, 1).add(room, 0, 16).source(source);
            DatagramOps.recvmsg(test.sqe(), two.socket, message, 0).userData(2);
            test.take(2, 6);
            assertEquals(one.address.get(), source.length(message.sourceBytes()).get());
            MessageHeader toOne =
                    new MessageHeader(ARENA, 1).add(text(""), 0, 0).destination(one.address);
            DatagramOps.sendmsg(test.sqe(), two.socket, toOne, 0).userData(3);
            test.take(3, 0);
            SocketOps.recv(test.sqe(), one.socket, room, 0).userData(4);
            test.take(4, 0); // an empty datagram, not an end
            SocketOps.send(test.sqe(), one.socket, text("nobody"), 0).userData(5);
            test.take(5, -89);
            DatagramOps.sendTo(test.sqe(), one.socket, ARENA.allocate(70_000), two.address, 0)
                    .userData(6);
            test.take(6, -90);
            DatagramOps.sendTo(test.sqe(), one.socket, text("pad"), two.address, 0)
                    .putShort(46, 1)
                    .userData(7);
            test.take(7, EINVAL);
            close(test, one.socket);
            close(test, two.socket);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("MSH-03")
    void repeatedReceiveLaysMessagesOutInBuffers(RingType type) {
        try (TestRing test = type.open()) {
            Udp receiver = udp(test);
            BufferRing buffers = BufferRing.register(test.ring(), 3, 8, 16 + 32 + 64, false);
            MessageHeader sizes = new MessageHeader(ARENA, 1).reserve(32, 0);
            DatagramOps.recvmsgMultishot(test.sqe(), receiver.socket, sizes, 3, 0).userData(1);
            test.ring().submit();
            ReceivedMessage message = new ReceivedMessage(32, 0);
            List<Udp> senders = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Udp sender = udp(test);
                senders.add(sender);
                DatagramOps.sendTo(
                                test.sqe(), sender.socket, text("from " + i), receiver.address, 0)
                        .userData(2);
                test.take(2, 6);
                TestRing.Event event = test.take(1);
                assertTrue(event.more());
                message.at(buffers.memory(), buffers.offset(event.bufferId()), event.result());
                assertEquals(sender.address.get(), message.source());
                assertEquals(16, message.sourceBytes());
                assertEquals("from " + i, Libc.string(message.payload(), 0, 6));
                assertEquals(0, message.flags() & SocketOps.MSG_TRUNC);
            }
            DatagramOps.sendTo(
                            test.sqe(),
                            senders.get(0).socket,
                            ARENA.allocate(100),
                            receiver.address,
                            0)
                    .userData(2);
            test.take(2, 100);
            TestRing.Event large = test.take(1);
            message.at(buffers.memory(), buffers.offset(large.bufferId()), large.result());
            assertEquals(64, message.payload().byteSize());
            assertTrue((message.flags() & SocketOps.MSG_TRUNC) != 0);
            CancelOps.cancel(test.sqe(), 1).userData(3);
            test.take(3, 0);
            assertFalse(test.take(1).more());

            BufferRing small = BufferRing.register(test.ring(), 4, 2, 16, false);
            DatagramOps.recvmsgMultishot(test.sqe(), receiver.socket, sizes, small.group(), 0)
                    .userData(4);
            DatagramOps.sendTo(test.sqe(), senders.get(0).socket, text("x"), receiver.address, 0)
                    .userData(2);
            test.take(2, 1);
            TestRing.Event tooSmall = test.take(4, EFAULT);
            assertFalse(tooSmall.more());
            for (Udp sender : senders) {
                close(test, sender.socket);
            }
            close(test, receiver.socket);
            assertThrows(IllegalArgumentException.class, () -> message.at(buffers.memory(), 0, 47));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"RCV-06", "RCV-08", "RCV-09"})
    void receivesPollFirstOrAreRefused(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            Descriptor socket = Descriptor.of(ends.first());
            MemorySegment room = ARENA.allocate(16);
            SocketOps.pollFirst(SocketOps.recv(test.sqe(), socket, room, 0)).userData(1);
            test.ring().submit();
            Libc.write(ends.second(), "polled");
            test.take(1, 6);
            SocketOps.recv(test.sqe(), socket, room, 0).ioprio(2).userData(2);
            test.take(2, EINVAL); // multishot without selecting a buffer
            SocketOps.recvMultishot(test.sqe(), socket, 1)
                    .opFlags(SocketOps.MSG_WAITALL)
                    .userData(3);
            test.take(3, EINVAL);
            MessageHeader message = new MessageHeader(ARENA, 1).add(room, 0, 16);
            DatagramOps.recvmsg(test.sqe(), socket, message, 0).ioprio(16).userData(4);
            test.take(4, EINVAL); // a bundle
            Libc.write(ends.second(), "read");
            FileOps.read(test.sqe(), socket, room, 0).userData(5);
            test.take(5, 4);
            Libc.write(ends.second(), "readv");
            FileOps.readv(test.sqe(), socket, new IoVectors(ARENA, 1).add(room), 0).userData(6);
            test.take(6, 5);
            FileOps.write(test.sqe(), socket, text("no place"), 5).userData(7);
            test.take(7, -29);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"SND-05", "SND-06"})
    void piecesAndLinkedSendsKeepTheirOrder(RingType type) {
        try (TestRing test = type.open();
                Loopback tcp = Loopback.listen(test)) {
            Libc.Pair connection = tcp.connection();
            Descriptor client = Descriptor.of(connection.first());
            IoVectors pieces = new IoVectors(ARENA, 2).add(text("one ")).add(text("two "));
            SocketOps.send(test.sqe(), client, pieces, 0).userData(1);
            test.take(1, 8);
            SocketOps.send(test.sqe(), client, text("three "), SocketOps.MSG_MORE)
                    .userData(2)
                    .link();
            SocketOps.send(test.sqe(), client, text("four "), SocketOps.MSG_MORE)
                    .userData(3)
                    .link();
            SocketOps.send(test.sqe(), client, text("five"), 0).userData(4);
            test.take(2, 6);
            test.take(3, 5);
            test.take(4, 4);
            MemorySegment all = ARENA.allocate(23);
            Descriptor server = Descriptor.of(connection.second());
            SocketOps.recv(test.sqe(), server, all, SocketOps.MSG_WAITALL).userData(5);
            test.take(5, 23);
            assertEquals("one two three four five", Libc.string(all, 0, 23));
            connection.close();
        }
    }
}
