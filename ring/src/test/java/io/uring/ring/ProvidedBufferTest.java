package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which operations take provided buffers, bundles of them, and repeated reads and receives. */
@ExtendWith(DescriptorsReturn.class)
final class ProvidedBufferTest {
    private static final int EFAULT = -14;
    private static final int EINVAL = -22;
    private static final int EBADFD = -77;
    private static final int EOPNOTSUPP = -95;
    private static final int ENOBUFS = -105;

    private static final Arena ARENA = Arena.ofAuto();

    private static MemorySegment text(String text) {
        return ARENA.allocateFrom(
                ValueLayout.JAVA_BYTE, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("BUF-10")
    void readsAndReceivesTakeThemAndOthersDoNot(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            Descriptor socket = Descriptor.of(ends.first());
            BufferRing buffers = BufferRing.register(test.ring(), 0, 8, 16, false);
            Libc.write(ends.second(), "1");
            FileOps.readSelect(test.sqe(), socket, 0, 0, 0).userData(1);
            assertTrue(test.take(1, 1).hasBuffer());
            Libc.write(ends.second(), "22");
            IoVectors one = new IoVectors(ARENA, 2).add(ARENA.allocate(16));
            FileOps.readv(test.sqe(), socket, one, 0).selectBuffer(0).userData(2);
            assertTrue(test.take(2, 2).hasBuffer());
            Libc.write(ends.second(), "333");
            SocketOps.recvSelect(test.sqe(), socket, 0, 0).userData(3);
            assertTrue(test.take(3, 3).hasBuffer());
            Libc.write(ends.second(), "4444");
            MessageHeader message = new MessageHeader(ARENA, 1).add(ARENA.allocate(16), 0, 16);
            DatagramOps.recvmsg(test.sqe(), socket, message, 0).selectBuffer(0).userData(4);
            TestRing.Event received = test.take(4, 4);
            assertEquals("4444", BufferRingTest.text(buffers, received));
            FileOps.readv(test.sqe(), socket, one.add(ARENA.allocate(16)), 0)
                    .selectBuffer(0)
                    .userData(5);
            test.take(5, EINVAL);
            ControlOps.nop(test.sqe()).selectBuffer(0).userData(6);
            test.take(6, EOPNOTSUPP);
            FileOps.write(test.sqe(), socket, text("x"), 0).selectBuffer(0).userData(7);
            test.take(7, EOPNOTSUPP);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"BUF-16", "MSH-10"})
    void bundleOfAReceiveCoversBuffersInRingOrder(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 4, 32, false);
            Descriptor socket = Descriptor.of(ends.first());
            // Ids that do not count up: 2, 0, 3, 1.
            for (int i = 0; i < 4; i++) {
                Libc.write(ends.second(), "x");
                SocketOps.recvSelect(test.sqe(), socket, 0, 0).userData(1);
                buffers.advance(test.take(1, 1).bufferId(), 1);
            }
            for (int id : new int[] {2, 0, 3, 1}) {
                buffers.recycle(id);
            }
            buffers.publish();
            String sent = "0123456789".repeat(10);
            Libc.write(ends.second(), sent);
            SocketOps.bundle(SocketOps.recvMultishot(test.sqe(), socket, 0)).userData(2);
            TestRing.Event event = test.take(2);
            assertEquals(2, event.bufferId());
            assertTrue(event.result() >= 96, event::toString); // all buffers, or all but the last
            int total = event.result();
            while (total < 100) {
                event = test.take(2);
                assertEquals(1, event.bufferId()); // the last in ring order
                total += event.result();
            }
            StringBuilder all = new StringBuilder();
            for (int id : new int[] {2, 0, 3, 1}) {
                int here = Math.min(100 - all.length(), 32);
                all.append(Libc.string(buffers.memory(), buffers.offset(id), here));
            }
            assertEquals(sent, all.toString());
            assertEquals(0, event.flags() & Cqe.F_SOCK_NONEMPTY);
            if (event.more()) {
                CancelOps.cancel(test.sqe(), 2).userData(3);
                test.take(3);
                assertFalse(test.take(2).more());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("BUF-17")
    void bundleOfASendTakesWhatIsQueuedInOrder(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 4, 8, false);
            for (int id = 0; id < 4; id++) {
                MemorySegment.copy(text("buffer " + id), 0, buffers.memory(), id * 8L, 8);
            }
            SocketOps.bundle(SocketOps.sendSelect(test.sqe(), Descriptor.of(ends.first()), 0, 0))
                    .userData(1);
            TestRing.Event event = test.take(1, 32);
            assertEquals(0, event.bufferId());
            while (event.more()) {
                event = test.take(1);
            }
            assertEquals("buffer 0buffer 1buffer 2buffer 3", Libc.read(ends.second()));
        }
    }

