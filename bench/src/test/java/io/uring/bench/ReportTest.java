package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The table on the terminal, and the HTML. */
final class ReportTest {
    private static final Row FAST = row("net", 3, 0.01, 0);
    private static final Row SLOW = row("jetty", 6, 0.5, 2);
    private static final Table TABLE = new Table(Scenario.named("http-64"), List.of(FAST, SLOW));

    private static Row row(String contender, double cpuMicros, double foreign, long errors) {
        Round round = new Round(cpuMicros, 1000, 10, 20, 30, foreign, 0, errors);
        Round outlier = new Round(cpuMicros * 9, 1, 1, 1, 1, 0, 0, 0);
        return new Row(Contender.named(contender), List.of(round, outlier, round));
    }

    @Test
    void rowIsTheMedianOfItsRounds() {
        assertEquals(3, FAST.cpuMicros());
        assertEquals(1000, FAST.perSecond());
        assertEquals(8, FAST.cpuSpread());
    }

    @Test
    void tableComparesWithTheBest() {
        String text = TABLE.text();
        assertTrue(text.contains("HTTP plaintext, 64 connections"), text);
        assertTrue(text.lines().anyMatch(l -> l.contains(" jetty ") && l.contains("2.00")), text);
    }

    @Test
    void noiseAndErrorsAreNotHidden() {
        assertEquals("", Table.remarks(FAST));
        assertEquals("noise in 2/3 rounds 2 errors", Table.remarks(SLOW));
    }

    @Test
    void htmlIsSelfContainedAndEscaped() {
        Machine machine = new Machine(Map.of("command", "uring bench --x <y>"));
        Plan plan =
                new Plan(
                        List.of(Contender.named("net"), Contender.named("netty-epoll-pooled")),
                        List.of(TABLE.scenario()),
                        false,
                        3,
                        1,
                        1,
                        1,
                        0);
        Results results = new Results(List.of(TABLE), List.of("churn"));
        String html = HtmlReport.of(machine, plan, results);
        assertTrue(html.contains("uring bench --x &lt;y&gt;"));
        assertTrue(html.contains("<svg"));
        assertTrue(html.contains("-Dio.netty.allocator.type=pooled"));
        assertTrue(html.contains("left out: churn"));
        assertFalse(html.contains("src="));
        assertFalse(html.contains("href="));
    }
}
