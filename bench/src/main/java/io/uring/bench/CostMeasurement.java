package io.uring.bench;

import java.io.IOException;
import java.net.Socket;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Counts what one contender takes for each operation. */
final class CostMeasurement {
    private static final int WARMUP_CONNECTIONS = 2000;
    private static final int CONNECTIONS = 500;
    private static final int WARMUP_MESSAGES = 20_000;
    private static final int WARMUP_ONE_WAY = 8000;
    private static final int MESSAGES = 10_000;
    private static final int ONE_WAY = 4000;
    private static final int BUSY_CONNECTIONS = 64;
    private static final int STREAM_CONNECTIONS = 4;
    private static final int STREAM_BYTES = 64 * 1024;
    private static final double WARMUP_SECONDS = 3;
    private static final double BUSY_SECONDS = 1;
    private static final double USER_SECONDS = 2;
    private static final double BYTES_PER_KIBIBYTE = 1024;

    /**
     * @param costs by operation
     * @param copyNanosPerKibibyte user time that a KiB of an echo adds; NaN where it is not known
     */
    record Result(Map<String, Cost> costs, double copyNanosPerKibibyte) {}

    private interface Work {
        long run() throws IOException, InterruptedException;
    }

    private final Contender contender;
    private final Pinning pinning;
    private final Mode mode;
    private final Map<String, Cost> costs = new LinkedHashMap<>();
    private List<Socket> open = List.of();

    CostMeasurement(Contender contender, Pinning pinning) {
        this.contender = contender;
        this.pinning = pinning;
        this.mode = contender.modes().contains(Mode.ECHO) ? Mode.ECHO : Mode.HTTP;
    }

    Result run() throws IOException, InterruptedException {
        try (ServerProcess server = ServerProcess.start(contender, mode, 1, pinning)) {
            LoadSpec small = spec(BUSY_CONNECTIONS, 64);
            int response = Probe.responseBytes(small, server.port());
            CostLoad load = new CostLoad(server.port(), Probe.request(small), response);
            warmUp(server, small, load);
            connections(server, load);
            Cost request;
            try (Socket socket = load.open()) {
                load.pingPong(socket, WARMUP_MESSAGES);
                request =
                        count(
                                server,
                                () -> {
                                    load.pingPong(socket, MESSAGES);
                                    return MESSAGES;
                                });
            }
            if (contender.modes().contains(Mode.SINK)) {
                Cost read = read();
                costs.put("read", read);
                costs.put("write", request.minus(read));
            }
            String name = mode == Mode.ECHO ? "echo" : "HTTP request";
            costs.put(name + ", 1 connection", request);
            costs.put(name + ", 64 connections", count(server, () -> busy(server, small)));
            double copy = mode == Mode.ECHO ? copyNanosPerKibibyte(server, small) : Double.NaN;
            return new Result(costs, copy);
        }
    }

    private LoadSpec spec(int connections, int bytes) {
        return new LoadSpec(mode, LoadSpec.Kind.REQUESTS, connections, bytes, 1, 0);
    }

    private static void warmUp(ServerProcess server, LoadSpec small, CostLoad load)
            throws IOException, InterruptedException {
        run(server, small, WARMUP_SECONDS);
        load.close(load.connect(WARMUP_CONNECTIONS));
    }

    private void connections(ServerProcess server, CostLoad load)
            throws IOException, InterruptedException {
        costs.put(
                "accept",
                count(
                        server,
                        () -> {
                            open = load.connect(CONNECTIONS);
                            return CONNECTIONS;
                        }));
        costs.put(
                "close",
                count(
                        server,
                        () -> {
                            load.close(open);
                            return CONNECTIONS;
                        }));
    }

    /** On a server that only reads. */
    private Cost read() throws IOException, InterruptedException {
        try (ServerProcess sink = ServerProcess.start(contender, Mode.SINK, 1, pinning)) {
            CostLoad load = new CostLoad(sink.port(), Probe.request(spec(1, 64)), 0);
            try (Socket socket = load.open()) {
                load.pingPong(socket, WARMUP_MESSAGES * 10); // nobody answers: as fast as it goes
                load.oneWay(socket, WARMUP_ONE_WAY);
                return count(
                        sink,
                        () -> {
                            load.oneWay(socket, ONE_WAY);
                            return ONE_WAY;
                        });
            }
        }
    }

    private static long busy(ServerProcess server, LoadSpec spec)
            throws IOException, InterruptedException {
        return run(server, spec, BUSY_SECONDS);
    }

    /** All requests, those before the window too: the counters see them. */
    private static long run(ServerProcess server, LoadSpec spec, double seconds)
            throws IOException, InterruptedException {
        try (Load load = Load.open(spec, server.port())) {
            load.start();
            return load.measure((long) (seconds * 1e9)).requests();
        }
    }

    /** What more bytes add to the server's time outside of the kernel. */
    private double copyNanosPerKibibyte(ServerProcess server, LoadSpec small)
            throws IOException, InterruptedException {
        LoadSpec large = spec(STREAM_CONNECTIONS, STREAM_BYTES);
        run(server, large, WARMUP_SECONDS);
        double more = userNanos(server, large) - userNanos(server, small);
        return more / (STREAM_BYTES / BYTES_PER_KIBIBYTE);
    }

    private static double userNanos(ServerProcess server, LoadSpec spec)
            throws IOException, InterruptedException {
        try (Load load = Load.open(spec, server.port())) {
            load.start();
            TimeUnit.MILLISECONDS.sleep(100);
            long before = ProcStat.userTicks(server.pid());
            LoadResult result = load.measure((long) (USER_SECONDS * 1e9));
            long ticks = ProcStat.userTicks(server.pid()) - before;
            return ticks * ProcStat.TICK_MICROS * 1e3 / Math.max(1, result.requests());
        }
    }

    private static Cost count(ServerProcess server, Work work)
            throws IOException, InterruptedException {
        try (PerfCounter counter = PerfCounter.of(server.pid())) {
            long allocatedBefore = server.allocatedBytes();
            counter.start();
            long operations = work.run();
            Map<String, Long> counts = counter.stop();
            return Cost.of(counts, server.allocatedBytes() - allocatedBefore, operations);
        }
    }
}
