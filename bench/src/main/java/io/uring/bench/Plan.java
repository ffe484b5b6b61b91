package io.uring.bench;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a run does, and how long that takes.
 *
 * @param everyPair whether all contenders that can do a scenario take part in it
 * @param warmupSeconds of a server that has just started
 * @param settleSeconds between the first request and the window that counts
 * @param budgetSeconds scenarios that would not end within it are left out; 0 for no limit
 */
record Plan(
        List<Contender> contenders,
        List<Scenario> scenarios,
        boolean everyPair,
        int rounds,
        double warmupSeconds,
        double settleSeconds,
        double windowSeconds,
        double budgetSeconds) {

    /** Opening and closing connections, reading /proc. */
    private static final double ROUND_OVERHEAD_SECONDS = 0.15;

    /** A connection each 25 us: opening, and closing after. */
    private static final double CONNECTION_SECONDS = 25e-6;

    private static final double START_SECONDS = 0.8;
    private static final double C_WARMUP_SECONDS = 0.3;

    /** Codecs are so much more to compile, on the one processor that the loop keeps busy. */
    private static final double HTTP_WARMUPS = 3;

    /** Of the warm-up, for a server that has had its share in another scenario. */
    private static final double AGAIN_SHARE = 0.3;

    /**
     * Until the last of thousands of connections is accepted, and what that made hot is compiled.
     */
    private static final double IDLE_SETTLE_SECONDS = 3;

    /** Each has a server of its own: more would not say more. */
    private static final int IDLE_ROUNDS = 3;

    Plan {
        contenders = List.copyOf(contenders);
        scenarios = List.copyOf(scenarios);
    }

    Plan withScenarios(List<Scenario> others) {
        return new Plan(
                contenders,
                others,
                everyPair,
                rounds,
                warmupSeconds,
                settleSeconds,
                windowSeconds,
                budgetSeconds);
    }

    List<Contender> contendersOf(Scenario scenario) {
        return contenders.stream()
                .filter(contender ->
                        Pairs.isPossible(contender, scenario)
                                && (everyPair || Pairs.inFullRun(contender, scenario)))
                .toList();
    }

    int rounds(Scenario scenario) {
        return scenario.isIdle() ? Math.min(rounds, IDLE_ROUNDS) : rounds;
    }

    double settleSeconds(Scenario scenario) {
        return scenario.isIdle() ? IDLE_SETTLE_SECONDS : settleSeconds;
    }

    /** wrk counts in whole seconds. */
    double windowSeconds(Scenario scenario) {
        return scenario.wrk() ? Math.max(1, Math.round(windowSeconds)) : windowSeconds;
    }

    /** C is compiled already, and idle servers are new ones each time. */
    double warmupSeconds(Contender contender, Scenario scenario, boolean runsAlready) {
        if (scenario.isIdle()) {
            return 0;
        }
        if (contender.isC()) {
            return Math.min(C_WARMUP_SECONDS, warmupSeconds);
        }
        if (runsAlready) {
            return warmupSeconds * AGAIN_SHARE;
        }
        return scenario.load().mode() == Mode.HTTP ? warmupSeconds * HTTP_WARMUPS : warmupSeconds;
    }

    /** How long a scenario takes, about, when these servers run already. */
    double secondsFor(Scenario scenario, Set<String> running) {
        double opening =
                ROUND_OVERHEAD_SECONDS + CONNECTION_SECONDS * scenario.load().connections();
        double round = settleSeconds(scenario) + windowSeconds(scenario) + opening;
        double sum = 0;
        for (Contender contender : contendersOf(scenario)) {
            boolean runs = running.contains(serverKey(contender, scenario));
            if (!runs && !scenario.isIdle()) {
                sum += START_SECONDS;
            }
            if (!scenario.isIdle()) {
                sum += warmupSeconds(contender, scenario, runs) + settleSeconds + opening;
            }
            sum += rounds(scenario) * (round + (scenario.isIdle() ? START_SECONDS : 0));
        }
        return sum;
    }

    /** How long everything takes, about. */
    double seconds() {
        Set<String> running = new HashSet<>();
        double sum = 0;
        for (Scenario scenario : scenarios) {
            sum += secondsFor(scenario, running);
            if (!scenario.isIdle()) {
                contendersOf(scenario)
                        .forEach(contender -> running.add(serverKey(contender, scenario)));
            }
        }
        return sum;
    }

    /** What a running server can be used for again. */
    static String serverKey(Contender contender, Scenario scenario) {
        return contender.name()
                + " "
                + scenario.load().mode()
                + " "
                + scenario.loops()
                + (scenario.reno() ? " reno" : "");
    }
}
