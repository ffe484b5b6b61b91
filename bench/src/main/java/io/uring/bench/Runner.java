package io.uring.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs scenarios: the servers of a scenario all live, each gets a warm-up, then the rounds go
 * around them, so that slow changes of the machine meet all alike.
 */
final class Runner implements AutoCloseable {
    /**
     * @param settleSeconds between the first request and the window that counts
     * @param budgetSeconds scenarios that would not end within it are left out; 0 for no limit
     * @param wrk whether wrk makes the HTTP load
     */
    record Plan(
            List<Contender> contenders,
            List<Scenario> scenarios,
            int rounds,
            double warmupSeconds,
            double settleSeconds,
            double windowSeconds,
            double budgetSeconds,
            boolean wrk) {}

    /**
     * Opening and closing connections, starting a JVM: what a measurement takes besides its times.
     */
    private static final double OVERHEAD_SECONDS = 0.3;

    private static final double C_WARMUP_SECONDS = 0.3;
    private static final String FRESH = "fresh";
    private static final double AGAIN_SHARE = 0.3;

    /**
     * Until the last of thousands of connections is accepted, and what that made hot is compiled.
     */
    private static final double IDLE_SETTLE_SECONDS = 3;

    private final Plan plan;
    private final Pinning pinning;
    private final PrintStream progress;
    private final long startedAt = System.nanoTime();
    private final Map<String, ServerProcess> servers = new ConcurrentHashMap<>();
    private final List<String> leftOut = new ArrayList<>();

    Runner(Plan plan, Pinning pinning, PrintStream progress) {
        this.plan = plan;
        this.pinning = pinning;
        this.progress = progress;
    }

    List<Table> run() throws InterruptedException {
        List<Table> tables = new ArrayList<>();
        for (Scenario scenario : plan.scenarios()) {
            List<Contender> able =
                    plan.contenders().stream()
                            .filter(contender -> contender.modes().contains(scenario.load().mode()))
                            .toList();
            if (able.isEmpty() || !fitsBudget(able, scenario.load().mode())) {
                leftOut.add(scenario.name());
                continue;
            }
            Table table = run(scenario, able);
            tables.add(table);
            progress.println(table.text());
        }
        return tables;
    }

    /**
     * Scenarios there was no time or no contender for, and contenders that failed, with the reason.
     */
    List<String> leftOut() {
        return List.copyOf(leftOut);
    }

    private boolean fitsBudget(List<Contender> contenders, Mode mode) {
        if (plan.budgetSeconds() == 0) {
            return true;
        }
        double round = plan.settleSeconds() + plan.windowSeconds() + OVERHEAD_SECONDS;
        double warmups =
                contenders.stream()
                        .mapToDouble(contender -> warmupSeconds(contender, mode) + OVERHEAD_SECONDS)
                        .sum();
        double needed = warmups + contenders.size() * plan.rounds() * round;
        return elapsedSeconds() + needed <= plan.budgetSeconds();
    }

    /** C is compiled already, and a server that runs already has had most of its warm-up. */
    private double warmupSeconds(Contender contender, Mode mode) {
        if (contender.isC()) {
            return Math.min(C_WARMUP_SECONDS, plan.warmupSeconds());
        }
        return plan.warmupSeconds() * (servers.containsKey(key(contender, mode)) ? AGAIN_SHARE : 1);
    }

    private static String key(Contender contender, Mode mode) {
        return contender.name() + " " + mode;
    }

    private double elapsedSeconds() {
        return (System.nanoTime() - startedAt) / 1e9;
    }

    private Table run(Scenario scenario, List<Contender> contenders) throws InterruptedException {
        Map<Contender, List<Round>> rounds = new LinkedHashMap<>();
        for (Contender contender : contenders) {
            show(scenario, contender, "warm-up");
            if (attempt(scenario, contender, warmupSeconds(contender, scenario.load().mode()))
                    != null) {
                rounds.put(contender, new ArrayList<>());
            }
        }
        for (int round = 1; round <= plan.rounds(); round++) {
            for (Map.Entry<Contender, List<Round>> entry : rounds.entrySet()) {
                show(scenario, entry.getKey(), "round " + round + "/" + plan.rounds());
                Round result = attempt(scenario, entry.getKey(), plan.windowSeconds());
                if (result != null) {
                    entry.getValue().add(result);
                }
            }
        }
        progress.print("\r\033[K");
        List<Row> rows = new ArrayList<>();
        rounds.forEach((contender, results) -> {
            if (!results.isEmpty()) {
                rows.add(new Row(contender, results));
            }
        });
        return new Table(scenario, rows);
    }

