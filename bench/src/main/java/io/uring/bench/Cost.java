package io.uring.bench;

import java.util.Map;
import java.util.TreeMap;

/**
 * What an operation takes on average.
 *
 * @param calls all system calls of the process
 * @param callsByName those that are told apart
 * @param allocatedBytes on the Java heap
 */
record Cost(
        double calls,
        double sqes,
        double cqes,
        Map<String, Double> callsByName,
        double allocatedBytes) {

    /** Rarer than once in fifty operations: the JVM's own, or of many operations together. */
    private static final double TOLD_FROM = 0.02;

    Cost {
        callsByName = Map.copyOf(callsByName);
    }

    static Cost of(Map<String, Long> counts, long allocatedBytes, long operations) {
        Map<String, Double> byName = new TreeMap<>();
        counts.forEach((event, count) -> {
            if (event.startsWith(PerfCounter.CALL_PREFIX)) {
                byName.put(
                        event.substring(PerfCounter.CALL_PREFIX.length()),
                        (double) count / operations);
            }
        });
        return new Cost(
                (double) counts.getOrDefault(PerfCounter.ALL_CALLS, 0L) / operations,
                (double) counts.getOrDefault(PerfCounter.SQES, 0L) / operations,
                (double) counts.getOrDefault(PerfCounter.CQES, 0L) / operations,
                byName,
                (double) allocatedBytes / operations);
    }

    /** What is left of an operation without a part of it. */
    Cost minus(Cost part) {
        Map<String, Double> byName = new TreeMap<>(callsByName);
        part.callsByName.forEach((name, count) -> byName.merge(name, -count, Double::sum));
        return new Cost(
                calls - part.calls,
                sqes - part.sqes,
                cqes - part.cqes,
                byName,
                allocatedBytes - part.allocatedBytes);
    }

    /** Cells of a Markdown table. */
    String cells() {
        StringBuilder names = new StringBuilder();
        new TreeMap<>(callsByName)
                .forEach((name, count) -> {
                    if (Math.abs(count) >= TOLD_FROM) {
                        names.append(names.isEmpty() ? "" : ", ")
                                .append("%.2f %s".formatted(count, name));
                    }
                });
        return "%.2f | %s | %.2f | %.2f | %.0f"
                .formatted(
                        positive(calls),
                        names,
                        positive(sqes),
                        positive(cqes),
                        positive(allocatedBytes));
    }

    /** No minus zero where a difference is nothing. */
    private static double positive(double value) {
        return Math.abs(value) < 0.005 ? 0 : value;
    }
}
