package io.uring.bench;

import java.util.List;
import java.util.Optional;

/** What all contenders did in a scenario. */
record Table(Scenario scenario, List<Row> rows) {
    private static final double KIBIBYTE = 1024;

    Table {
        rows = List.copyOf(rows);
    }

    Optional<Row> row(String contender) {
        return rows.stream().filter(row -> row.contender().name().equals(contender)).findFirst();
    }

    /** The least processor time of all contenders. */
    double bestCpuMicros() {
        return rows.stream().mapToDouble(Row::cpuMicros).min().orElse(0);
    }

    String text() {
        StringBuilder text = new StringBuilder();
        text.append(scenario.title()).append(" (").append(scenario.name()).append(")\n");
        if (scenario.isIdle()) {
            idle(text);
        } else {
            busy(text);
        }
        return text.toString();
    }

    private void busy(StringBuilder text) {
        text.append(
                "  %-18s %9s %6s %11s %9s %9s %9s  %s%n"
                        .formatted(
                                "",
                                "CPU us/r",
                                "ratio",
                                "requests/s",
                                "p50 us",
                                "p99 us",
                                "p99.9 us",
                                ""));
        for (Row row : rows) {
            text.append(
                    "  %-18s %9.3f %6.2f %11.0f %9s %9s %9s  %s%n"
                            .formatted(
                                    row.contender().name(),
                                    row.cpuMicros(),
                                    row.cpuMicros() / bestCpuMicros(),
                                    row.perSecond(),
                                    figure(row.median(Round::p50Micros)),
                                    figure(row.median(Round::p99Micros)),
                                    figure(row.median(Round::p999Micros)),
                                    remarks(row)));
        }
    }

    private void idle(StringBuilder text) {
        text.append("  %-18s %14s %16s%n".formatted("", "CPU ms in all", "KiB/connection"));
        for (Row row : rows) {
            text.append(
                    "  %-18s %14.0f %16.2f  %s%n"
                            .formatted(
                                    row.contender().name(),
                                    row.cpuMicros() / 1000,
                                    kibibytesPerConnection(this, row),
                                    remarks(row)));
        }
    }

    static double kibibytesPerConnection(Table table, Row row) {
        return row.median(Round::residentBytes) / KIBIBYTE / table.scenario().load().connections();
    }

    /** wrk does not tell all of them. */
    static String figure(double micros) {
        return Double.isNaN(micros) ? "-" : "%.1f".formatted(micros);
    }

    /** What makes a row less reliable. */
    static String remarks(Row row) {
        StringBuilder remarks = new StringBuilder();
        if (row.noisyRounds() > 0) {
            remarks.append("noise in ")
                    .append(row.noisyRounds())
                    .append('/')
                    .append(row.rounds().size())
                    .append(" rounds ");
        }
        if (row.errors() > 0) {
            remarks.append(row.errors()).append(" errors ");
        }
        return remarks.toString().strip();
    }
}
