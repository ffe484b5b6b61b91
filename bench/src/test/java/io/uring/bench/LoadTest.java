package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.bench.LoadSpec.Kind;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.ReactorConfig;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Our load against our server, for a moment. */
final class LoadTest {
    private static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final EventLoopGroup loops = EventLoopGroup.start(1, ReactorConfig.defaults());

    @AfterEach
    void closeServer() {
        loops.close();
    }

    @Test
    void closedLoopIsAnswered() throws Exception {
        LoadResult result = run(new LoadSpec(Mode.ECHO, Kind.REQUESTS, 8, 64, 4, 0));
        assertTrue(result.requests() > 0);
        assertTrue(result.latencyMicros(50) > 0);
        assertEquals(0, result.errors());
    }

    @Test
    void messageLargerThanABufferIsAnswered() throws Exception {
        LoadResult result = run(new LoadSpec(Mode.ECHO, Kind.REQUESTS, 2, 200_000, 1, 0));
        assertTrue(result.requests() > 0);
        assertEquals(0, result.errors());
    }

    @Test
    void pipelinedHttpIsAnswered() throws Exception {
        LoadResult result = run(new LoadSpec(Mode.HTTP, Kind.REQUESTS, 4, 1, 100, 0));
        assertTrue(result.requests() > 0);
        assertEquals(0, result.errors());
    }

    @Test
    void openLoopKeepsItsRate() throws Exception {
        LoadResult result = run(new LoadSpec(Mode.ECHO, Kind.REQUESTS, 4, 64, 8, 1000));
        // The bound is wide: a slow machine answers late, but never more than was asked.
        assertTrue(result.requests() > 0);
        assertTrue(result.requests() <= 1000 * (result.elapsedNanos() / 1e9 + 1));
    }

    @Test
    void churnConnectsAgainAndAgain() throws Exception {
        LoadResult result = run(new LoadSpec(Mode.ECHO, Kind.CHURN, 4, 64, 1, 0));
        assertTrue(result.requests() > 4);
        assertEquals(0, result.errors());
    }

    private LoadResult run(LoadSpec spec) throws Exception {
        int port = NetServer.listen(loops, spec.mode(), 0);
        try (Load load = Load.open(spec, port)) {
            load.start();
            return load.measure(WINDOW_NANOS);
        }
    }
}
