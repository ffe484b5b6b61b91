package io.uring.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Every round, as tab-separated values: for other people's statistics, and for a run inside a
 * private network to hand over to the one outside. A line with {@link #LEFT_OUT} has a reason.
 */
record Results(List<Table> tables, List<String> leftOut) {
    private static final String LEFT_OUT = "left out";
    private static final String HEAD =
            "scenario\tcontender\tcpu_us\tper_second\tp50_us\tp99_us\tp999_us\tforeign_share\t"
                    + "resident_bytes\terrors";
    private static final int COLUMNS = 10;

    Results {
        tables = List.copyOf(tables);
        leftOut = List.copyOf(leftOut);
    }

    /** Both, in the order of the scenarios' list. */
    Results and(Results other) {
        List<Table> all = new ArrayList<>();
        for (Scenario scenario : Scenario.list()) {
            tables.stream().filter(t -> t.scenario().equals(scenario)).forEach(all::add);
            other.tables.stream().filter(t -> t.scenario().equals(scenario)).forEach(all::add);
        }
        List<String> reasons = new ArrayList<>(leftOut);
        reasons.addAll(other.leftOut);
        return new Results(all, reasons);
    }

    void write(Path file) throws IOException {
        List<String> lines = new ArrayList<>(List.of(HEAD));
        for (Table table : tables) {
            for (Row row : table.rows()) {
                row.rounds().forEach(round -> lines.add(line(table.scenario(), row, round)));
            }
        }
        leftOut.forEach(reason -> lines.add(LEFT_OUT + "\t" + reason.replaceAll("\\s+", " ")));
        Files.write(file, lines);
    }

    private static String line(Scenario scenario, Row row, Round round) {
        return String.join(
                "\t",
                scenario.name(),
                row.contender().name(),
                Double.toString(round.cpuMicros()),
                Double.toString(round.perSecond()),
                Double.toString(round.p50Micros()),
                Double.toString(round.p99Micros()),
                Double.toString(round.p999Micros()),
                Double.toString(round.foreignShare()),
                Double.toString(round.residentBytes()),
                Long.toString(round.errors()));
    }

    static Results read(Path file) throws IOException {
        Map<Scenario, Map<Contender, List<Round>>> rounds = new LinkedHashMap<>();
        List<String> leftOut = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            String[] fields = line.split("\t", -1);
            if (fields[0].equals(LEFT_OUT)) {
                leftOut.add(fields[1]);
            } else if (fields.length != COLUMNS) {
                throw new IOException(file + ": not a line of results: " + line);
            } else if (!line.equals(HEAD)) {
                rounds.computeIfAbsent(Scenario.named(fields[0]), _ -> new LinkedHashMap<>())
                        .computeIfAbsent(Contender.named(fields[1]), _ -> new ArrayList<>())
                        .add(round(fields));
            }
        }
        List<Table> tables = new ArrayList<>();
        rounds.forEach((scenario, rows) ->
                tables.add(
                        new Table(
                                scenario,
                                rows.entrySet().stream()
                                        .map(row -> new Row(row.getKey(), row.getValue()))
                                        .toList())));
        return new Results(tables, leftOut);
    }

    private static Round round(String[] fields) {
        return new Round(
                Double.parseDouble(fields[2]),
                Double.parseDouble(fields[3]),
                Double.parseDouble(fields[4]),
                Double.parseDouble(fields[5]),
                Double.parseDouble(fields[6]),
                Double.parseDouble(fields[7]),
                Double.parseDouble(fields[8]),
                Long.parseLong(fields[9]));
    }
}
