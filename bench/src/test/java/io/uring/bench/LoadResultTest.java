package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.bench.LoadSpec.Kind;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

final class LoadResultTest {
    private static final long SECOND_NANOS = 1_000_000_000L;

    /** 999 answers within 10 us, then the server stalls for half a second. */
    private static Histogram stalled() {
        Histogram raw = new Histogram(60 * SECOND_NANOS, 3);
        raw.recordValueWithCount(10_000, 999);
        raw.recordValue(SECOND_NANOS / 2);
        return raw;
    }

    @Test
    void closedLoopCountsTheRequestsThatAStallHeldBack() {
        LoadSpec closed = new LoadSpec(Mode.ECHO, Kind.REQUESTS, 1, 64, 1, 0);
        Histogram raw = stalled();
        Histogram corrected = LoadResult.corrected(raw, closed, 1000, SECOND_NANOS);
        // One request a millisecond was the pace: about 500 were missing.
        assertEquals(1499.0, (double) corrected.getTotalCount(), 2.0);
        assertTrue(raw.getValueAtPercentile(99) < 20_000);
        assertTrue(corrected.getValueAtPercentile(99) > SECOND_NANOS / 4);
    }

    @Test
    void openLoopCountsFromTheIntendedStartAlready() {
        LoadSpec open = new LoadSpec(Mode.ECHO, Kind.REQUESTS, 1, 64, 1, 1000);
        Histogram raw = stalled();
        assertSame(raw, LoadResult.corrected(raw, open, 1000, SECOND_NANOS));
    }

    @Test
    void noRequestsAreNoError() {
        LoadSpec closed = new LoadSpec(Mode.ECHO, Kind.REQUESTS, 1, 64, 1, 0);
        Histogram empty = new Histogram(3);
        LoadResult result =
                new LoadResult(0, 0, LoadResult.corrected(empty, closed, 0, SECOND_NANOS), 0);
        assertEquals(0, result.perSecond());
        assertEquals(0, result.latencyMicros(99.9));
    }
}
