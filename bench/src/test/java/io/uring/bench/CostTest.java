package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class CostTest {
    private static final Map<String, Long> ECHO =
            Map.of(
                    PerfCounter.ALL_CALLS,
                    401L,
                    PerfCounter.SQES,
                    100L,
                    PerfCounter.CQES,
                    200L,
                    PerfCounter.CALL_PREFIX + "read",
                    100L,
                    PerfCounter.CALL_PREFIX + "write",
                    100L,
                    PerfCounter.CALL_PREFIX + "futex",
                    1L);

    @Test
    void countsAreSharedByTheOperationsAndRareCallsOnlyInTheSum() {
        assertEquals(
                "4.01 | 1.00 read, 1.00 write | 1.00 | 2.00 | 24",
                Cost.of(ECHO, 2400, 100).cells());
    }

    @Test
    void partIsTakenAway() {
        Cost read =
                Cost.of(
                        Map.of(PerfCounter.ALL_CALLS, 100L, PerfCounter.CALL_PREFIX + "read", 100L),
                        800,
                        100);
        assertEquals(
                "3.01 | 1.00 write | 1.00 | 2.00 | 16",
                Cost.of(ECHO, 2400, 100).minus(read).cells());
    }
}
