package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who takes part in what, and how long that takes. */
final class PlanTest {
    private static final double FULL_RUN_SECONDS_MAX = 40 * 60;

    private static Plan plan(List<String> contenders, List<String> scenarios, boolean everyPair) {
        return new Plan(
                contenders.stream().map(Contender::named).toList(),
                scenarios.stream().map(Scenario::named).toList(),
                everyPair,
                5,
                4,
                0.2,
                1.2,
                0);
    }

    @Test
    void fullRunEndsWithinFortyMinutes() {
        double seconds = plan(Contender.names(), Scenario.names(), false).seconds();
        assertTrue(seconds < FULL_RUN_SECONDS_MAX, seconds + " s");
        assertTrue(seconds > FULL_RUN_SECONDS_MAX / 2, seconds + " s");
    }

    @Test
    void everyScenarioHasUsAndARival() {
        for (Scenario scenario : Scenario.list()) {
            List<String> names =
                    plan(Contender.names(), List.of(scenario.name()), false)
                            .contendersOf(scenario)
                            .stream()
                            .map(Contender::name)
                            .toList();
            assertTrue(names.contains("net"), scenario.name());
            assertTrue(names.contains("netty-uring-pooled"), scenario.name());
        }
    }

    @Test
    void contendersThatAreNamedTakePartInAllTheyCanDo() {
        Scenario scenario = Scenario.named("echo-5000");
        List<String> names = List.of("netty-epoll-tuned", "jetty");
        assertEquals(
                List.of(Contender.named("netty-epoll-tuned")),
                plan(names, List.of("echo-5000"), true).contendersOf(scenario));
        assertEquals(List.of(), plan(names, List.of("echo-5000"), false).contendersOf(scenario));
    }

    @Test
    void serverOfOneThreadDoesNotServeWithTwoLoops() {
        assertFalse(Pairs.isPossible(Contender.named("c-uring"), Scenario.named("echo-64-2loops")));
    }

    @Test
    void serverThatRunsAlreadyNeedsLessWarmUp() {
        Plan plan = plan(List.of("net"), List.of("echo-64"), true);
        Scenario scenario = Scenario.named("echo-64");
        Contender net = Contender.named("net");
        assertTrue(
                plan.warmupSeconds(net, scenario, true) < plan.warmupSeconds(net, scenario, false));
        assertTrue(
                plan.secondsFor(scenario, Set.of(Plan.serverKey(net, scenario)))
                        < plan.secondsFor(scenario, Set.of()));
    }

    @Test
    void serverOfAnotherNetworkIsAnotherServer() {
        Contender net = Contender.named("net");
        assertFalse(
                Plan.serverKey(net, Scenario.named("stream-1"))
                        .equals(Plan.serverKey(net, Scenario.named("stream-1-reno"))));
    }
}
