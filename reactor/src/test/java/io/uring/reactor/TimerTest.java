package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.NothingLeft;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Deadlines: in order, never early, and not much late. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class TimerTest {
    private static final long MILLI = 1_000_000;

    @Test
    void queueGivesTimersInTheOrderOfTheirDeadlines() {
        Random random = random("queue");
        TimerQueue queue = new TimerQueue();
        List<Timer> timers = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            Timer timer = new Timer(() -> {});
            timers.add(timer);
            queue.schedule(timer, random.nextInt(5000));
        }
        int left = timers.size();
        for (Timer timer : timers) {
            switch (random.nextInt(4)) {
                case 0 -> {
                    queue.remove(timer);
                    left--;
                }
                case 1 -> queue.schedule(timer, random.nextInt(5000)); // moves
                default -> {}
            }
        }
        long last = Long.MIN_VALUE;
        for (Timer due = queue.pollDue(5000); due != null; due = queue.pollDue(5000)) {
            assertTrue(due.deadline >= last, "in order");
            assertFalse(due.isScheduled());
            last = due.deadline;
            left--;
        }
        assertEquals(0, left);
    }

    @Test
    void queueWorksAcrossTheWrapOfNanoTime() {
        TimerQueue queue = new TimerQueue();
        Timer before = new Timer(() -> {});
        Timer after = new Timer(() -> {});
        queue.schedule(after, Long.MIN_VALUE + 5);
        queue.schedule(before, Long.MAX_VALUE - 5);
        assertEquals(10, queue.untilFirst(Long.MAX_VALUE - 15));
        assertEquals(before, queue.pollDue(Long.MAX_VALUE));
        assertEquals(null, queue.pollDue(Long.MAX_VALUE));
        assertEquals(after, queue.pollDue(Long.MIN_VALUE + 5));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "ext_arg", "defer_taskrun"})
    void timersFireInOrderAndNeverEarly(String mask) {
        Random random = random("timers");
        try (Turns turns = new Turns(mask, ReactorConfig.defaults())) {
            int[] fired = new int[1];
            long[] last = {Long.MIN_VALUE};
            int count = 10_000;
            for (int i = 0; i < count; i++) {
                Timer[] timer = new Timer[1];
                timer[0] =
                        new Timer(() -> {
                            assertTrue(System.nanoTime() >= timer[0].deadline, "early");
                            assertTrue(timer[0].deadline >= last[0], "in order");
                            last[0] = timer[0].deadline;
                            fired[0]++;
                        });
                turns.reactor.schedule(timer[0], random.nextInt((int) (200 * MILLI)));
            }
            turns.until(() -> fired[0] == count); // those with a failed assertion do not count
        }
    }

    @Test
    void cancelledTimerDoesNotFireAndRescheduledOneFiresOnce() {
        try (Turns turns = new Turns()) {
            List<String> fired = new ArrayList<>();
            Timer cancelled = new Timer(() -> fired.add("cancelled"));
            Timer moved = new Timer(() -> fired.add("moved"));
            turns.reactor.schedule(cancelled, 10 * MILLI);
            turns.reactor.schedule(moved, 10 * MILLI);
            turns.reactor.schedule(moved, 40 * MILLI);
            turns.reactor.cancel(cancelled);
            turns.reactor.cancel(cancelled);
            turns.during(25 * MILLI);
            assertEquals(List.of(), fired);
            turns.during(50 * MILLI);
            assertEquals(List.of("moved"), fired);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "ext_arg"})
    void earlierDeadlineShortensTheWait(String mask) {
        try (Turns turns = new Turns(mask, ReactorConfig.defaults())) {
            long start = System.nanoTime();
            boolean[] fired = new boolean[1];
            turns.reactor.schedule(new Timer(() -> {}), 60_000 * MILLI);
            turns.reactor.schedule(new Timer(() -> fired[0] = true), 20 * MILLI);
            while (!fired[0]) {
                turns.reactor.poll(io.uring.ring.Ring.FOREVER);
            }
            long taken = System.nanoTime() - start;
            assertTrue(taken >= 20 * MILLI && taken < 1000 * MILLI, () -> taken + " ns");
        }
    }

    @Test
    void workOfTheTurnDoesNotDelayADeadline() {
        try (Turns turns = new Turns()) {
            long[] late = new long[1];
            boolean[] fired = new boolean[1];
            turns.reactor.execute(() -> {
                long deadline = System.nanoTime() + 300 * MILLI;
                turns.reactor.schedule(
                        new Timer(() -> {
                            fired[0] = true;
                            late[0] = System.nanoTime() - deadline;
                        }),
                        300 * MILLI);
                while (System.nanoTime() < deadline - 20 * MILLI) {
                    Thread.onSpinWait();
                }
            });
            while (!fired[0]) {
                turns.reactor.poll(io.uring.ring.Ring.FOREVER);
            }
            assertTrue(late[0] < 150 * MILLI, () -> late[0] + " ns late");
        }
    }

    @Test
    void timerMayScheduleItselfWithoutHoldingTheTurn() {
        try (Turns turns = new Turns()) {
            int[] fired = new int[1];
            Timer[] timer = new Timer[1];
            timer[0] =
                    new Timer(() -> {
                        fired[0]++;
                        turns.reactor.schedule(timer[0], 0);
                    });
            turns.reactor.schedule(timer[0], 0);
            turns.until(() -> fired[0] > 100);
            turns.reactor.cancel(timer[0]);
        }
    }

    private static Random random(String test) {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("TimerTest." + test + ": -Dseed=" + seed);
        return new Random(seed);
    }
}
