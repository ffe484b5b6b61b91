package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import io.uring.testkit.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(DescriptorsReturn.class)
final class EventFdRegistrationTest {
    private static final int ENXIO = 6;
    private static final int EBUSY = 16;
    private static final int EINVAL = 22;
    private static final int REGISTER_EVENTFD = 4;
    private static final int UNREGISTER_EVENTFD = 5;

    private int number;
    private Fd eventFd;

    @BeforeEach
    void open() {
        number = (int) LinuxKernel.instance().eventfd();
        eventFd = Descriptor.of(number);
    }

    @AfterEach
    void close() {
        Libc.close(number);
    }

    @Test
    @Behaviour("CQ-14")
    void ringHasOneEventFd() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            Ring ring = test.ring();
            assertErrno(
                    EINVAL,
                    () -> EventFdRegistration.register(ring, Descriptor.of(pipe.first()), false));
            EventFdRegistration registered = EventFdRegistration.register(ring, eventFd, false);
            assertErrno(EBUSY, () -> EventFdRegistration.register(ring, eventFd, true));
            registered.close();
            registered.close();
            assertEquals(-ENXIO, ring.tryRegister(UNREGISTER_EVENTFD, 0, 0));
            MemorySegment fds = ring.allocate(8);
            fds.set(ValueLayout.JAVA_INT, 0, number);
            assertEquals(-EINVAL, ring.tryRegister(REGISTER_EVENTFD, fds.address(), 2));
            EventFdRegistration.register(ring, eventFd, true).close();
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CQ-15")
    void completionsRaiseTheEventFdAtMostOnceEach(RingType type) {
        try (TestRing test = type.open();
                EventFdRegistration registered =
                        EventFdRegistration.register(test.ring(), eventFd, false)) {
            assertEquals(0, count());
            for (int i = 1; i <= 10; i++) {
                ControlOps.nop(test.sqe()).userData(i);
            }
            for (int i = 1; i <= 10; i++) {
                test.take(i, 0);
            }
            long count = awaitSignal();
            assertTrue(count <= 10, () -> "counter " + count);
            registered.close();
            ControlOps.nop(test.sqe()).userData(11);
            test.take(11, 0);
            assertEquals(count, count());
        }
    }

    @Test
    @Behaviour("CQ-16")
    void mutedRingRaisesNothing() {
        try (TestRing test = TestRing.open();
                EventFdRegistration registered =
                        EventFdRegistration.register(test.ring(), eventFd, false)) {
            test.ring().muteEventFd(true);
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0);
            assertEquals(0, count());
            test.ring().muteEventFd(false);
            assertEquals(0, count());
            ControlOps.nop(test.sqe()).userData(2);
            test.take(2, 0);
            assertEquals(1, awaitSignal());
            registered.close();
        }
    }

    @Test
    @Behaviour("CQ-17")
    void asyncRegistrationIsSilentAboutWhatSubmissionCompletes() {
        try (TestRing test = RingType.PLAIN.open();
                EventFdRegistration registered =
                        EventFdRegistration.register(test.ring(), eventFd, true)) {
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0);
            assertEquals(0, count());
            ControlOps.nop(test.sqe()).async().userData(2); // on a worker thread
            test.take(2, 0);
            awaitSignal();
            registered.close();
        }
    }

    @Test
    @Behaviour("CQ-18")
    void signalOfADeferringRingTellsOfACompletionThatTheNextEnterBrings() {
        try (TestRing test = RingType.DEFER_TASKRUN.open();
                Libc.Pair pipe = Libc.pipe();
                EventFdRegistration registered =
                        EventFdRegistration.register(test.ring(), eventFd, false)) {
            PollOps.poll(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(1);
            test.ring().submit();
            Libc.write(pipe.second(), "x");
            awaitSignal();
            assertEquals(0, test.ring().readyCqes());
            test.ring().submitAndWait(0, 0);
            assertEquals(1, test.ring().readyCqes());
            test.take(1, PollOps.IN);
            registered.close();
        }
    }

    private long awaitSignal() {
        Eventually.isTrue(Duration.ofSeconds(10), "the eventfd is raised", () -> count() > 0);
        return count();
    }

    private long count() {
        try {
            String info = Files.readString(Path.of("/proc/self/fdinfo", String.valueOf(number)));
            String hex = info.replaceAll("(?s).*eventfd-count:\\s*([0-9a-f]+).*", "$1");
            return Long.parseLong(hex, 16);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void assertErrno(int errno, org.junit.jupiter.api.function.Executable call) {
        assertEquals(errno, assertThrows(RingException.class, call).errno());
    }
}
