package io.uring.bench;

import java.util.Set;

/**
 * Which contenders a full run has in which scenarios. All in all would take two hours and repeat
 * itself: a variant runs where it differs from the plain one. Contenders that are asked for by name
 * run everywhere.
 */
final class Pairs {
    /** Where an allocator shows, and the scenarios that others are known by. */
    private static final Set<String> MAIN =
            Set.of("echo-64", "echo4k-64", "http-64", "http-256x16");

    /** Where large reads and merged flushes show. */
    private static final Set<String> TUNED =
            Set.of(
                    "echo-64",
                    "echo-64x16",
                    "echo4k-64",
                    "http-256x16",
                    "stream-1-reno",
                    "stream-64-reno");

    /** Spinning is for few requests; where there is always one, it is the same as not to. */
    private static final Set<String> SPINNING = Set.of("echo-1", "echo-64-rate");

    private static final Set<String> SEVERAL_LOOPS =
            Set.of(
                    "net",
                    "netty-nio-pooled",
                    "netty-epoll-pooled",
                    "netty-uring-pooled",
                    "uring-netty-pooled",
                    "vthreads");

    private Pairs() {}

    static boolean inFullRun(Contender contender, Scenario scenario) {
        String name = contender.name();
        if (scenario.loops() > 1) {
            return SEVERAL_LOOPS.contains(name);
        }
        if (name.equals("net-spin")) {
            return SPINNING.contains(scenario.name());
        }
        if (name.endsWith("-tuned")) {
            return TUNED.contains(scenario.name());
        }
        if (name.endsWith("vertx-pooled")) {
            return MAIN.contains(scenario.name()) || scenario.wrk();
        }
        boolean defaultAllocator =
                name.endsWith("vertx") || (name.contains("netty") && !name.endsWith("-pooled"));
        return !defaultAllocator || MAIN.contains(scenario.name());
    }

    /** Whether the contender can do it at all. */
    static boolean isPossible(Contender contender, Scenario scenario) {
        return contender.modes().contains(scenario.load().mode())
                && (scenario.loops() == 1 || SEVERAL_LOOPS.contains(contender.name()));
    }
}
