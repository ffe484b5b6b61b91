package io.uring.bench;

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

    /** Leaves the last seconds of three minutes for the report. */
    private static final double QUICK_BUDGET_SECONDS = 172;

    private static final List<String> QUICK_CONTENDERS =
            List.of(
                    "net",
                    "c-uring",
                    "c-epoll",
                    "netty-epoll-pooled",
                    "netty-uring-pooled",
                    "vthreads",
                    "jetty-uring",
                    "jetty",
                    "vertx-pooled");

    @Spec
    @SuppressWarnings("NullAway.Init") // Set by picocli before call.
    private CommandSpec spec;

    @Option(names = "--quick", description = "Under three minutes: fewer scenarios and contenders.")
    private boolean quick;

    @Option(names = "--contenders", split = ",", paramLabel = "NAME", description = "Only these.")
    private List<String> contenders = List.of();

    @Option(names = "--scenarios", split = ",", paramLabel = "NAME", description = "Only these.")
    private List<String> scenarios = List.of();

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds that count (default: 5).")
    private int rounds = 0;

    @Option(names = "--seconds", description = "Length of a measurement (default: 3).")
    private double seconds = 0;

    @Option(names = "--warmup", paramLabel = "SECONDS", description = "Per server and scenario.")
    private double warmup = 0;

    @Option(names = "--server-cpu", description = "The server's processor (default: 0).")
    private int serverCpu = 0;

    @Option(names = "--load-cpu", description = "The load's processor (default: 1).")
    private int loadCpu = 1;

    @Option(names = "--list", description = "Print the contenders and scenarios.")
    private boolean list;

    @Option(names = "--wrk", description = "Let wrk make the HTTP load; it must be installed.")
    private boolean wrk;

    @Option(names = "--html", paramLabel = "FILE", description = "Write the report there.")
    private @Nullable Path html;

    @Override
    public Integer call() throws Exception {
        if (list) {
            Contender.list().forEach(c -> System.out.printf("%-20s %s%n", c.name(), c.about()));
            System.out.println();
            Scenario.list().forEach(s -> System.out.printf("%-20s %s%n", s.name(), s.title()));
            return 0;
        }
        Pinning pinning = Pinning.ofThisProcess(serverCpu, loadCpu);
        Runner.Plan plan = plan();
        Machine machine = Machine.read(command(), pinning);
        System.err.println(machine.text());
        try (Runner runner = new Runner(plan, pinning, System.err)) {
            Runtime.getRuntime().addShutdownHook(new Thread(runner::close));
            List<Table> tables = runner.run();
            System.out.println(machine.text());
            tables.forEach(table -> System.out.println(table.text()));
            runner.leftOut().forEach(reason -> System.out.println("left out: " + reason));
            if (html != null) {
                Files.writeString(html, HtmlReport.of(machine, plan, tables, runner.leftOut()));
                System.out.println("report: " + html.toAbsolutePath());
            }
            return tables.isEmpty() ? 1 : 0;
        }
    }

    private String command() {
        return "uring bench "
                + String.join(" ", spec.commandLine().getParseResult().originalArgs());
    }

    Runner.Plan plan() {
        return new Runner.Plan(
                chosenContenders(),
                chosenScenarios(),
                rounds > 0 ? rounds : quick ? QUICK_ROUNDS : FULL_ROUNDS,
                warmup > 0 ? warmup : quick ? 4 : 6,
                quick ? 0.1 : 0.5,
                seconds > 0 ? seconds : quick ? 0.6 : 3,
                quick ? QUICK_BUDGET_SECONDS : 0,
                wrk);
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
