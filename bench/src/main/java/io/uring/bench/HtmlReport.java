package io.uring.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The report as one HTML file that needs nothing else: style and charts are inside. */
final class HtmlReport {
    private static final String HEAD =
            """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>uring bench</title>
            <meta name="viewport" content="width=device-width,initial-scale=1"><style>
            body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222;
            background:#fff}
            h2{margin-top:2.5rem;border-bottom:1px solid #ddd}
            .wide{overflow-x:auto}
            table{border-collapse:collapse;margin:.5rem 0 1rem}
            td,th{padding:.15rem .7rem;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}
            td:first-child,th:first-child,.facts td{text-align:left}
            .facts td{white-space:normal;vertical-align:top}
            svg{max-width:100%;height:auto}svg text{font:13px system-ui,sans-serif;fill:#222}
            .note{color:#a40}.met{background:#e3f3e3}.missed{background:#fbe0d8}.noisy{background:#f3efdc}
            </style></head><body><h1>uring bench</h1>
            """;

    /** Ratios this near to 1 are neither won nor lost. */
    private static final double EVEN = 0.02;

    private final StringBuilder html = new StringBuilder(HEAD);

    private HtmlReport() {}

    static String of(Machine machine, Plan plan, Results results) {
        HtmlReport report = new HtmlReport();
        List<Targets.Verdict> verdicts = Targets.of(results.tables());
        report.facts(machine, plan);
        report.losses(verdicts);
        report.overview(results.tables());
        results.tables().forEach(report::scenario);
        report.targets(verdicts);
        report.contenders(plan);
        report.leftOut(results.leftOut());
        return report.html.append("</body></html>\n").toString();
    }

    private void facts(Machine machine, Plan plan) {
        html.append("<table class=\"facts\">");
        machine.facts().forEach((name, value) -> cells("td", name, value));
        cells(
                "td",
                "rounds",
                "%d of %.1f s, interleaved, after a warm-up of %.1f s; medians"
                        .formatted(plan.rounds(), plan.windowSeconds(), plan.warmupSeconds()));
        html.append(
                """
                </table><p>CPU is the server's user and system time per request: on one machine the load shares the
                limits of throughput, and CPU per request is the figure to trust. Latency is corrected for
                coordinated omission. A round is noisy when more than %.0f%% of the processors' time went to others
                than server and load.</p>
                """
                        .formatted(Round.NOISE_SHARE * 100));
    }

    /** First of all what we are worse at than we want to be. */
    private void losses(List<Targets.Verdict> verdicts) {
        List<Targets.Verdict> missed = Targets.missed(verdicts);
        html.append(
                "<h2>Where we lose</h2><p>%d of %d targets are missed.</p>%n"
                        .formatted(missed.size(), verdicts.size()));
        verdictTable(missed);
    }

    private void targets(List<Targets.Verdict> verdicts) {
        html.append(
                """
                <h2>Targets</h2><p>Processor time per request divided by the rival's; for idle connections the memory
                of each.</p>
                """);
        verdictTable(verdicts);
    }

    private void verdictTable(List<Targets.Verdict> verdicts) {
        if (verdicts.isEmpty()) {
            return;
        }
        html.append("<div class=\"wide\"><table>");
        cells("th", "scenario", "ours", "rival", "ratio", "target", "");
        for (Targets.Verdict verdict : verdicts) {
            html.append(
                    """
                    <tr><td>%s</td><td>%s</td><td>%s</td><td class="%s">%.3f</td><td>%.2f</td><td>%s%s</td></tr>
                    """
                            .formatted(
                                    escape(verdict.scenario().name()),
                                    escape(verdict.ours()),
                                    escape(verdict.rival()),
                                    verdict.isMet() ? "met" : "missed",
                                    verdict.ratio(),
                                    verdict.limit(),
                                    verdict.isMet() ? "met" : "missed",
                                    verdict.noisy() ? ", noise" : ""));
        }
        html.append("</table></div>\n");
    }

    /** Our processor time as a share of each rival's. */
    private void overview(List<Table> tables) {
        List<String> rivals =
                Contender.names().stream()
                        .filter(name ->
                                !name.startsWith("net-")
                                        && !name.equals("net")
                                        && tables.stream().anyMatch(t -> t.row(name).isPresent()))
                        .toList();
        html.append(
                """
                <h2>Overview</h2><p>CPU per request of <b>net</b> divided by the rival's: below 1 is better. For
                HTTP, net finds the ends of requests and parses nothing; compare jetty-uring with jetty.</p>
                <div class="wide"><table>
                """);
        List<String> head = new ArrayList<>(List.of(""));
        head.addAll(rivals);
        cells("th", head.toArray(String[]::new));
        for (Table table : tables) {
            if (!table.scenario().isIdle() && table.row("net").isPresent()) {
                double net = table.row("net").orElseThrow().cpuMicros();
                html.append("<tr><td>").append(escape(table.scenario().name())).append("</td>");
                rivals.forEach(rival -> overviewCell(table.row(rival), net));
                html.append("</tr>\n");
            }
        }
        html.append("</table></div>\n");
    }

    private void overviewCell(Optional<Row> rival, double net) {
        if (rival.isEmpty()) {
            html.append("<td></td>");
            return;
        }
        double ratio = net / rival.orElseThrow().cpuMicros();
        String style = ratio < 1 - EVEN ? "met" : ratio > 1 + EVEN ? "missed" : "noisy";
        html.append("<td class=\"%s\">%.2f</td>".formatted(style, ratio));
    }

    private void scenario(Table table) {
        html.append(
                "<h2 id=\"%s\">%s</h2>%n"
                        .formatted(
                                table.scenario().name(),
                                escape(table.scenario().title() + " (" + table.scenario().name())
                                        + ")"));
        if (table.scenario().isIdle()) {
            html.append(
                    Chart.of(
                            table,
                            "memory per connection",
                            "KiB",
                            row -> Table.kibibytesPerConnection(table, row)));
            idle(table);
            return;
        }
        html.append(Chart.of(table, "CPU per request", "us", Row::cpuMicros));
        if (table.scenario().load().isOpenLoop()) {
            html.append(Chart.of(table, "latency, p99", "us", row -> row.median(Round::p99Micros)));
        }
        busy(table);
    }

    private void idle(Table table) {
        html.append("<table>");
        cells("th", "", "CPU ms in all", "KiB/connection", "");
        for (Row row : table.rows()) {
            cells(
                    "td",
                    row.contender().name(),
                    "%.0f".formatted(row.cpuMicros() / 1000),
                    "%.2f".formatted(Table.kibibytesPerConnection(table, row)),
                    Table.remarks(row));
        }
        html.append("</table>\n");
    }

    private void busy(Table table) {
        html.append("<div class=\"wide\"><table>");
        cells(
                "th",
                "",
                "CPU us",
                "spread",
                "ratio",
                "requests/s",
                "p50 us",
                "p99 us",
                "p99.9 us",
                "");
        for (Row row : table.rows()) {
            cells(
                    "td",
                    row.contender().name(),
                    "%.3f".formatted(row.cpuMicros()),
                    "%.0f%%".formatted(row.cpuSpread() * 100),
                    "%.2f".formatted(row.cpuMicros() / table.bestCpuMicros()),
                    "%.0f".formatted(row.perSecond()),
                    Table.figure(row.median(Round::p50Micros)),
                    Table.figure(row.median(Round::p99Micros)),
                    Table.figure(row.median(Round::p999Micros)),
                    Table.remarks(row));
        }
        html.append("</table></div>\n");
    }

    private void contenders(Plan plan) {
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
