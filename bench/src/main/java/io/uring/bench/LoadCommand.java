package io.uring.bench;

import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code load --port P}: loads a server that runs already. */
@Command(
        name = "load",
        mixinStandardHelpOptions = true,
        description = "Load an echo or HTTP server on 127.0.0.1 and print what it did.")
final class LoadCommand implements Callable<Integer> {
    @Option(names = "--port", required = true, description = "The server's port.")
    private int port;

    @Option(names = "--mode", description = "echo or http (default: ${DEFAULT-VALUE}).")
    private Mode mode = Mode.ECHO;

    @Option(names = "--kind", description = "requests, churn or idle (default: ${DEFAULT-VALUE}).")
    private LoadSpec.Kind kind = LoadSpec.Kind.REQUESTS;

    @Option(names = "--connections", description = "How many (default: ${DEFAULT-VALUE}).")
    private int connections = 64;

    @Option(
            names = "--bytes",
            description = "Size of an echoed message (default: ${DEFAULT-VALUE}).")
    private int bytes = 64;

    @Option(names = "--depth", description = "Requests in flight per connection (default: 1).")
    private int depth = 1;

    @Option(
            names = "--rate",
            description = "Requests a second, for an open loop (default: closed).")
    private double rate = 0;

    @Option(names = "--seconds", description = "How long (default: ${DEFAULT-VALUE}).")
    private double seconds = 5;

    @Option(names = "--warmup", description = "Seconds before that (default: ${DEFAULT-VALUE}).")
    private double warmup = 1;

    @Override
    public Integer call() throws Exception {
        LoadSpec spec = new LoadSpec(mode, kind, connections, bytes, depth, rate);
        try (Load load = Load.open(spec, port)) {
            load.start();
            TimeUnit.NANOSECONDS.sleep((long) (warmup * 1e9));
            LoadResult result = load.measure((long) (seconds * 1e9));
            System.out.printf(
                    "%d requests, %.0f/s, latency us p50 %.1f p99 %.1f p99.9 %.1f max %.1f, %d errors%n",
                    result.requests(),
                    result.perSecond(),
                    result.latencyMicros(50),
                    result.latencyMicros(99),
                    result.latencyMicros(99.9),
                    result.latencyMicros(100),
                    result.errors());
            return result.errors() == 0 ? 0 : 1;
        }
    }
}
