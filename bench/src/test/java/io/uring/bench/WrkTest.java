package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.ReactorConfig;
import java.io.IOException;
import org.junit.jupiter.api.Test;

final class WrkTest {
    private static final String OUTPUT =
            """
            Running 3s test @ http://127.0.0.1:8080/plaintext
              1 threads and 64 connections
              Thread Stats   Avg      Stdev     Max   +/- Stdev
                Latency   310.25us  100.00us   5.00ms   90.00%
                Req/Sec   200.00k     1.00k  210.00k    60.00%
              Latency Distribution
                 50%  300.00us
                 75%  320.00us
                 90%  400.00us
                 99%    1.25ms
              600000 requests in 3.00s, 70.00MB read
            Requests/sec: 200000.00
            Transfer/sec:     23.33MB
            """;

    @Test
    void figuresAreReadInTheirUnits() throws IOException {
        Wrk.Output output = Wrk.parse(OUTPUT);
        assertEquals(600_000, output.requests());
        assertEquals(200_000, output.perSecond(), 1);
        assertEquals(300, output.p50Micros());
        assertEquals(1250, output.p99Micros());
        assertEquals(0, output.errors());
    }

    @Test
    void errorsOfEveryKindAreCounted() throws IOException {
        String bad =
                OUTPUT
                        + "  Socket errors: connect 1, read 2, write 0, timeout 3\n"
                        + "  Non-2xx or 3xx responses: 10\n";
        assertEquals(16, Wrk.parse(bad).errors());
    }

    @Test
    void otherOutputIsRefused() {
        assertThrows(IOException.class, () -> Wrk.parse("unable to connect"));
    }

    @Test
    void wrkItselfIsUnderstood() throws Exception {
        assumeTrue(Programs.exist("wrk"), "wrk is not installed");
        try (EventLoopGroup loops = EventLoopGroup.start(1, ReactorConfig.defaults())) {
            int port = NetServer.listen(loops, Mode.HTTP, 0);
            LoadSpec spec = new LoadSpec(Mode.HTTP, LoadSpec.Kind.REQUESTS, 4, 1, 16, 0);
            Wrk.Output output = Wrk.run(spec, port, 1);
            assertTrue(output.requests() > 0);
            assertTrue(output.p50Micros() > 0);
            assertEquals(0, output.errors());
        }
    }
}
