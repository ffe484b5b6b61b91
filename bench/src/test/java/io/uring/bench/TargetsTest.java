package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class TargetsTest {
    private static Row row(String contender, double cpuMicros, double foreignShare) {
        Round round = new Round(cpuMicros, 1, 1, 1, 1, foreignShare, 1 << 20, 0);
        return new Row(Contender.named(contender), List.of(round));
    }

    private static List<Targets.Verdict> judge(String scenario, Row... rows) {
        return Targets.of(List.of(new Table(Scenario.named(scenario), List.of(rows))));
    }

    private static double limit(String scenario, String rival) {
        return judge(scenario, row("net", 1, 0), row(rival, 1, 0)).getFirst().limit();
    }

    @Test
    void targetIsMetUpToItsLimit() {
        assertTrue(judge("echo-64", row("net", 1.03, 0), row("c-uring", 1, 0)).getFirst().isMet());
        Targets.Verdict missed =
                judge("echo-64", row("net", 1.04, 0), row("c-uring", 1, 0)).getFirst();
        assertFalse(missed.isMet());
        assertEquals(List.of(missed), Targets.missed(List.of(missed)));
        assertTrue(missed.text().contains("MISSED"), missed.text());
    }

    @Test
    void limitDependsOnTheWork() {
        assertEquals(0.87, limit("echo-64", "netty-epoll-pooled"));
        assertEquals(0.82, limit("echo4k-64", "netty-epoll-pooled"));
        assertEquals(0.35, limit("http-256x16", "netty-epoll-pooled"));
        assertEquals(1, limit("echo-64", "netty-uring-tuned"));
        assertEquals(1, limit("stream-64-reno", "netty-epoll-pooled"));
        assertEquals(1.05, limit("stream-64-reno", "c-epoll"));
    }

    @Test
    void streamIsComparedWithCUnderRenoOnly() {
        assertEquals(List.of(), judge("stream-64", row("net", 9, 0), row("c-epoll", 1, 0)));
    }

    @Test
    void jettyIsComparedWithJetty() {
        Targets.Verdict verdict =
                judge("http-64", row("jetty-uring", 9, 0), row("jetty", 6, 0)).getFirst();
        assertEquals(1.5, verdict.ratio());
        assertFalse(verdict.isMet());
    }

    @Test
    void secondLoopIsComparedWithOneLoop() {
        List<Targets.Verdict> verdicts =
                Targets.of(
                        List.of(
                                new Table(Scenario.named("echo-64"), List.of(row("net", 1, 0))),
                                new Table(
                                        Scenario.named("echo-64-2loops"),
                                        List.of(row("net", 1.2, 0)))));
        assertEquals(1, verdicts.size());
        assertEquals("net, one loop", verdicts.getFirst().rival());
        assertEquals(1.2, verdicts.getFirst().ratio());
    }

    @Test
    void noiseIsTold() {
        assertTrue(judge("echo-64", row("net", 1, 0), row("c-uring", 1, 0.5)).getFirst().noisy());
    }

    @Test
    void idleConnectionsAreComparedByMemory() {
        Targets.Verdict verdict =
                judge("idle", row("net", 1, 0), row("netty-nio-pooled", 7, 0)).getFirst();
        assertEquals(1, verdict.ratio());
    }
}