    private void show(Scenario scenario, Contender contender, String what) {
        progress.printf(
                "\r\033[K%4.0f s  %s  %s  %s",
                elapsedSeconds(), scenario.name(), contender.name(), what);
        progress.flush();
    }

    /** One contender that fails must not end the comparison of the others. */
    private @Nullable Round attempt(Scenario scenario, Contender contender, double seconds)
            throws InterruptedException {
        try {
            return scenario.isIdle()
                    ? measureFresh(scenario, contender, seconds)
                    : measure(scenario, server(contender, scenario.load().mode()), seconds);
        } catch (IOException | RuntimeException e) {
            leftOut.add(contender.name() + " in " + scenario.name() + ": " + e);
            progress.println("\r\033[K" + leftOut.getLast());
            return null;
        }
    }

    /** Memory that a server has had for connections before would hide what these need. */
    private Round measureFresh(Scenario scenario, Contender contender, double seconds)
            throws IOException, InterruptedException {
        try (ServerProcess fresh =
                ServerProcess.start(contender, scenario.load().mode(), pinning)) {
            servers.put(FRESH, fresh); // a signal must stop it too
            Probe.responseBytes(
                    scenario.load(), fresh.port()); // the code's own memory is not the connections'
            return measure(scenario, fresh, seconds);
        } finally {
            servers.remove(FRESH);
        }
    }

    private ServerProcess server(Contender contender, Mode mode)
            throws IOException, InterruptedException {
        String key = key(contender, mode);
        ServerProcess running = servers.get(key);
        if (running == null) {
            running = ServerProcess.start(contender, mode, pinning);
            servers.put(key, running);
        }
        return running;
    }

    private Round measureWithWrk(Scenario scenario, ServerProcess server, double seconds)
            throws IOException, InterruptedException {
        CpuWindow window = CpuWindow.open(server.pid(), pinning);
        Wrk.Output output = Wrk.run(scenario.load(), server.port(), seconds);
        CpuWindow.Used used = window.close();
        return new Round(
                used.serverMicros() / Math.max(1, output.requests()),
                output.perSecond(),
                output.p50Micros(),
                output.p99Micros(),
                Double.NaN,
                used.foreignShare(),
                0,
                output.errors());
    }

    private Round measure(Scenario scenario, ServerProcess server, double seconds)
            throws IOException, InterruptedException {
        if (plan.wrk() && Wrk.canDo(scenario.load())) {
            return measureWithWrk(scenario, server, seconds);
        }
        double settle = scenario.isIdle() ? IDLE_SETTLE_SECONDS : plan.settleSeconds();
        long residentBefore = ProcStat.residentKilobytes(server.pid());
        try (Load load = Load.open(scenario.load(), server.port())) {
            load.start();
            TimeUnit.NANOSECONDS.sleep((long) (settle * 1e9));
            CpuWindow window = CpuWindow.open(server.pid(), pinning);
            LoadResult result = load.measure((long) (seconds * 1e9));
            CpuWindow.Used used = window.close();
            if (!scenario.isIdle() && result.requests() == 0) {
                throw new IOException("no request was answered");
            }
            long resident = ProcStat.residentKilobytes(server.pid()) - residentBefore;
            double share = scenario.isIdle() ? 1 : result.requests();
            return new Round(
                    used.serverMicros() / share,
                    result.perSecond(),
                    result.latencyMicros(50),
                    result.latencyMicros(99),
                    result.latencyMicros(99.9),
                    used.foreignShare(),
                    Math.max(0, resident) * 1024.0,
                    result.errors());
        }
    }

    @Override
    public void close() {
        servers.values().forEach(ServerProcess::close);
    }
}
