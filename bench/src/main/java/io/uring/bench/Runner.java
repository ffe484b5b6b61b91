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
    private static final String FRESH = "fresh";

    private final Plan plan;
    private final Pinning pinning;
    private final Progress progress;
    private final Map<String, ServerProcess> servers = new ConcurrentHashMap<>();
    private final List<String> leftOut = new ArrayList<>();

    Runner(Plan plan, Pinning pinning, PrintStream out) {
        this.plan = plan;
        this.pinning = pinning;
        this.progress = new Progress(out, plan.seconds());
    }

    List<Table> run() throws InterruptedException {
        List<Table> tables = new ArrayList<>();
        for (Scenario scenario : plan.scenarios()) {
            @Nullable String reason = obstacle(scenario);
            if (reason == null) {
                Table table = run(scenario, plan.contendersOf(scenario));
                tables.add(table);
                progress.print(table.text());
            } else {
                leaveOut(scenario.name() + ": " + reason);
            }
        }
        return tables;
    }

    /** Scenarios and contenders that could not take part, with the reason. */
    List<String> leftOut() {
        return List.copyOf(leftOut);
    }

    private @Nullable String obstacle(Scenario scenario) {
        if (plan.contendersOf(scenario).isEmpty()) {
            return "none of the contenders can do it";
        }
        if (scenario.wrk() && !Programs.exist("wrk")) {
            return "wrk is not installed";
        }
        double needed = plan.secondsFor(scenario, servers.keySet());
        if (plan.budgetSeconds() > 0 && progress.elapsedSeconds() + needed > plan.budgetSeconds()) {
            return "no time left for it";
        }
        return null;
    }

    private void leaveOut(String reason) {
        leftOut.add(reason);
        progress.print("left out: " + reason);
    }

    private Table run(Scenario scenario, List<Contender> contenders) throws InterruptedException {
        Map<Contender, List<Round>> results = new LinkedHashMap<>();
        for (Contender contender : contenders) {
            if (scenario.isIdle() || warmUp(scenario, contender)) {
                results.put(contender, new ArrayList<>());
            }
        }
        for (int round = 1; round <= plan.rounds(scenario); round++) {
            for (Map.Entry<Contender, List<Round>> entry : List.copyOf(results.entrySet())) {
                Contender contender = entry.getKey();
                String what = "round " + round + "/" + plan.rounds(scenario);
                progress.show(scenario.name(), contender.name(), what);
                Round result = attempt(scenario, contender, plan.windowSeconds(scenario));
                if (result == null) {
                    results.remove(contender); // named as left out; half of its rounds say little
                } else {
                    entry.getValue().add(result);
                }
            }
        }
        List<Row> rows = new ArrayList<>();
        results.forEach((contender, rounds) -> rows.add(new Row(contender, rounds)));
        return new Table(scenario, rows);
    }

    private boolean warmUp(Scenario scenario, Contender contender) throws InterruptedException {
        progress.show(scenario.name(), contender.name(), "warm-up");
        boolean runs = servers.containsKey(Plan.serverKey(contender, scenario));
        double seconds = plan.warmupSeconds(contender, scenario, runs);
        return attempt(scenario, contender, seconds) != null;
    }

    /** One contender that fails must not end the comparison of the others. */
    private @Nullable Round attempt(Scenario scenario, Contender contender, double seconds)
            throws InterruptedException {
        try {
            return scenario.isIdle()
                    ? measureFresh(scenario, contender, seconds)
                    : measure(scenario, server(contender, scenario), seconds);
        } catch (IOException | RuntimeException e) {
            leaveOut(contender.name() + " in " + scenario.name() + ": " + e);
            return null;
        }
    }

    /** Memory that a server has had for connections before would hide what these need. */
    private Round measureFresh(Scenario scenario, Contender contender, double seconds)
            throws IOException, InterruptedException {
        try (ServerProcess fresh = ServerProcess.start(contender, scenario, pinning)) {
            servers.put(FRESH, fresh); // a signal must stop it too
            Probe.responseBytes(
                    scenario.load(), fresh.port()); // the code's own memory is not the connections'
            return measure(scenario, fresh, seconds);
        } finally {
            servers.remove(FRESH);
        }
    }

    private ServerProcess server(Contender contender, Scenario scenario)
            throws IOException, InterruptedException {
        String key = Plan.serverKey(contender, scenario);
        ServerProcess running = servers.get(key);
        if (running == null) {
            running = ServerProcess.start(contender, scenario, pinning);
            servers.put(key, running);
        }
        return running;
    }

    private Round measureWithWrk(Scenario scenario, ServerProcess server, double seconds)
            throws IOException, InterruptedException {
        Probe.responseBytes(scenario.load(), server.port()); // wrk does not look at the answers
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
        if (scenario.wrk()) {
            return measureWithWrk(scenario, server, seconds);
        }
        long residentBefore = ProcStat.residentKilobytes(server.pid());
        try (Load load = Load.open(scenario.load(), server.port())) {
            load.start();
            TimeUnit.NANOSECONDS.sleep((long) (plan.settleSeconds(scenario) * 1e9));
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
