package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.RequiresKernel;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Other threads end a ring's wait. */
@ExtendWith(DescriptorsReturn.class)
final class WakeTest {
    private static final long SLEEP_MILLIS = 30;

    @ParameterizedTest
    @MethodSource("io.uring.ring.SubmissionTest#types")
    @Behaviour({"MSG-05", "MSG-07"})
    @RequiresKernel("6.13")
    void messageFromAThreadWithoutARingEndsAWait(Set<Feature> masked) throws InterruptedException {
        try (TestRing test = TestRing.open(new RingConfig(8, 32, masked))) {
            RingMessage message = test.ring().message(7, 42);
            Thread thread = later(() -> assertEquals(0, message.send()));
            test.ring().submitAndWait(1, Ring.FOREVER);
            test.take(7, 42);
            thread.join();
        }
    }

    @Test
    @Behaviour("MSG-07")
    @RequiresKernel("6.13")
    void messageIsSentAsOftenAsItIsAsked() {
        try (TestRing test = TestRing.open()) {
            RingMessage message = test.ring().message(-1, -5);
            for (int i = 0; i < 3; i++) {
                assertEquals(0, message.send());
            }
            for (int i = 0; i < 3; i++) {
                test.take(-1, -5);
            }
        }
    }

    @Test
    @Behaviour({"MSG-06", "MSG-08"})
    @RequiresKernel("6.13")
    void messagesOfFourThreadsAllArriveThroughASmallQueue() throws InterruptedException {
        int each = 5_000;
        try (TestRing test = TestRing.open(4, 4)) {
            AtomicInteger failures = new AtomicInteger();
            Thread[] senders = new Thread[4];
            for (int i = 0; i < senders.length; i++) {
                RingMessage message = test.ring().message(i + 1, i);
                senders[i] =
                        new Thread(() -> {
                            for (int n = 0; n < each; n++) {
                                if (message.send() != 0) {
                                    failures.incrementAndGet();
                                }
                            }
                        });
                senders[i].start();
            }
            int[] received = new int[senders.length];
            for (int n = 0; n < senders.length * each; n++) {
                TestRing.Event event = test.takeNext(1).getFirst();
                received[(int) event.userData() - 1]++;
            }
            for (int i = 0; i < senders.length; i++) {
                senders[i].join();
                assertEquals(each, received[i]);
            }
            assertEquals(0, failures.get());
            assertEquals(0, test.ring().lostCompletions());
        }
    }

    @Test
    @Behaviour("MSG-01")
    void messageOperationReachesAnotherRing() {
        try (TestRing source = TestRing.open();
                TestRing target = TestRing.open()) {
            Descriptor fd = Descriptor.of(target.ring().fd());
            MessageOps.send(source.sqe(), fd, 0xCAFEL, 9).userData(1);
            source.take(1, 0);
            target.take(0xCAFEL, 9);
        }
    }

    @Test
    @Behaviour("MSG-03")
    void messageOperationToItselfAndToNoRing() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            MessageOps.send(test.sqe(), Descriptor.of(test.ring().fd()), 5, 6).userData(1);
            MessageOps.send(test.sqe(), Descriptor.of(pipe.first()), 5, 6).userData(2);
            test.take(1, 0);
            test.take(5, 6);
            test.take(2, -77);
        }
    }

    @Test
    @Behaviour("MSG-03")
    void messageToARingThatIsNotEnabledFails() {
        try (TestRing source = TestRing.open();
                Ring target = Ring.open(new RingConfig(8, 32, Set.of()))) {
            MessageOps.send(source.sqe(), Descriptor.of(target.fd()), 1, 1).userData(1);
            source.take(1, -77);
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.ring.SubmissionTest#types")
    void eventDescriptorEndsAWait(Set<Feature> masked) throws InterruptedException {
        try (TestRing test = TestRing.open(new RingConfig(8, 32, masked));
                EventFd wake = EventFd.open(test.ring())) {
            wake.prepareRead(test.sqe()).userData(7);
            test.ring().submit();
            Thread thread = later(wake::signal);
            test.ring().submitAndWait(1, Ring.FOREVER);
            test.take(7, 8);
            thread.join();
        }
    }

    @Test
    void eventDescriptorIsReadAgainAndAgain() {
        try (TestRing test = TestRing.open();
                EventFd wake = EventFd.open(test.ring())) {
            for (int i = 1; i <= 3; i++) {
                wake.signal();
                wake.signal(); // counts, but wakes once
                wake.prepareRead(test.sqe()).userData(i);
                test.take(i, 8);
            }
            wake.prepareRead(test.sqe()).userData(9);
            test.ring().submit();
            assertFalse(test.ring().readyCqes() > 0);
            CancelOps.cancel(test.sqe(), 9).userData(10);
            test.take(10, 0);
            test.take(9, -125);
        }
    }

    @Test
    void eventDescriptorClosesOnceAndIsSilentAfterwards() {
        FaultyKernel kernel = new FaultyKernel();
        try (TestRing test = TestRing.open(new RingConfig(8, 32, Set.of()), kernel)) {
            EventFd wake = EventFd.open(test.ring());
            assertEquals(2, kernel.openDescriptors());
            wake.close();
            wake.close();
            assertEquals(1, kernel.openDescriptors());
            wake.signal(); // the number may be somebody else's
            assertEquals(0, kernel.signals);
        }
    }

    @Test
    void eventDescriptorThatCannotBeMadeNamesTheErrno() {
        try (TestRing test =
                TestRing.open(
                        new RingConfig(8, 32, Set.of(Feature.NO_SQARRAY)), new MemoryKernel(0))) {
            RingException e = assertThrows(RingException.class, () -> EventFd.open(test.ring()));
            assertEquals(
                    "eventfd: EMFILE. No descriptors left: raise ulimit -n (LimitNOFILE).",
                    e.getMessage());
        }
    }

    /** Once the owner sleeps, or a little before. */
    private static Thread later(Runnable wake) {
        Thread thread =
                new Thread(() -> {
                    try {
                        Thread.sleep(SLEEP_MILLIS);
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                    wake.run();
                });
        thread.start();
        assertTrue(thread.isAlive());
        return thread;
    }
}
