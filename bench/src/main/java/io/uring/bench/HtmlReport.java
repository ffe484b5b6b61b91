package io.uring.bench;

import java.util.List;
import java.util.Map;

/** The report as one HTML file that needs nothing else: style and charts are inside. */
final class HtmlReport {
    private static final int BAR_HEIGHT = 18;
    private static final int BAR_GAP = 6;
    private static final int LABEL_WIDTH = 170;
    private static final int BAR_WIDTH_MAX = 560;
    private static final int VALUE_WIDTH = 110;

    private static final String HEAD =
            """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>uring bench</title><style>
            body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
            table{border-collapse:collapse;margin:.5rem 0 2rem}
            td,th{padding:.15rem .7rem;text-align:right;border-bottom:1px solid #ddd}
            td:first-child,th:first-child,.facts td{text-align:left}
            svg text{font:13px system-ui,sans-serif;fill:#222}.note{color:#a40}
            </style></head><body><h1>uring bench</h1>
            """;

    private final StringBuilder html = new StringBuilder(HEAD);

    private HtmlReport() {}

    static String of(Machine machine, Runner.Plan plan, List<Table> tables, List<String> leftOut) {
        HtmlReport report = new HtmlReport();
        report.facts(machine, plan);
        tables.forEach(report::scenario);
        report.contenders(plan);
        report.leftOut(leftOut);
        return report.html.append("</body></html>\n").toString();
    }

    private void facts(Machine machine, Runner.Plan plan) {
        html.append("<table class=\"facts\">");
        for (Map.Entry<String, String> fact : machine.facts().entrySet()) {
            cells("td", fact.getKey(), fact.getValue());
        }
        cells(
                "td",
                "rounds",
                "%d of %.1f s, interleaved, after a warm-up of %.1f s; medians"
                        .formatted(plan.rounds(), plan.windowSeconds(), plan.warmupSeconds()));
        html.append(
                        "</table><p>CPU is the server's user and system time per request: on one machine the ")
                .append(
                        "load shares the limits of throughput, and CPU per request is the figure to trust. ")
                .append("Latency is corrected for coordinated omission.</p>\n");
    }

    private void scenario(Table table) {
        html.append("<h2>").append(escape(table.scenario().title())).append("</h2>\n");
        chart(table);
        html.append("<table>");
        if (table.scenario().isIdle()) {
            cells("th", "", "CPU ms in all", "KiB/connection", "");
        } else {
            cells("th", "", "CPU us", "spread", "requests/s", "p50 us", "p99 us", "p99.9 us", "");
        }
        for (Row row : table.rows()) {
            if (table.scenario().isIdle()) {
                cells(
                        "td",
                        row.contender().name(),
                        "%.0f".formatted(row.cpuMicros() / 1000),
                        "%.2f"
                                .formatted(
                                        row.median(Round::residentBytes)
                                                / 1024
                                                / table.scenario().load().connections()),
                        Table.remarks(row));
            } else {
                cells(
                        "td",
                        row.contender().name(),
                        "%.3f".formatted(row.cpuMicros()),
                        "%.0f%%".formatted(row.cpuSpread() * 100),
                        "%.0f".formatted(row.perSecond()),
                        "%.1f".formatted(row.median(Round::p50Micros)),
                        "%.1f".formatted(row.median(Round::p99Micros)),
                        "%.1f".formatted(row.median(Round::p999Micros)),
                        Table.remarks(row));
            }
        }
        html.append("</table>\n");
    }

    /** A bar per contender, as long as its processor time: shorter is better. */
    private void chart(Table table) {
        double longest = table.rows().stream().mapToDouble(Row::cpuMicros).max().orElse(0);
        int width = LABEL_WIDTH + BAR_WIDTH_MAX + VALUE_WIDTH;
        int height = table.rows().size() * (BAR_HEIGHT + BAR_GAP);
        html.append(
                "<svg role=\"img\" aria-label=\"CPU per request\" viewBox=\"0 0 %d %d\" width=\"100%%\">%n"
                        .formatted(width, height));
        int y = 0;
        for (Row row : table.rows()) {
            double bar = longest == 0 ? 0 : row.cpuMicros() / longest * BAR_WIDTH_MAX;
            boolean ours = List.of("net", "jetty-uring").contains(row.contender().name());
            html.append(
                    """
                    <text x="0" y="%d">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>\
                    <text x="%.1f" y="%d">%.3f us</text>
                    """
                            .formatted(
                                    y + BAR_HEIGHT - 4,
                                    escape(row.contender().name()),
                                    LABEL_WIDTH,
                                    y,
                                    bar,
                                    BAR_HEIGHT,
                                    ours ? "#d9622b" : "#7d93ad",
                                    LABEL_WIDTH + bar + 6,
                                    y + BAR_HEIGHT - 4,
                                    row.cpuMicros()));
            y += BAR_HEIGHT + BAR_GAP;
        }
        html.append("</svg>\n");
    }

    private void contenders(Runner.Plan plan) {
        html.append("<h2>Contenders</h2><table class=\"facts\">");
        for (Contender contender : plan.contenders()) {
            cells("td", contender.name(), contender.about(), properties(contender));
        }
        html.append("</table>\n");
    }

    private static String properties(Contender contender) {
        return String.join(
                " ",
                contender.properties().entrySet().stream()
                        .map(property -> "-D" + property.getKey() + "=" + property.getValue())
                        .sorted()
                        .toList());
    }

    private void leftOut(List<String> leftOut) {
        for (String reason : leftOut) {
            html.append("<p class=\"note\">left out: ").append(escape(reason)).append("</p>\n");
        }
    }

    private void cells(String tag, String... texts) {
        html.append("<tr>");
        for (String text : texts) {
            html.append('<').append(tag).append('>').append(escape(text));
            html.append("</").append(tag).append('>');
        }
        html.append("</tr>\n");
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
