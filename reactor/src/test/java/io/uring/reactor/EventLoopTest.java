package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.UnavailableException;
import io.uring.testkit.ChildJvm;
import io.uring.testkit.NothingLeft;
import io.uring.testkit.ProcessCpu;
import io.uring.testkit.SeccompChild;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The loop's thread: waking it, letting it sleep, ending it. */
@Timeout(120)
@ExtendWith(NothingLeft.class)
final class EventLoopTest {
    private static EventLoop start(String mask) {
        return Turns.masked(mask, () -> EventLoop.start(ReactorConfig.defaults()));
    }

    @Test
    void groupOfNoLoopsIsRefused() {
        ReactorConfig config = ReactorConfig.defaults();
        assertThrows(IllegalArgumentException.class, () -> EventLoopGroup.start(0, config));
        assertThrows(IllegalArgumentException.class, () -> EventLoopGroup.start(-1, config));
        assertThrows(
                IllegalArgumentException.class,
                () -> EventLoopGroup.startPinned(List.of(), config));
    }

    /** On rings that cannot be sent a message, the loop waits with a read that can fail. */
    @Test
    void wakesGoOnAfterTheReadThatWaitsForThemHasFailed() throws Exception {
        try (EventLoop loop = start("send_msg_ring")) {
            for (int i = 0; i < 10; i++) {
                CountDownLatch ran = new CountDownLatch(1);
                loop.execute(() -> {
                    loop.reactor().submit(Cancel.everything());
                    ran.countDown();
                });
                assertTrue(ran.await(10, TimeUnit.SECONDS), "cancelled " + i + " times");
                LockSupport.parkNanos(5_000_000); // the loop sleeps again, if it can be woken
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "send_msg_ring", "defer_taskrun"})
    void noTaskOfEightThreadsIsLost(String mask) throws Exception {
        int perThread = 100_000;
        AtomicInteger ran = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(8 * perThread);
        try (EventLoop loop = start(mask)) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                threads.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    for (int k = 0; k < perThread; k++) {
                                        loop.execute(() -> {
                                            ran.incrementAndGet();
                                            all.countDown();
                                        });
                                    }
                                }));
            }
            assertTrue(all.await(60, TimeUnit.SECONDS), () -> ran.get() + " ran");
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertEquals(8 * perThread, ran.get());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "send_msg_ring"})
    void noSingleWakeIsLost(String mask) throws Exception {
        int rounds = 100_000;
        Semaphore answered = new Semaphore(0);
        try (EventLoop loop = start(mask)) {
            ThreadLocalRandom random = ThreadLocalRandom.current();
            for (int i = 0; i < rounds; i++) {
                loop.execute(answered::release);
                int round = i;
                assertTrue(answered.tryAcquire(10, TimeUnit.SECONDS), () -> "round " + round);
                if (random.nextInt(8) == 0) { // around the moment when the loop falls asleep
                    for (int spin = random.nextInt(400); spin > 0; spin--) {
                        Thread.onSpinWait();
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "send_msg_ring", "ext_arg"})
    void sleepingLoopUsesNoCpu(String mask) {
        try (EventLoop loop = start(mask)) {
            LockSupport.parkNanos(200_000_000);
            long cpu = ProcessCpu.leastOf(3, 1_000_000_000, 100_000_000);
            assertTrue(cpu < 100_000_000, () -> cpu + " ns of CPU by " + loop);
        }
    }

    @Test
    void startingAndStoppingLeavesNothing() {
        for (int i = 0; i < 200; i++) {
            String mask = i % 2 == 0 ? "" : "send_msg_ring";
            EventLoop loop = start(mask);
            CountDownLatch done = new CountDownLatch(1);
            Thread other =
                    Thread.ofPlatform()
                            .start(() -> {
                                try {
                                    while (done.getCount() > 0) {
                                        loop.execute(() -> {});
                                    }
                                } catch (RejectedExecutionException expected) {
                                    done.countDown();
                                }
                            });
            if (i % 3 == 0) {
                LockSupport.parkNanos(100_000);
            }
            loop.close();
            done.countDown();
            assertTrue(joined(other));
        }
    }

    private static boolean joined(Thread thread) {
        try {
            return thread.join(Duration.ofSeconds(10));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void everyTaskEitherRunsOrIsRejected() throws Exception {
        for (int i = 0; i < 200; i++) {
            EventLoop loop = start("");
            AtomicInteger ran = new AtomicInteger();
            AtomicInteger accepted = new AtomicInteger();
            Thread other =
                    Thread.ofPlatform()
                            .start(() -> {
                                try {
                                    while (true) {
                                        loop.execute(ran::incrementAndGet);
                                        accepted.incrementAndGet();
                                    }
                                } catch (RejectedExecutionException end) {
                                    // the loop has closed
                                }
                            });
            loop.close();
            assertTrue(other.join(Duration.ofSeconds(10)));
            assertEquals(accepted.get(), ran.get());
        }
    }

    @Test
    void loopClosesItselfFromItsOwnThread() {
        EventLoop loop = start("");
        loop.execute(loop::close);
        loop.terminated().orTimeout(10, TimeUnit.SECONDS).join();
        assertThrows(RejectedExecutionException.class, () -> loop.execute(() -> {}));
        loop.close();
    }

    @Test
    void tasksRunOnTheNamedThread() throws Exception {
        try (EventLoop loop = start("")) {
            CountDownLatch done = new CountDownLatch(1);
            List<String> names = new ArrayList<>();
            loop.execute(() -> {
                names.add(Thread.currentThread().getName());
                assertTrue(loop.inLoop());
                done.countDown();
            });
            assertTrue(done.await(10, TimeUnit.SECONDS));
            assertTrue(names.getFirst().matches("uring-loop-\\d+"), names::getFirst);
            assertEquals(names.getFirst(), loop.toString());
        }
    }

    @Test
    void groupHandsItsLoopsOutInTurn() {
        try (EventLoopGroup group = EventLoopGroup.start(3, ReactorConfig.defaults())) {
            List<EventLoop> given = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                given.add(group.next());
            }
            assertEquals(given.subList(0, 3), given.subList(3, 6));
            assertEquals(3, given.stream().distinct().count());
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> EventLoopGroup.start(0, ReactorConfig.defaults()).close());
    }

    @Test
    void maskedIoUringIsUnavailableWithAReason() {
        UnavailableException e =
                assertThrows(UnavailableException.class, () -> start("io_uring").close());
        assertTrue(e.getMessage().contains("io.uring.mask"), e::getMessage);
    }

    @Test
    void forbiddenIoUringIsUnavailableWithTheRemedy() {
        try (ChildJvm child =
                SeccompChild.start(SeccompChild.EPERM, List.of(), StartsALoop.class)) {
            child.awaitExit(Duration.ofSeconds(30));
            assertTrue(child.output().contains("EPERM"), child::output);
            assertTrue(child.output().contains("seccomp"), child::output);
        }
    }

    /** Run where io_uring is forbidden. */
    static final class StartsALoop {
        public static void main(String[] arguments) {
            try (EventLoop loop = EventLoop.start(ReactorConfig.defaults())) {
                System.out.println("started " + loop);
            } catch (UnavailableException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
