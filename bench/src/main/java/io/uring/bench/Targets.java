package io.uring.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What {@code net} and {@code jetty-uring} aim at: their processor time per request as a share of a
 * rival's. For idle connections it is the memory of each.
 */
final class Targets {
    /** As good as C, but for what two medians differ by on a quiet machine. */
    private static final double OF_C_URING = 1.03;

    /** A stream is copied by the kernel either way; epoll has no advantage but fewer wake-ups. */
    private static final double OF_C_EPOLL_IN_STREAMS = 1.05;

    private static final double OF_NETTY_EPOLL_SMALL = 0.87;
    private static final double OF_NETTY_EPOLL_LARGER = 0.82;
    private static final double OF_NETTY_EPOLL_DEEP_HTTP = 0.35;
    private static final double OF_NETTY_URING_SMALL = 0.97;
    private static final double OF_NETTY_URING_LARGER = 0.85;
    private static final double OF_NETTY_URING_STREAM = 0.80;
    private static final double NOT_MORE = 1;
    private static final double OF_ONE_LOOP = 1.05;

    private static final int FEW_CONNECTIONS = 64;
    private static final int SMALL_BYTES = 64;

    /** Memory comes in pages; none at all must not divide. */
    private static final double RESIDENT_STEP_BYTES = 4096;

    /**
     * @param rival whom it is compared with
     * @param limit the largest ratio that meets the target
     * @param ratio ours divided by the rival's
     * @param noisy whether half of the rounds of one of them were
     */
    record Verdict(
            Scenario scenario,
            String ours,
            String rival,
            double limit,
            double ratio,
            boolean noisy) {
        boolean isMet() {
            return ratio <= limit;
        }

        String text() {
            return "%-18s %-12s %5.3f of %-20s target %4.2f  %s%s"
                    .formatted(
                            scenario.name(),
                            ours,
                            ratio,
                            rival,
                            limit,
                            isMet() ? "met" : "MISSED",
                            noisy ? " (noise)" : "");
        }
    }

    private final List<Verdict> verdicts = new ArrayList<>();

    private Targets() {}

    static List<Verdict> of(List<Table> tables) {
        Targets targets = new Targets();
        for (Table table : tables) {
            table.row("net").ifPresent(net -> targets.judgeNet(table, net));
            judgeNetty(targets, table);
            table.row("jetty-uring")
                    .ifPresent(ours -> targets.compare(table, ours, "jetty", NOT_MORE));
            if (table.scenario().loops() > 1) {
                targets.judgeLoops(tables, table);
            }
        }
        return List.copyOf(targets.verdicts);
    }

    /** The better of our allocators against the better of the rival's. */
    private static void judgeNetty(Targets targets, Table table) {
        better(table, "uring-netty")
                .ifPresent(ours -> {
                    better(table, "netty-uring")
                            .ifPresent(rival ->
                                    targets.add(
                                            table.scenario(),
                                            ours,
                                            rival,
                                            rival.contender().name(),
                                            ofNettyUring(table.scenario())));
                    better(table, "netty-epoll")
                            .ifPresent(rival ->
                                    targets.add(
                                            table.scenario(),
                                            ours,
                                            rival,
                                            rival.contender().name(),
                                            NOT_MORE));
                });
    }

    private static Optional<Row> better(Table table, String name) {
        return Stream.of(name, name + "-pooled", name + "-tuned")
                .flatMap(one -> table.row(one).stream())
                .min(Comparator.comparingDouble(row -> cost(table.scenario(), row)));
    }

    private static double cost(Scenario scenario, Row row) {
        return scenario.isIdle() ? row.median(Round::residentBytes) : row.cpuMicros();
    }

    private static double ofNettyUring(Scenario scenario) {
        LoadSpec load = scenario.load();
        if (load.kind() != LoadSpec.Kind.REQUESTS || scenario.isIdle()) {
            return NOT_MORE;
        }
        if (scenario.isStream()) {
            return OF_NETTY_URING_STREAM;
        }
        boolean small = load.mode() == Mode.HTTP || load.messageBytes() <= SMALL_BYTES;
        return small ? OF_NETTY_URING_SMALL : OF_NETTY_URING_LARGER;
    }

    static List<Verdict> missed(List<Verdict> verdicts) {
        return verdicts.stream().filter(verdict -> !verdict.isMet()).toList();
    }

    private void judgeNet(Table table, Row net) {
        Scenario scenario = table.scenario();
        if (scenario.isStream()) {
            if (scenario.reno()) {
                compare(table, net, "c-epoll", OF_C_EPOLL_IN_STREAMS);
            }
        } else if (!scenario.isIdle()) {
            compare(table, net, "c-uring", OF_C_URING);
        }
        compare(table, net, "netty-epoll-pooled", ofNettyEpoll(scenario));
        for (String rival : List.of("netty-uring", "netty-nio")) {
            for (String variant : List.of("", "-pooled", "-tuned")) {
                compare(table, net, rival + variant, NOT_MORE);
            }
        }
        compare(table, net, "netty-epoll-tuned", NOT_MORE);
    }

    private static double ofNettyEpoll(Scenario scenario) {
        LoadSpec load = scenario.load();
        if (load.kind() != LoadSpec.Kind.REQUESTS
                || scenario.isStream()
                || load.isOpenLoop()
                || load.connections() < FEW_CONNECTIONS
                || scenario.loops() > 1) {
            return NOT_MORE;
        }
        if (load.mode() == Mode.HTTP) {
            return load.depth() > 1 ? OF_NETTY_EPOLL_DEEP_HTTP : OF_NETTY_EPOLL_LARGER;
        }
        return load.messageBytes() > SMALL_BYTES ? OF_NETTY_EPOLL_LARGER : OF_NETTY_EPOLL_SMALL;
    }

    /** A second loop must not make requests dearer. */
    private void judgeLoops(List<Table> tables, Table several) {
        tables.stream()
                .filter(one ->
                        one.scenario().loops() == 1
                                && one.scenario().load().equals(several.scenario().load())
                                && !one.scenario().reno())
                .findFirst()
                .flatMap(one -> one.row("net"))
                .ifPresent(one ->
                        several.row("net")
                                .ifPresent(net ->
                                        add(
                                                several.scenario(),
                                                net,
                                                one,
                                                "net, one loop",
                                                OF_ONE_LOOP)));
    }

    private void compare(Table table, Row ours, String name, double limit) {
        Optional<Row> rival = table.row(name);
        rival.ifPresent(row -> add(table.scenario(), ours, row, name, limit));
    }

    private void add(Scenario scenario, Row ours, Row rival, String name, double limit) {
        double ratio =
                scenario.isIdle()
                        ? ours.median(Round::residentBytes)
                                / Math.max(RESIDENT_STEP_BYTES, rival.median(Round::residentBytes))
                        : ours.cpuMicros() / rival.cpuMicros();
        verdicts.add(
                new Verdict(
                        scenario,
                        ours.contender().name(),
                        name,
                        limit,
                        ratio,
                        isNoisy(ours) || isNoisy(rival)));
    }

    private static boolean isNoisy(Row row) {
        return row.noisyRounds() * 2 >= row.rounds().size();
    }
}
