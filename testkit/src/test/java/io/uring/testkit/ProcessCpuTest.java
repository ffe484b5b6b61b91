package io.uring.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.UncheckedIOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ProcessCpuTest {
    @Test
    void parsesBehindACommandWithBlanksAndBrackets() {
        String stat = "42 (a b) c) S 1 42 42 0 -1 4194560 100 0 0 0 150 25 0 0 20 0 1 0 100";
        assertEquals(new ProcessCpu(1_500_000_000, 250_000_000), ProcessCpu.parse(stat));
    }

    @Test
    void busyLoopIsSeen() {
        ProcessCpu before = ProcessCpu.ofThisProcess();
        // Far above the tick; computing and nothing else.
        Eventually.isTrue(
                Duration.ofSeconds(30),
                "30 ms of CPU time used",
                () -> {
                    long until = System.nanoTime() + 5_000_000;
                    while (System.nanoTime() < until) {
                        Thread.onSpinWait();
                    }
                    return ProcessCpu.ofThisProcess().minus(before).totalNanos() >= 30_000_000;
                });
    }

    @Test
    void unknownProcessIsNamed() {
        UncheckedIOException e =
                assertThrows(UncheckedIOException.class, () -> ProcessCpu.of(Integer.MAX_VALUE));
        assertEquals(
                "no CPU time of process 2147483647: cannot read /proc/2147483647/stat",
                e.getMessage());
    }
}
