package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** When a structure that an operation names can be filled again. */
@ExtendWith(DescriptorsReturn.class)
final class KernelStructTest {
    private static final long LONG_NANOS = 100 * TestRing.LIMIT_NANOS;

    /** Rings whose kernel may read structures after the submission. */
    static Stream<Named<RingConfig>> late() {
        return Stream.of(
                Named.of("SQPOLL", RingType.SQPOLL.config()),
                Named.of(
                        "without SUBMIT_STABLE",
                        new RingConfig(64, 256, Set.of(Feature.SUBMIT_STABLE))));
    }

    @ParameterizedTest
    @MethodSource("late")
    @Behaviour("SUB-13")
    void structureIsFixedUntilItsLastCompletionWhereTheKernelReadsLate(RingConfig config) {
        try (TestRing test = TestRing.open(config);
                Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(64);
            IoVectors pieces = new IoVectors(arena, 2).add(buffer);
            FileOps.readv(test.sqe(), Descriptor.of(pipe.first()), pieces, FileOps.CURRENT_POSITION)
                    .userData(1);
            test.ring().submit();
            assertThrows(IllegalStateException.class, () -> pieces.add(buffer));
            assertThrows(IllegalStateException.class, pieces::clear);
            assertEquals(1, pieces.count());
            Libc.write(pipe.second(), "x");
            test.take(1, 1);
            assertEquals(0, pieces.clear().count());
        }
    }

    @ParameterizedTest
    @MethodSource("late")
    @Behaviour("SUB-13")
    void structureOfSeveralOperationsIsFixedUntilTheLast(RingConfig config) {
        try (TestRing test = TestRing.open(config);
                Arena arena = Arena.ofConfined()) {
            Timespec time = new Timespec(arena).nanos(LONG_NANOS);
            for (int i = 1; i <= 3; i++) {
                TimeoutOps.timeout(test.sqe(), time, 0).userData(i);
            }
            test.ring().submit();
            for (int i = 1; i <= 3; i++) {
                assertThrows(IllegalStateException.class, () -> time.nanos(1));
                TimeoutOps.timeoutRemove(test.sqe(), i).userData(100 + i);
                test.take(100 + i, 0);
                test.take(i, -Errno.ECANCELED);
            }
            time.nanos(1);
        }
    }

    /** The same structure with the same user data twice is released as often as it was used. */
    @ParameterizedTest
    @MethodSource("late")
    void structureUsedTwiceWithOneUserDataIsMutableAfterBoth(RingConfig config) {
        try (TestRing test = TestRing.open(config);
                Arena arena = Arena.ofConfined()) {
            Timespec time = new Timespec(arena).nanos(1);
            TimeoutOps.timeout(test.sqe(), time, 0).userData(1);
            TimeoutOps.timeout(test.sqe(), time, 0).userData(1);
            test.take(1, -Errno.ETIME);
            test.take(1, -Errno.ETIME);
            time.nanos(2);
        }
    }

    @ParameterizedTest
    @MethodSource("late")
    void structureOfARingThatWasClosedIsMutable(RingConfig config) {
        try (Arena arena = Arena.ofConfined()) {
            Timespec time = new Timespec(arena).nanos(LONG_NANOS);
            try (TestRing test = TestRing.open(config)) {
                TimeoutOps.timeout(test.sqe(), time, 0).userData(1);
                test.ring().submit();
                assertThrows(IllegalStateException.class, () -> time.nanos(1));
            }
            time.nanos(1);
        }
    }

    @ParameterizedTest
    @MethodSource("late")
    void structureOfASilentOperationIsMutableOnceTheRingIsClosed(RingConfig config) {
        try (Arena arena = Arena.ofConfined()) {
            Timespec time = new Timespec(arena).nanos(1);
            try (TestRing test = TestRing.open(config)) {
                TimeoutOps.timeout(test.sqe(), time, 0, TimeoutOps.ETIME_SUCCESS)
                        .userData(1)
                        .skipSuccess();
                ControlOps.nop(test.sqe()).userData(2);
                test.take(2, 0);
                test.takeReady();
            }
            time.nanos(1);
        }
    }

    /** SUBMIT_STABLE: what the kernel read when it took the entry counts. */
    @ParameterizedTest
    @EnumSource(value = RingType.class, mode = EnumSource.Mode.EXCLUDE, names = "SQPOLL")
    @Behaviour("SUB-13")
    void vectorsMayBeFilledAgainOnceSubmitted(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            MemorySegment wanted = arena.allocate(64);
            MemorySegment other = arena.allocate(64);
            IoVectors pieces = new IoVectors(arena, 2).add(wanted);
            FileOps.readv(test.sqe(), Descriptor.of(pipe.first()), pieces, FileOps.CURRENT_POSITION)
                    .userData(1);
            test.ring().submit();
            pieces.clear().add(other).add(other);
            Libc.write(pipe.second(), "data");
            test.take(1, 4);
            assertEquals("data", Libc.string(wanted, 0, 4));
            assertEquals(-1, other.mismatch(arena.allocate(64)));
        }
    }

    @Test
    void structureOfAClosedArenaIsRefused() {
        IoVectors pieces;
        MemorySegment buffer = Arena.ofAuto().allocate(8);
        try (Arena arena = Arena.ofConfined()) {
            pieces = new IoVectors(arena, 1);
        }
        assertThrows(IllegalStateException.class, () -> pieces.add(buffer));
        try (TestRing test = TestRing.open()) {
            Sqe sqe = test.sqe();
            assertThrows(
                    IllegalStateException.class,
                    () -> FileOps.readv(sqe, Descriptor.of(0), pieces, 0));
            sqe.clear().userData(1);
            test.take(1, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(value = RingType.class, mode = EnumSource.Mode.EXCLUDE, names = "SQPOLL")
    @Behaviour("SUB-13")
    void structuresMayBeFreedOnceSubmitted(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe();
                Libc.Pair sockets = Libc.socketPair(Libc.STREAM);
                Arena kept = Arena.ofConfined()) {
            MemorySegment fromPipe = kept.allocate(16);
            MemorySegment fromSocket = kept.allocate(16);
            try (Arena freed = Arena.ofConfined()) {
                IoVectors pieces = new IoVectors(freed, 1).add(fromPipe);
                Descriptor reader = Descriptor.of(pipe.first());
                FileOps.readv(test.sqe(), reader, pieces, FileOps.CURRENT_POSITION).userData(1);
                MessageHeader message = new MessageHeader(freed, 1).add(fromSocket, 0, 16);
                DatagramOps.recvmsg(test.sqe(), Descriptor.of(sockets.first()), message, 0)
                        .userData(2);
                TimeoutOps.timeout(test.sqe(), new Timespec(freed).nanos(20_000_000), 0)
                        .userData(3);
                MemorySegment path = freed.allocateFrom("/no/such/file");
                PathOps.unlinkat(test.sqe(), Fd.CWD, path, 0).userData(4);
                assertEquals(4, test.ring().submit());
                message.segment().fill((byte) -1);
                pieces.segment().fill((byte) -1);
                path.fill((byte) 'x');
            }
            Libc.write(pipe.second(), "pipe");
            Libc.write(sockets.second(), "socket");
            test.take(1, 4);
            test.take(2, 6);
            test.take(3, -Errno.ETIME);
            test.take(4, -Errno.ENOENT);
            assertEquals("pipe", Libc.string(fromPipe, 0, 4));
            assertEquals("socket", Libc.string(fromSocket, 0, 6));
        }
    }
}
