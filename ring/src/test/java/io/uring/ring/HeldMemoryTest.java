package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.Eventually;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory that nobody but an operation refers to. */
@ExtendWith(DescriptorsReturn.class)
final class HeldMemoryTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private static void assertHeld(WeakReference<?> reference) {
        for (int i = 0; i < 3; i++) {
            System.gc();
            assertFalse(reference.refersTo(null), "collected under the kernel");
        }
    }

    private static void assertCollected(WeakReference<?> reference) {
        Eventually.isTrue(
                LIMIT,
                "released after the last completion",
                () -> {
                    System.gc();
                    return reference.refersTo(null);
                });
    }

    private static MemorySegment fresh() {
        return Arena.ofAuto().allocate(64);
    }

    private static MemorySegment fresh(String text) {
        return Arena.ofAuto().allocateFrom(text, StandardCharsets.ISO_8859_1);
    }

    /** In a method of its own, so that no local variable keeps the memory. */
    private static WeakReference<MemorySegment> read(Sqe sqe, int fd, long userData) {
        MemorySegment buffer = fresh();
        FileOps.read(sqe, Descriptor.of(fd), buffer, FileOps.CURRENT_POSITION).userData(userData);
        return new WeakReference<>(buffer);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("ERR-06")
    void bufferOfAPendingReadIsKeptUntilItsCompletion(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            WeakReference<MemorySegment> buffer = read(test.sqe(), pipe.first(), 1);
            test.ring().submit();
            assertHeld(buffer);
            Libc.write(pipe.second(), "data");
            test.take(1, 4);
            assertCollected(buffer);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, 1L << 63})
    @Behaviour("ERR-06")
    void anyUserDataKeepsItsMemory(long userData) {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            WeakReference<MemorySegment> buffer = read(test.sqe(), pipe.first(), userData);
            test.ring().submit();
            ControlOps.nop(test.sqe()).userData(5);
            test.take(5, 0);
            assertHeld(buffer);
            Libc.write(pipe.second(), "data");
            test.take(userData, 4);
            assertCollected(buffer);
        }
    }

    /** Two reads of one user data: the first completion releases neither. */
    @Test
    @Behaviour("ERR-06")
    void sharedUserDataKeepsAllUntilTheLast() {
        try (TestRing test = TestRing.open();
                Libc.Pair one = Libc.pipe();
                Libc.Pair two = Libc.pipe()) {
            WeakReference<MemorySegment> first = read(test.sqe(), one.first(), 9);
            WeakReference<MemorySegment> second = read(test.sqe(), two.first(), 9);
            test.ring().submit();
            Libc.write(one.second(), "x");
            test.take(9, 1);
            assertHeld(first);
            assertHeld(second);
            Libc.write(two.second(), "xy");
            test.take(9, 2);
            assertCollected(first);
            assertCollected(second);
        }
    }

    @Test
    @Behaviour("ERR-06")
    void cancelledReadReleasesItsBuffer() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            WeakReference<MemorySegment> buffer = read(test.sqe(), pipe.first(), 1);
            CancelOps.cancel(test.sqe(), 1).userData(2);
            test.take(2, 0);
            test.take(1, -Errno.ECANCELED);
            assertCollected(buffer);
        }
    }

    /** A multishot timeout reads its structure at each completion but the last. */
    @Test
    @Behaviour("ERR-06")
    void moreFlagKeepsWhatIsNamed() {
        try (TestRing test = TestRing.open()) {
            WeakReference<Timespec> time = ticks(test.sqe());
            for (int i = 0; i < 2; i++) {
                assertTrue(test.take(1, -Errno.ETIME).more());
                assertHeld(time);
            }
            assertFalse(test.take(1, -Errno.ETIME).more());
            assertCollected(time);
        }
    }

    private static WeakReference<Timespec> ticks(Sqe sqe) {
        Timespec time = new Timespec(Arena.ofAuto()).nanos(20_000_000);
        TimeoutOps.timeoutMultishot(sqe, time, 3, 0).userData(1);
        return new WeakReference<>(time);
    }

    /** The result of a zero-copy send is not its end. */
    @Test
    @Behaviour("ERR-06")
    void zeroCopySendKeepsItsBufferUntilTheNotification() {
        try (TestRing test = TestRing.open();
                Loopback loopback = Loopback.listen(test);
                Libc.Pair ends = loopback.connection()) {
            WeakReference<MemorySegment> buffer = zeroCopy(test.sqe(), ends.first());
            int[] left = {2};
            while (left[0] == 2) {
                test.ring().submitAndWait(1, TestRing.LIMIT_NANOS);
                test.ring()
                        .drain(
                                (userData, result, flags) -> {
                                    assertEquals(5, result);
                                    assertTrue((flags & Cqe.F_MORE) != 0);
                                    left[0]--;
                                },
                                1);
            }
            assertHeld(buffer);
            TestRing.Event notification = test.take(1, 0);
            assertTrue((notification.flags() & Cqe.F_NOTIF) != 0);
            assertCollected(buffer);
            assertEquals("hello", Libc.read(ends.second()));
        }
    }

    private static WeakReference<MemorySegment> zeroCopy(Sqe sqe, int fd) {
        MemorySegment buffer = fresh("hello");
        ZeroCopyOps.send(sqe, Descriptor.of(fd), buffer, 0, 5, 0).userData(1);
        return new WeakReference<>(buffer);
    }

    /** The pieces of a vector are kept through the structure that lists them. */
    @Test
    @Behaviour("ERR-06")
    void piecesOfAVectorAreKept() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            WeakReference<MemorySegment> piece = readv(test.sqe(), pipe.first());
            test.ring().submit();
            assertHeld(piece);
            Libc.write(pipe.second(), "data");
            test.take(1, 4);
            assertCollected(piece);
        }
    }

    private static WeakReference<MemorySegment> readv(Sqe sqe, int fd) {
        MemorySegment piece = fresh();
        IoVectors pieces = new IoVectors(Arena.ofAuto(), 1).add(piece);
        FileOps.readv(sqe, Descriptor.of(fd), pieces, FileOps.CURRENT_POSITION).userData(1);
        return new WeakReference<>(piece);
    }

    @Test
    @Behaviour("ERR-06")
    void silentReadIsKeptByTheEndOfItsChain() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            Sqe sqe = test.sqe();
            WeakReference<MemorySegment> silent = read(sqe, pipe.first(), 1);
            sqe.link().skipSuccess();
            WeakReference<MemorySegment> last = read(test.sqe(), pipe.first(), 2);
            test.ring().submit();
            assertHeld(silent);
            Libc.write(pipe.second(), "x".repeat(64));
            assertHeld(silent);
            Libc.write(pipe.second(), "yz");
            test.take(2, 2);
            assertCollected(silent);
            assertCollected(last);
        }
    }

    /** A chain whose end names nothing: what others name later is not of this chain. */
    @Test
    @Behaviour("ERR-06")
    void silentReadIsKeptWhenTheEndOfItsChainNamesNothing() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe();
                Libc.Pair other = Libc.pipe()) {
            Sqe sqe = test.sqe();
            WeakReference<MemorySegment> silent = read(sqe, pipe.first(), 1);
            sqe.link().skipSuccess();
            ControlOps.nop(test.sqe()).userData(2);
            Libc.write(other.second(), "other");
            WeakReference<MemorySegment> unrelated = read(test.sqe(), other.first(), 3);
            test.take(3, 5);
            assertCollected(unrelated);
            assertHeld(silent);
            Libc.write(pipe.second(), "x".repeat(64));
            test.take(2, 0);
            assertCollected(silent);
        }
    }

    /** Nobody will tell of the end of a follower: what it names must not be kept for ever. */
    @Test
    @Behaviour({"ERR-06", "CQ-12"})
    void followersOfASilentFailureDoNotHoldUpClosing() {
        FaultyKernel kernel = new FaultyKernel();
        long start;
        try (TestRing test = TestRing.open(RingType.BEST.config(), kernel);
                Libc.Pair pipe = Libc.pipe()) {
            ControlOps.nop(test.sqe(), -Errno.EIO).userData(1).link().skipSuccess();
            WeakReference<MemorySegment> follower = read(test.sqe(), pipe.first(), 2);
            test.take(1, -Errno.EIO);
            assertEquals(0, test.takeReady().size());
            assertFalse(follower.refersTo(null));
            start = System.nanoTime();
        }
        assertEquals(0, kernel.openMappings(), "leaked");
        assertTrue(System.nanoTime() - start < 500_000_000L, "close waited for nothing");
    }
}
