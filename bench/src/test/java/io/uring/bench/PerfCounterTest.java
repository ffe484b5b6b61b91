package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.ReactorConfig;
import java.net.Socket;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class PerfCounterTest {
    private static final int MESSAGES = 100;

    /** Our server and its client are in this process: there are at least the calls of both. */
    @Test
    void callsAndEntriesOfThisProcessAreCounted() throws Exception {
        String obstacle = PerfCounter.obstacle();
        assumeTrue(obstacle == null, obstacle);
        try (EventLoopGroup loops = EventLoopGroup.start(1, ReactorConfig.defaults())) {
            int port = NetServer.listen(loops, Mode.ECHO, 0);
            LoadSpec spec = new LoadSpec(Mode.ECHO, LoadSpec.Kind.REQUESTS, 1, 64, 1, 0);
            CostLoad load = new CostLoad(port, Probe.request(spec), 64);
            try (Socket socket = load.open();
                    PerfCounter counter = PerfCounter.of(ProcessHandle.current().pid())) {
                load.pingPong(socket, 1);
                counter.start();
                load.pingPong(socket, MESSAGES);
                Map<String, Long> counts = counter.stop();
                assertTrue(counts.get(PerfCounter.SQES) >= MESSAGES, counts.toString());
                assertTrue(counts.get(PerfCounter.CQES) >= 2 * MESSAGES, counts.toString());
                assertTrue(counts.get(PerfCounter.ALL_CALLS) >= 2 * MESSAGES, counts.toString());
            }
        }
    }
}
