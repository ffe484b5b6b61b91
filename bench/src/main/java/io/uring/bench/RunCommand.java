package io.uring.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The comparison. */
@Command(
        name = "uring bench",
        mixinStandardHelpOptions = true,
        description = {
            "Compare servers on this machine: CPU per request, throughput and latency.",
            "Everything talks to 127.0.0.1 only.",
            ""
        })
final class RunCommand implements Callable<Integer> {
    private static final int FULL_ROUNDS = 5;
    private static final int QUICK_ROUNDS = 3;
    private static final double FULL_SECONDS = 1.2;
    private static final double QUICK_SECONDS = 0.6;
    private static final double FULL_WARMUP_SECONDS = 4;
    private static final double QUICK_WARMUP_SECONDS = 2;
    private static final double FULL_SETTLE_SECONDS = 0.2;
    private static final double QUICK_SETTLE_SECONDS = 0.1;

    /** Leaves the last seconds of three minutes for the report. */
    private static final double QUICK_BUDGET_SECONDS = 168;

    private static final List<String> QUICK_CONTENDERS =
            List.of(
                    "net",
                    "c-uring",
                    "c-epoll",
                    "netty-epoll-pooled",
                    "netty-uring-pooled",
                    "uring-netty-pooled",
                    "vthreads",
                    "jetty-uring",
                    "jetty",
                    "vertx-pooled");

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli before call.
    private CommandSpec spec;

    @Option(names = "--quick", description = "Under three minutes: fewer scenarios and contenders.")
    private boolean quick;

    @Option(
            names = "--contenders",
            split = ",",
            paramLabel = "NAME",
            description = "Only these, in all that they can do.")
    private List<String> contenders = List.of();

    @Option(names = "--scenarios", split = ",", paramLabel = "NAME", description = "Only these.")
    private List<String> scenarios = List.of();

    @Option(names = "--usual-pairs", hidden = true, description = "As if they were not named.")
    private boolean usualPairs;

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds that count (default: 5).")
    private int rounds = 0;

    @Option(names = "--seconds", description = "Length of a round (default: 1.2).")
    private double seconds = 0;

    @Option(
            names = "--warmup",
            paramLabel = "SECONDS",
            description = "Of a new server (default: 4).")
    private double warmup = 0;

    @Option(names = "--server-cpu", description = "The server's processor (default: 0).")
    private int serverCpu = 0;

    @Option(names = "--load-cpu", description = "The load's processor (default: 1).")
    private int loadCpu = 1;

    @Option(
            names = "--list",
            description = "Print the contenders and scenarios, and how long the run would take.")
    private boolean list;

    @Option(names = "--html", paramLabel = "FILE", description = "Write the report there.")
    private @Nullable Path html;

    @Option(
            names = "--results",
            paramLabel = "FILE",
            description = "Write every round there, as tab-separated values.")
    private @Nullable Path results;

    @Option(names = InsideRun.OPTION, hidden = true, description = "Run all of it here.")
    private boolean inside;

    @Override
    public Integer call() throws Exception {
        Plan plan = plan();
        if (list) {
            print(plan);
            return 0;
        }
        Pinning pinning = Pinning.ofThisProcess(serverCpu, loadCpu);
        if (inside) {
            Results measured = measure(plan, pinning);
            Files.createDirectories(results().toAbsolutePath().getParent());
            measured.write(results());
            return 0;
        }
        Machine machine = Machine.read(command(), pinning);
        System.err.println(machine.text());
        Results all = measure(plan.withScenarios(scenarios(plan, false)), pinning);
        Plan reno = plan.withScenarios(scenarios(plan, true));
        if (!reno.scenarios().isEmpty()) {
            InsideRun insideRun = new InsideRun(reno, pinning);
            Runtime.getRuntime().addShutdownHook(new Thread(insideRun::stop));
            all = all.and(insideRun.run());
        }
        report(machine, plan, all);
        return all.tables().isEmpty() ? 1 : 0;
    }

    private Path results() throws IOException {
        if (results == null) {
            throw new IOException(InsideRun.OPTION + " needs --results");
        }
        return results;
    }

    @SuppressWarnings(
            "ClosingStandardOutputStreams") // The runner prints there and does not close it.
    private static Results measure(Plan plan, Pinning pinning) throws InterruptedException {
        try (Runner runner = new Runner(plan, pinning, System.err)) {
            Runtime.getRuntime().addShutdownHook(new Thread(runner::close));
            List<Table> tables = runner.run();
            return new Results(tables, runner.leftOut());
        }
    }

    private static List<Scenario> scenarios(Plan plan, boolean reno) {
        return plan.scenarios().stream().filter(scenario -> scenario.reno() == reno).toList();
    }

    private void report(Machine machine, Plan plan, Results all) throws IOException {
        System.out.println(machine.text());
        all.tables().forEach(table -> System.out.println(table.text()));
        List<Targets.Verdict> verdicts = Targets.of(all.tables());
        verdicts.forEach(verdict -> System.out.println(verdict.text()));
        System.out.printf(
                "%d of %d targets missed%n", Targets.missed(verdicts).size(), verdicts.size());
        all.leftOut().forEach(reason -> System.out.println("left out: " + reason));
        if (results != null) {
            all.write(results);
            System.out.println("every round: " + results.toAbsolutePath());
        }
        if (html != null) {
            Files.writeString(html, HtmlReport.of(machine, plan, all));
            System.out.println("report: " + html.toAbsolutePath());
        }
    }

    private static void print(Plan plan) {
        for (Contender contender : plan.contenders()) {
            System.out.printf("%-20s %s%n", contender.name(), contender.about());
        }
        System.out.println();
        for (Scenario scenario : plan.scenarios()) {
            System.out.printf(
                    "%-20s %s%n%20s %s%n",
                    scenario.name(),
                    scenario.title(),
                    "",
                    String.join(
                            " ",
                            plan.contendersOf(scenario).stream().map(Contender::name).toList()));
        }
        System.out.printf("%ntakes about %s minutes%n", Progress.minutes(plan.seconds()));
    }

    private String command() {
        return "./uring bench "
                + String.join(" ", spec.commandLine().getParseResult().originalArgs());
    }

    Plan plan() {
        return new Plan(
                chosenContenders(),
                chosenScenarios(),
                !contenders.isEmpty() && !usualPairs,
                rounds > 0 ? rounds : quick ? QUICK_ROUNDS : FULL_ROUNDS,
                warmup > 0 ? warmup : quick ? QUICK_WARMUP_SECONDS : FULL_WARMUP_SECONDS,
                quick ? QUICK_SETTLE_SECONDS : FULL_SETTLE_SECONDS,
                seconds > 0 ? seconds : quick ? QUICK_SECONDS : FULL_SECONDS,
                quick ? QUICK_BUDGET_SECONDS : 0);
    }

    private List<Contender> chosenContenders() {
        List<String> names =
                !contenders.isEmpty() ? contenders : quick ? QUICK_CONTENDERS : Contender.names();
        return names.stream()
                .map(Contender::named)
                .filter(contender -> !contender.isC() || CServers.canCompile())
                .toList();
    }

    private List<Scenario> chosenScenarios() {
        if (!scenarios.isEmpty()) {
            return scenarios.stream().map(Scenario::named).toList();
        }
        return Scenario.list().stream().filter(scenario -> !quick || scenario.quick()).toList();
    }
}
