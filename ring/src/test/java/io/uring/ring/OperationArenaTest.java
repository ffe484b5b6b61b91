package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(DescriptorsReturn.class)
final class OperationArenaTest {
    /** Names memory of an arena, directly or inside of something else. */
    @FunctionalInterface
    interface Naming {
        void read(Sqe sqe, Descriptor pipe, Arena arena);
    }

    static Stream<Named<Naming>> namings() {
        return Stream.of(
                Named.of(
                        "a buffer",
                        (sqe, pipe, arena) -> FileOps.read(sqe, pipe, arena.allocate(8), ANYWHERE)),
                Named.of(
                        "a slice",
                        (sqe, pipe, arena) ->
                                FileOps.read(
                                        sqe, pipe, arena.allocate(16).asSlice(4, 8), ANYWHERE)),
                Named.of(
                        "vectors",
                        (sqe, pipe, arena) ->
                                FileOps.readv(
                                        sqe,
                                        pipe,
                                        new IoVectors(arena, 1).add(Arena.ofAuto().allocate(8)),
                                        ANYWHERE)),
                Named.of(
                        "a piece of vectors",
                        (sqe, pipe, arena) ->
                                FileOps.readv(
                                        sqe,
                                        pipe,
                                        new IoVectors(Arena.ofAuto(), 2)
                                                .add(Arena.ofAuto().allocate(2))
                                                .add(arena.allocate(8)),
                                        ANYWHERE)));
    }

    private static final long ANYWHERE = FileOps.CURRENT_POSITION;

    @ParameterizedTest
    @MethodSource("namings")
    @Behaviour("ERR-06")
    void arenaClosesOnlyAfterTheLastCompletion(Naming naming) {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            Arena arena = test.ring().newArena();
            Sqe sqe = test.sqe();
            naming.read(sqe, Descriptor.of(pipe.first()), arena);
            sqe.userData(1);
            assertThrows(IllegalStateException.class, arena::close);
            ControlOps.nop(test.sqe()).userData(2);
            test.take(2, 0);
            assertThrows(IllegalStateException.class, arena::close);
            assertTrue(arena.scope().isAlive());
            Libc.write(pipe.second(), "x");
            test.take(1, 1);
            arena.close();
            assertFalse(arena.scope().isAlive());
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("ERR-06")
    void arenaOfAPendingReadDoesNotClose(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            Arena arena = test.ring().newArena();
            MemorySegment buffer = arena.allocate(8);
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), buffer, ANYWHERE).userData(1);
            assertThrows(IllegalStateException.class, arena::close); // prepared
            test.ring().submit();
            assertThrows(IllegalStateException.class, arena::close); // in flight
            Libc.write(pipe.second(), "data");
            test.take(1, 4);
            assertEquals("data", Libc.string(buffer, 0, 4));
            arena.close();
            assertThrows(IllegalStateException.class, () -> buffer.fill((byte) 1));
        }
    }

    @Test
    void arenaThatNoOperationUsesClosesWhileOthersAreInFlight() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            Arena used = test.ring().newArena();
            Arena unused = test.ring().newArena();
            unused.allocate(8);
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), used.allocate(8), ANYWHERE)
                    .userData(1);
            test.ring().submit();
            unused.close();
            Libc.write(pipe.second(), "x");
            test.take(1, 1);
            used.close();
        }
    }

    @Test
    @Behaviour("ERR-09")
    void arenaClosesAfterItsRing() {
        Arena arena;
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            arena = test.ring().newArena();
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), arena.allocate(8), ANYWHERE)
                    .userData(1);
            CancelOps.cancel(test.sqe(), 1).userData(2);
            test.take(2, 0);
            test.take(1, -Errno.ECANCELED);
        }
        arena.close();
    }

    @Test
    @Behaviour("ERR-09")
    void arenaClosesAfterARingThatWasClosedWithAnOperationInFlight() {
        try (Libc.Pair pipe = Libc.pipe()) {
            Ring ring = Ring.open(RingType.BEST.config());
            ring.enable();
            Arena arena = ring.newArena();
            FileOps.read(ring.nextSqe(), Descriptor.of(pipe.first()), arena.allocate(8), ANYWHERE)
                    .userData(1);
            ring.submit();
            assertThrows(IllegalStateException.class, arena::close);
            ring.close();
            arena.close();
        }
    }

    /** Nobody tells the end of a silent operation but the end of the ring. */
    @Test
    @Behaviour("ERR-06")
    void arenaOfASilentOperationClosesAfterTheRing() {
        Arena arena;
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            Arena of = test.ring().newArena();
            Libc.write(pipe.second(), "8 bytes."); // fewer would not be a success
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), of.allocate(8), ANYWHERE)
                    .userData(1)
                    .skipSuccess();
            ControlOps.nop(test.sqe()).userData(2);
            test.take(2, 0);
            assertThrows(IllegalStateException.class, of::close);
            arena = of;
        }
        assertDoesNotThrow(arena::close);
    }

    @Test
    void arenaOfAClosedRingIsNotMade() {
        Ring ring = Ring.open(RingType.BEST.config());
        ring.close();
        assertThrows(IllegalStateException.class, ring::newArena);
    }
}
