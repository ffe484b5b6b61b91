package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Closing a ring while the kernel still has operations that name memory. */
@ExtendWith(DescriptorsReturn.class)
final class RingShutdownTest {
    /** Well below the second after which memory is given up. */
    private static final long QUICK_NANOS = 900_000_000;

    private final FaultyKernel kernel = new FaultyKernel();

    private Ring ring(RingConfig config) {
        Ring ring = Ring.open(config, kernel);
        ring.enable();
        return ring;
    }

    private static void read(Ring ring, int fd, MemorySegment buffer, long userData) {
        Sqe sqe = Objects.requireNonNull(ring.nextSqe());
        FileOps.read(sqe, Descriptor.of(fd), buffer, FileOps.CURRENT_POSITION).userData(userData);
    }

    private void assertClosesAtOnce(Ring ring) {
        long start = System.nanoTime();
        ring.close();
        long nanos = System.nanoTime() - start;
        assertEquals(0, kernel.openDescriptors());
        assertEquals(0, kernel.openMappings(), "leaked");
        assertTrue(nanos < QUICK_NANOS, () -> nanos + " ns");
    }

    /** The kernel has let go: what is written later goes elsewhere. */
    private static void assertUntouched(Libc.Pair pipe, MemorySegment buffer) {
        Libc.write(pipe.second(), "late");
        assertEquals("late", Libc.read(pipe.first()));
        assertEquals(-1, buffer.mismatch(Arena.ofAuto().allocate(buffer.byteSize())));
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"ERR-06", "ERR-09"})
    void pendingReadIsCancelledAndItsMemoryReturned(RingType type) {
        try (Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(8);
            Ring ring = ring(type.config());
            read(ring, pipe.first(), buffer, 1);
            ring.submit();
            assertClosesAtOnce(ring);
            assertUntouched(pipe, buffer);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("ERR-06")
    void operationWithoutUserDataIsWaitedForToo(RingType type) {
        try (Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(8);
            Ring ring = ring(type.config());
            read(ring, pipe.first(), buffer, Ring.NO_USER_DATA);
            read(ring, pipe.first(), buffer, Ring.NO_USER_DATA);
            ring.submit();
            assertClosesAtOnce(ring);
            assertUntouched(pipe, buffer);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("ERR-09")
    void entryThatWasNeverSubmittedDoesNotRun(RingType type) {
        try (Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom("text");
            Ring ring = ring(type.config());
            FileOps.write(
                            ring.nextSqe(),
                            Descriptor.of(pipe.second()),
                            text,
                            0,
                            4,
                            FileOps.CURRENT_POSITION)
                    .userData(1);
            assertClosesAtOnce(ring);
            Libc.write(pipe.second(), "after");
            assertEquals("after", Libc.read(pipe.first()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 64})
    @Behaviour("ERR-09")
    void queueFullOfEntriesAndOverflownCompletionsIsNoObstacle(int entries) {
        try (Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            Ring ring = ring(new RingConfig(entries, Math.max(2, entries), Set.of()));
            for (int i = 0; i < 4 * entries; i++) {
                read(ring, pipe.first(), arena.allocate(8), i + 1);
                ring.submit();
            }
            for (int i = 0; i < 4 * entries; i++) {
                ControlOps.nop(ring.nextSqe()).userData(1000 + i);
                ring.submit();
            }
            for (int i = 0; i < entries; i++) {
                read(ring, pipe.first(), arena.allocate(8), 2000 + i); // stays prepared
            }
            assertClosesAtOnce(ring);
        }
    }

    /** A ring whose kernel drops what does not fit must close with as many as it allows. */
    @Test
    @Behaviour("ERR-09")
    void ringWithoutNodropClosesAtItsLimit() {
        try (Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            Ring ring = ring(new RingConfig(4, 4, Set.of(Feature.NODROP)));
            for (int i = 0; i < 4; i++) {
                read(ring, pipe.first(), arena.allocate(8), i + 1);
            }
            ring.submit();
            assertClosesAtOnce(ring);
        }
    }

    /** Nothing cancels a timeout that is not known, so its memory is given up, not freed. */
    @Test
    @Behaviour("ERR-06")
    void whatCannotBeCancelledIsLeakedRatherThanFreed() {
        Set<Feature> masked = EnumSet.of(Feature.CANCEL_FD);
        try (Libc.Pair pipe = Libc.pipe()) {
            Ring ring = ring(new RingConfig(8, 32, masked));
            MemorySegment buffer = ring.allocate(8);
            read(ring, pipe.first(), buffer, 1);
            ring.submit();
            long start = System.nanoTime();
            ring.close();
            assertTrue(System.nanoTime() - start >= 1_000_000_000L);
            assertEquals(0, kernel.openDescriptors());
            assertTrue(buffer.scope().isAlive(), "freed under the kernel");
            assertEquals(1, kernel.openMappings(), "the buffer; the queues would keep the ring");
        }
    }

    @Test
    @Behaviour("ERR-06")
    void ringThatDoesNotWorkAnyMoreIsLeakedRatherThanFreed() {
        try (Libc.Pair pipe = Libc.pipe()) {
            Ring ring = ring(new RingConfig(8, 32, Set.of()));
            MemorySegment buffer = ring.allocate(8);
            read(ring, pipe.first(), buffer, 1);
            ring.submit();
            kernel.enterFaults.add((long) -Errno.EBADFD);
            ring.close();
            assertEquals(0, kernel.openDescriptors());
            assertTrue(buffer.scope().isAlive(), "freed under the kernel");
            assertEquals(1, kernel.openMappings(), "the buffer; the queues would keep the ring");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-Errno.EINTR, -Errno.EAGAIN, -Errno.EBUSY, -Errno.ETIME})
    @Behaviour({"ERR-03", "ERR-04"})
    void passingErrorsOfTheLastCallsAreRetried(long error) {
        try (Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            Ring ring = ring(new RingConfig(8, 32, Set.of()));
            read(ring, pipe.first(), arena.allocate(8), 1);
            ring.submit();
            for (int i = 0; i < 3; i++) {
                kernel.enterFaults.add(error);
            }
            assertClosesAtOnce(ring);
        }
    }

    /** A ring that tracks nothing closes at once and leaves memory to its owner. */
    @Test
    void bareRingWaitsForNothing() {
        try (Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            Ring ring = ring(new RingConfig(8, 32, Set.of()).bare());
            MemorySegment buffer = arena.allocate(8);
            read(ring, pipe.first(), buffer, 1);
            ring.submit();
            int calls = kernel.enters.size();
            assertClosesAtOnce(ring);
            assertEquals(calls, kernel.enters.size());
        }
    }
}