    @Test
    @Behaviour("BUF-18")
    void bundleWithoutABufferGroupIsRefused() {
        Descriptor socket = Descriptor.of(0);
        assertThrows(
                IllegalStateException.class,
                () -> SocketOps.bundle(SocketOps.send(SqeBytes.detached(), socket, text("x"), 0)));
        assertThrows(
                IllegalStateException.class,
                () -> SocketOps.bundle(FileOps.readSelect(SqeBytes.detached(), socket, 0, 0, 0)));
        SocketOps.bundle(SocketOps.recvSelect(SqeBytes.detached(), socket, 0, 0));
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("BUF-19")
    void bufferOfAFailedReceiveComesBackOnce(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            Descriptor socket = Descriptor.of(ends.first());
            BufferRing buffers = BufferRing.register(test.ring(), 0, 1, 16, false);
            MessageHeader sizes = new MessageHeader(ARENA, 1).reserve(16, 0);
            DatagramOps.recvmsgMultishot(test.sqe(), socket, sizes, 0, 0).userData(1);
            Libc.write(ends.second(), "x");
            TestRing.Event failed = test.take(1, EFAULT); // too small for what is reserved
            assertFalse(failed.more());
            if (failed.hasBuffer()) {
                buffers.advance(failed.bufferId(), 0);
                buffers.recycle(failed.bufferId());
                buffers.publish();
            }
            SocketOps.recvSelect(test.sqe(), socket, 0, 0).userData(2);
            TestRing.Event again = test.take(2, 1); // nor is the datagram lost
            assertEquals("x", BufferRingTest.text(buffers, again));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("MSH-04")
    void receivesAreLimitedEachAndTogether(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing.register(test.ring(), 0, 8, 64, false);
            Libc.write(ends.second(), "x".repeat(100));
            SocketOps.recvMultishot(test.sqe(), Descriptor.of(ends.first()), 0, 8, 20).userData(1);
            assertTrue(test.take(1, 8).more());
            assertTrue(test.take(1, 8).more());
            assertFalse(test.take(1, 8).more());
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"MSH-05", "FIL-29"})
    void pipesAndCountersAreReadRepeatedly(RingType type, @TempDir Path directory) {
        int fd = Libc.create(directory.resolve("file"));
        try (TestRing test = type.open()) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 8, 64, false);
            Libc.Pair pipe = Libc.pipe();
            FileOps.readMultishot(test.sqe(), Descriptor.of(pipe.first()), 0).userData(1);
            test.ring().submit();
            for (String text : List.of("one", "two")) {
                Libc.write(pipe.second(), text);
                TestRing.Event event = test.take(1, 3);
                assertTrue(event.more());
                assertEquals(text, BufferRingTest.text(buffers, event));
            }
            Libc.close(pipe.second());
            assertFalse(test.take(1, 0).more());
            Libc.close(pipe.first());
            FileOps.readMultishot(test.sqe(), Descriptor.of(fd), 0).userData(2);
            test.take(2, EBADFD);
            FileOps.readMultishot(test.sqe(), Descriptor.of(fd), 0).putByte(1, 0).userData(3);
            test.take(3, EINVAL); // without selecting a buffer
            FileOps.readMultishot(test.sqe(), Descriptor.of(fd), 0).addr(8).userData(4);
            test.take(4, EINVAL);
        }
        Libc.close(fd);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("MSH-07")
    void burstThatIsCancelledOrShutDownEndsOnce(RingType type) {
        try (TestRing test = type.open()) {
            for (boolean cancels : new boolean[] {true, false}) {
                Libc.Pair ends = Libc.socketPair(Libc.STREAM);
                BufferRing buffers = BufferRing.register(test.ring(), 0, 32, 16, false);
                SocketOps.recvMultishot(test.sqe(), Descriptor.of(ends.first()), 0).userData(1);
                test.ring().submit();
                Libc.write(ends.second(), "x".repeat(200));
                if (cancels) {
                    CancelOps.cancel(test.sqe(), 1).userData(2);
                } else {
                    SocketOps.shutdown(test.sqe(), Descriptor.of(ends.first()), 2).userData(2);
                }
                test.take(2);
                int last = 0;
                TestRing.Event event;
                do {
                    event = test.take(1);
                    last += event.more() ? 0 : 1;
                } while (event.more());
                assertEquals(1, last);
                assertEquals(List.of(), test.takeReady());
                buffers.unregister();
                ends.close();
            }
        }
    }

    @Test
    @Behaviour("MSH-11")
    void repeatedCommandWantsABuffer() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            MemorySegment none = MemorySegment.ofArray(new byte[0]);
            CommandOps.command(test.sqe(), Descriptor.of(ends.first()), 0, none)
                    .opFlags(2)
                    .userData(1);
            test.take(1, EINVAL);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("BUF-12")
    void groupsOfOlderKernelsAreProvidedAndRemoved(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            MemorySegment memory = test.ring().allocate(64).asSlice(0, 64);
            BufferOps.provide(test.sqe(), memory, 16, 9, 100).userData(1);
            test.take(1, 0);
            Set<Integer> ids = new HashSet<>();
            for (int i = 0; i < 2; i++) {
                Libc.write(ends.second(), "old");
                SocketOps.recvSelect(test.sqe(), Descriptor.of(ends.first()), 9, 0).userData(2);
                TestRing.Event event = test.take(2, 3);
                int id = event.bufferId();
                ids.add(id);
                assertEquals("old", Libc.string(memory, (id - 100) * 16L, 3));
            }
            assertEquals(2, ids.size());
            BufferOps.remove(test.sqe(), 9, 10).userData(3);
            test.take(3, 2);
            Libc.write(ends.second(), "none");
            SocketOps.recvSelect(test.sqe(), Descriptor.of(ends.first()), 9, 0).userData(4);
            test.take(4, ENOBUFS);
            BufferOps.remove(test.sqe(), 77, 1).userData(5);
            test.take(5, -2);
            BufferOps.provide(test.sqe(), memory, 16, 9, 65535).userData(6);
            test.take(6, EINVAL);
        }
    }
}
