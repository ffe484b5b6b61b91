package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.Ring;
import io.uring.testkit.NothingLeft;
import io.uring.testkit.ProcessCpu;
import io.uring.testkit.RequiresKernel;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a loop does while it waits, nothing is lost, and in the end it sleeps. */
@Timeout(120)
@ExtendWith(NothingLeft.class)
final class IdleStrategyTest {
    private static final long SPIN_NANOS = 100_000;

    static Stream<IdleStrategy> strategies() {
        return Stream.of(
                IdleStrategy.sleep(),
                IdleStrategy.spinThenSleep(SPIN_NANOS),
                IdleStrategy.minWait(8, 100));
    }

    private static ReactorConfig config(IdleStrategy idle) {
        return ReactorConfig.defaults().withIdle(idle);
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void noWakeIsLost(IdleStrategy idle) throws Exception {
        Semaphore answered = new Semaphore(0);
        try (EventLoop loop = EventLoop.start(config(idle))) {
            for (int i = 0; i < 10_000; i++) {
                loop.execute(answered::release);
                assertTrue(answered.tryAcquire(10, TimeUnit.SECONDS), "round " + i);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void idleLoopUsesNoCpu(IdleStrategy idle) {
        try (EventLoop loop = EventLoop.start(config(idle))) {
            LockSupport.parkNanos(200_000_000);
            long cpu = ProcessCpu.leastOf(3, 1_000_000_000, 100_000_000);
            assertTrue(cpu < 100_000_000, () -> loop + " took " + cpu + " ns");
        }
    }

    @ParameterizedTest
    @MethodSource("strategies")
    void timersRunInTime(IdleStrategy idle) {
        try (Turns turns = new Turns("", config(idle))) {
            boolean[] ran = new boolean[1];
            turns.reactor.schedule(new Timer(() -> ran[0] = true), 5_000_000);
            turns.reactor.poll(Ring.FOREVER);
            turns.until(() -> ran[0]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "taskrun_flag", "defer_taskrun", "defer_taskrun,coop_taskrun"})
    void spinningFindsCompletions(String mask) {
        try (Turns turns = new Turns(mask, config(IdleStrategy.spinThenSleep(SPIN_NANOS)))) {
            for (int i = 0; i < 1000; i++) {
                Turns.Probe nop = Turns.nop();
                turns.reactor.submit(nop);
                turns.until(nop::isDone);
                assertEquals(0, nop.results.getFirst());
            }
        }
    }

    @Test
    void spinEndsAtTheTimeout() {
        IdleStrategy second = IdleStrategy.spinThenSleep(1_000_000_000);
        try (Turns turns = new Turns("", config(second))) {
            long start = System.nanoTime();
            assertEquals(0, turns.reactor.poll(1_000_000));
            assertTrue(System.nanoTime() - start < 900_000_000, "it looked on after its time");
        }
    }

    @Test
    @RequiresKernel("6.12")
    void minWaitGathersCompletions() {
        IdleStrategy batch = IdleStrategy.minWait(2, 1_000_000);
        try (Turns turns = new Turns("", config(batch))) {
            Turns.Probe first = Turns.nop();
            Turns.Probe second = Turns.nop();
            turns.reactor.submit(first);
            turns.reactor.submit(second);
            long start = System.nanoTime();
            assertEquals(2, turns.reactor.poll(Ring.FOREVER));
            assertTrue(System.nanoTime() - start < 900_000_000, "two are enough");
        }
    }

    @Test
    void withoutTheFeatureMinWaitSleeps() {
        IdleStrategy batch = IdleStrategy.minWait(1000, 1_000_000);
        try (Turns turns = new Turns("min_timeout", config(batch))) {
            Turns.Probe nop = Turns.nop();
            turns.reactor.submit(nop);
            assertEquals(1, turns.reactor.poll(Ring.FOREVER));
        }
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> IdleStrategy.spinThenSleep(0));
        assertThrows(
                IllegalArgumentException.class, () -> IdleStrategy.spinThenSleep(2_000_000_000));
        assertThrows(IllegalArgumentException.class, () -> IdleStrategy.minWait(1, 10));
        assertThrows(IllegalArgumentException.class, () -> IdleStrategy.minWait(2, 0));
    }
}
