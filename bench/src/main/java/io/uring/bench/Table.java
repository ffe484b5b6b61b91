package io.uring.bench;

import java.util.List;

/** What all contenders did in a scenario. */
record Table(Scenario scenario, List<Row> rows) {
    private static final double KIBIBYTE = 1024;

    Table {
        rows = List.copyOf(rows);
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
                    "  %-18s %9.3f %6.2f %11.0f %9.1f %9.1f %9.1f  %s%n"
                            .formatted(
                                    row.contender().name(),
                                    row.cpuMicros(),
                                    row.cpuMicros() / bestCpuMicros(),
                                    row.perSecond(),
                                    row.median(Round::p50Micros),
                                    row.median(Round::p99Micros),
                                    row.median(Round::p999Micros),
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
                                    row.median(Round::residentBytes)
                                            / KIBIBYTE
                                            / scenario.load().connections(),
                                    remarks(row)));
        }
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
