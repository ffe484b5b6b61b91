package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Transfer, poll and cancellation on sockets, pipes and files. */
@ExtendWith(DescriptorsReturn.class)
final class OperationsTest {
    private static final int ECANCELED = -125;
    private static final int ENOENT = -2;

    @Test
    @Behaviour("SND-04")
    void sendmsgGathersItsVectorsInOrder() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            MemorySegment text = ConnectionTest.bytes(test, "0123456789");
            MessageHeader message = test.ring().newMessageHeader(3);
            message.add(text, 5, 5).add(text, 0, 1).add(text, 2, 2);
            assertTrue(message.isFull());
            DatagramOps.sendmsg(test.sqe(), Descriptor.of(ends.first()), message, 0).userData(1);
            test.take(1, 8);
            assertEquals("56789023", Libc.read(ends.second()));
        }
    }

    @Test
    void clearedMessageHeaderSendsNothing() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            MessageHeader message = test.ring().newMessageHeader(2);
            message.add(ConnectionTest.bytes(test, "old"), 0, 3).clear();
            assertEquals(0, message.count());
            DatagramOps.sendmsg(test.sqe(), Descriptor.of(ends.first()), message, 0).userData(1);
            test.take(1, 0);
        }
    }

    @Test
    @Behaviour("SUB-13")
    void messageHeaderIsReusableOnceSubmitted() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            MemorySegment text = ConnectionTest.bytes(test, "onetwo");
            MessageHeader message = test.ring().newMessageHeader(2);
            DatagramOps.sendmsg(test.sqe(), Descriptor.of(ends.first()), message.add(text, 0, 3), 0)
                    .userData(1);
            test.ring().submit();
            message.clear();
            DatagramOps.sendmsg(test.sqe(), Descriptor.of(ends.first()), message.add(text, 3, 3), 0)
                    .userData(2);
            test.take(1, 3);
            test.take(2, 3);
            assertEquals("one", Libc.read(ends.second()));
            assertEquals("two", Libc.read(ends.second()));
        }
    }

    @Test
    void messageHeaderHasLimits() {
        try (TestRing test = TestRing.open()) {
            assertThrows(IndexOutOfBoundsException.class, () -> test.ring().newMessageHeader(0));
            assertThrows(IndexOutOfBoundsException.class, () -> test.ring().newMessageHeader(1025));
            MessageHeader message = test.ring().newMessageHeader(1024);
            MemorySegment text = test.ring().allocate(1);
            for (int i = 0; i < 1024; i++) {
                assertFalse(message.isFull());
                message.add(text, 0, 1);
            }
            assertThrows(IndexOutOfBoundsException.class, () -> message.add(text, 0, 1));
            assertEquals(1024, message.count());
        }
    }

    @Test
    @Behaviour("RCV-01")
    void receiveIntoARangeLeavesTheRestOfTheBufferAlone() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            MemorySegment buffer = test.ring().allocate(12).fill((byte) '.');
            Libc.write(ends.second(), "abcdefgh");
            SocketOps.recv(test.sqe(), Descriptor.of(ends.first()), buffer, 4, 3, 0).userData(1);
            TestRing.Event event = test.take(1, 3);
            assertTrue((event.flags() & Cqe.F_SOCK_NONEMPTY) != 0);
            assertEquals("....abc.....", Libc.string(buffer, 0, 12));
            SocketOps.recv(test.sqe(), Descriptor.of(ends.first()), buffer, 0).userData(2);
            assertEquals(0, test.take(2, 5).flags() & Cqe.F_SOCK_NONEMPTY);
        }
    }

    @Test
    @Behaviour({"RCV-02", "RCV-03"})
    void messageFlagsReachTheKernel() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            Descriptor socket = Descriptor.of(ends.first());
            MemorySegment buffer = test.ring().allocate(6);
            SocketOps.recv(test.sqe(), socket, buffer, SocketOps.MSG_DONTWAIT).userData(1);
            test.take(1, -11);
            SocketOps.recv(test.sqe(), socket, buffer.asSlice(0, 6), SocketOps.MSG_WAITALL)
                    .userData(2);
            test.ring().submit();
            Libc.write(ends.second(), "abc");
            test.ring().submitAndWait(1, 5_000_000);
            assertEquals(0, test.ring().readyCqes());
            Libc.write(ends.second(), "def");
            test.take(2, 6);
            assertEquals("abcdef", Libc.string(buffer, 0, 6));
        }
    }

    @Test
    @Behaviour("RCV-04")
    void receiveFromAPipeIsNotASocket() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            SocketOps.recv(test.sqe(), Descriptor.of(pipe.first()), test.ring().allocate(1), 0)
                    .userData(1);
            test.take(1, -88);
        }
    }

    @Test
    void fileIsWrittenAndReadAtPositions(@TempDir Path directory) {
        int fd = Libc.create(directory.resolve("file"));
        try (TestRing test = TestRing.open()) {
            Descriptor file = Descriptor.of(fd);
            long far = 5_000_000_000L;
            FileOps.write(test.sqe(), file, ConnectionTest.bytes(test, "far"), far).userData(1);
            test.take(1, 3);
            FileOps.write(test.sqe(), file, ConnectionTest.bytes(test, "start"), 0).userData(2);
            test.take(2, 5);
            MemorySegment buffer = test.ring().allocate(10);
            FileOps.read(test.sqe(), file, buffer, far + 1).userData(3);
            test.take(3, 2);
            assertEquals("ar", Libc.string(buffer, 0, 2));
            FileOps.read(test.sqe(), file, buffer.asSlice(0, 2), FileOps.CURRENT_POSITION)
                    .userData(4);
            test.take(4, 2);
            FileOps.read(test.sqe(), file, buffer.asSlice(0, 3), FileOps.CURRENT_POSITION)
                    .userData(5);
            test.take(5, 3);
            assertEquals("art", Libc.string(buffer, 0, 3));
            FileOps.read(test.sqe(), file, buffer, far + 3).userData(6);
            test.take(6, 0);
        } finally {
            Libc.close(fd);
        }
    }

    @Test
    @Behaviour("POL-01")
    void pollReportsTheEventsThatAreThere() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            Descriptor socket = Descriptor.of(ends.first());
            PollOps.poll(test.sqe(), socket, PollOps.IN | PollOps.OUT).userData(1);
            test.take(1, PollOps.OUT);
            PollOps.poll(test.sqe(), socket, PollOps.IN).userData(2);
            test.ring().submit();
            assertEquals(0, test.ring().readyCqes());
            Libc.write(ends.second(), "x");
            assertFalse(test.take(2, PollOps.IN).more());
        }
    }

    @Test
    @Behaviour({"POL-02", "MSH-06"})
    void multishotPollReportsEachWakeUp() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            PollOps.pollMultishot(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(1);
            test.ring().submit();
            for (int i = 0; i < 3; i++) {
                Libc.write(pipe.second(), "x");
                assertTrue(test.take(1, PollOps.IN).more());
                assertEquals("x", Libc.read(pipe.first()));
            }
            PollOps.pollRemove(test.sqe(), 1).userData(2);
            test.take(2, 0);
            assertFalse(test.take(1, ECANCELED).more());
        }
    }

    @Test
    @Behaviour("POL-03")
    void removalOfAPollThatIsNotThereIsEnoent() {
        try (TestRing test = TestRing.open()) {
            PollOps.pollRemove(test.sqe(), 1).userData(2);
            test.take(2, ENOENT);
        }
    }

    @Test
    @Behaviour("POL-06")
    void hangUpOfAPeerIsAnEventOfItsOwn() {
        try (TestRing test = TestRing.open()) {
            Libc.Pair ends = Libc.socketPair(Libc.STREAM);
            PollOps.poll(test.sqe(), Descriptor.of(ends.first()), PollOps.RDHUP).userData(1);
            test.ring().submit();
            Libc.close(ends.second());
            test.take(1, PollOps.RDHUP | PollOps.HUP);
            Libc.close(ends.first());
        }
    }

    @Test
    @Behaviour("CAN-01")
    void cancelByUserDataEndsExactlyThatOperation() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            receiveFrom(test, ends.first(), 1);
            receiveFrom(test, ends.second(), -1);
            CancelOps.cancel(test.sqe(), -1).userData(3);
            test.take(3, 0);
            test.take(-1, ECANCELED);
            CancelOps.cancel(test.sqe(), -1).userData(4);
            test.take(4, ENOENT);
            Libc.write(ends.second(), "x");
            test.take(1, 1);
        }
    }

    @Test
    @Behaviour("CAN-03")
    void cancelByDescriptorEndsAllItsOperations() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            receiveFrom(test, ends.first(), 1);
            PollOps.poll(test.sqe(), Descriptor.of(ends.first()), PollOps.IN).userData(2);
            receiveFrom(test, ends.second(), 3);
            CancelOps.cancelAll(test.sqe(), Descriptor.of(ends.first())).userData(4);
            test.take(4, 2);
            test.take(1, ECANCELED);
            test.take(2, ECANCELED);
            CancelOps.cancelAll(test.sqe(), Descriptor.of(ends.first())).userData(5);
            test.take(5, 0);
            Libc.write(ends.first(), "x");
            test.take(3, 1);
        }
    }

    @Test
    @Behaviour("CAN-04")
    void cancelOfEverythingCountsEverything() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            receiveFrom(test, ends.first(), 1);
            PollOps.poll(test.sqe(), Descriptor.of(ends.second()), PollOps.IN).userData(2);
            Timespec time = new Timespec(Arena.ofAuto()).set(1000, 0);
            TimeoutOps.timeout(test.sqe(), time, 0).userData(3);
            CancelOps.cancelEverything(test.sqe()).userData(4);
            test.take(4, 3);
            for (long target : List.of(1L, 2L, 3L)) {
                test.take(target, ECANCELED);
            }
        }
    }

    private static void receiveFrom(TestRing test, int fd, long userData) {
        SocketOps.recv(test.sqe(), Descriptor.of(fd), test.ring().allocate(8), 0)
                .userData(userData);
    }
}
