package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import io.uring.testkit.Eventually;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How others learn of completions: a registered eventfd, and the ring's own readiness. */
@ExtendWith(DescriptorsReturn.class)
final class CompletionSignalTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int ENXIO = 6;
    private static final int REGISTER_EVENTFD = 4;
    private static final int UNREGISTER_EVENTFD = 5;
    private static final int REGISTER_EVENTFD_ASYNC = 7;

    /** An eventfd of the test's. */
    private record Counter(int fd) implements AutoCloseable {
        static Counter open() {
            return new Counter((int) LinuxKernel.instance().eventfd());
        }

        boolean isSignalled() {
            return Libc.isReadable(fd);
        }

        /** Waits for a signal, and zeroes the counter. */
        long await() {
            Eventually.isTrue(LIMIT, "a signal", this::isSignalled);
            return Libc.readLong(fd);
        }

        @Override
        public void close() {
            Libc.close(fd);
        }
    }

    private static long register(TestRing test, int opcode, int fd, int count) {
        try (Arena arena = Arena.ofConfined()) {
            long argument = arena.allocateFrom(ValueLayout.JAVA_INT, fd).address();
            return RawCalls.register(test.ring().fd(), opcode, argument, count);
        }
    }

    private static long unregister(TestRing test) {
        return RawCalls.register(test.ring().fd(), UNREGISTER_EVENTFD, 0, 0);
    }

    private static void poll(TestRing test, int fd, long userData) {
        PollOps.poll(test.sqe(), Descriptor.of(fd), PollOps.IN).userData(userData);
        test.ring().submit();
    }

    private static void nop(TestRing test, long userData) {
        ControlOps.nop(test.sqe()).userData(userData);
        test.ring().submit();
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CQ-14")
    void ringHasOneEventFd(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe();
                Counter counter = Counter.open()) {
            int fd = counter.fd();
            assertEquals(-ENXIO, unregister(test));
            assertEquals(-Errno.EINVAL, register(test, REGISTER_EVENTFD, fd, 2));
            assertEquals(-Errno.EINVAL, register(test, REGISTER_EVENTFD, pipe.first(), 1));
            assertEquals(0, register(test, REGISTER_EVENTFD, fd, 1));
            assertEquals(-Errno.EBUSY, register(test, REGISTER_EVENTFD, fd, 1));
            assertEquals(-Errno.EBUSY, register(test, REGISTER_EVENTFD_ASYNC, fd, 1));
            assertEquals(0, unregister(test));
            assertEquals(-ENXIO, unregister(test));
            assertEquals(0, register(test, REGISTER_EVENTFD, fd, 1));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CQ-15")
    void batchOfCompletionsSignalsAtLeastOnceAndAtMostOnceForEach(RingType type) {
        try (TestRing test = type.open();
                Counter counter = Counter.open()) {
            assertEquals(0, register(test, REGISTER_EVENTFD, counter.fd(), 1));
            assertFalse(counter.isSignalled());
            for (int i = 1; i <= 8; i++) {
                ControlOps.nop(test.sqe()).userData(i);
            }
            test.ring().submit();
            assertEquals(8, test.takeNext(8).size());
            long signals = counter.await();
            assertTrue(signals >= 1 && signals <= 8, signals + " signals");
            assertFalse(counter.isSignalled());
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CQ-16")
    void mutedEventFdIsSilentUntilItMaySpeakAgain(RingType type) {
        try (TestRing test = type.open();
                Counter counter = Counter.open()) {
            assertEquals(0, register(test, REGISTER_EVENTFD, counter.fd(), 1));
            test.ring().muteEventFd(true);
            nop(test, 1);
            test.take(1, 0);
            nop(test, 2);
            test.take(2, 0);
            assertFalse(counter.isSignalled());
            test.ring().muteEventFd(false);
            assertFalse(counter.isSignalled()); // what was missed is not told
            nop(test, 3);
            test.take(3, 0);
            assertEquals(1, counter.await());
        }
    }

    @ParameterizedTest
    @EnumSource(value = RingType.class, mode = EnumSource.Mode.EXCLUDE, names = "SQPOLL")
    @Behaviour("CQ-17")
    void asynchronousEventFdIsSilentForWhatCompletesInline(RingType type) {
        try (TestRing test = type.open();
                Counter counter = Counter.open()) {
            assertEquals(0, register(test, REGISTER_EVENTFD_ASYNC, counter.fd(), 1));
            for (int i = 1; i <= 3; i++) {
                nop(test, i);
                test.take(i, 0);
            }
            assertFalse(counter.isSignalled());
            ControlOps.nop(test.sqe()).userData(4).async();
            test.take(4, 0);
            assertTrue(counter.await() >= 1);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DEFER_TASKRUN", "BEST", "CQE32", "CQE_MIXED", "SQE128", "NO_MMAP"})
    @Behaviour("CQ-18")
    void signalOfDeferredWorkComesBeforeItsCompletion(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe();
                Counter counter = Counter.open()) {
            assertEquals(0, register(test, REGISTER_EVENTFD, counter.fd(), 1));
            poll(test, pipe.first(), 1);
            assertFalse(counter.isSignalled());
            Libc.write(pipe.second(), "x");
            assertTrue(counter.await() >= 1);
            assertEquals(0, test.ring().readyCqes());
            assertEquals(0, test.ring().submitAndWait(0, 0));
            assertEquals(1, test.ring().readyCqes());
            test.take(1, PollOps.IN);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CQ-19")
    void ringIsReadableWhileItHasCompletionsOrDeferredWork(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            int fd = test.ring().fd();
            assertFalse(Libc.isReadable(fd));
            nop(test, 1);
            Eventually.isTrue(LIMIT, "readable", () -> Libc.isReadable(fd));
            test.take(1, 0);
            assertFalse(Libc.isReadable(fd));
            poll(test, pipe.first(), 2);
            assertFalse(Libc.isReadable(fd));
            Libc.write(pipe.second(), "x");
            Eventually.isTrue(LIMIT, "readable", () -> Libc.isReadable(fd));
            test.take(2, PollOps.IN);
            assertFalse(Libc.isReadable(fd));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CQ-20")
    void pollOfAnotherRingCompletesWithThatRingsCompletion(RingType type) {
        try (TestRing test = TestRing.open();
                TestRing other = type.open()) {
            poll(test, other.ring().fd(), 1);
            assertEquals(0, test.takeReady().size());
            nop(other, 7);
            assertTrue((test.take(1).result() & PollOps.IN) != 0);
            other.take(7, 0);
        }
    }

    @Test
    @Behaviour("CQ-16")
    void muteOfAKernelWithoutTheFlagIsRefused() {
        RingConfig config = new RingConfig(8, 32, Set.of(Feature.NO_SQARRAY));
        try (TestRing test = TestRing.open(config, new MemoryKernel(0))) {
            assertThrows(UnavailableException.class, () -> test.ring().muteEventFd(true));
        }
    }
}
