package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ResultsTest {
    private static final Round ROUND = new Round(1.5, 2, 3, 4, Double.NaN, 0.01, 4096, 7);

    @TempDir private Path directory;

    private static Table table(String scenario) {
        return new Table(
                Scenario.named(scenario),
                List.of(
                        new Row(Contender.named("net"), List.of(ROUND, ROUND)),
                        new Row(Contender.named("c-epoll"), List.of(ROUND))));
    }

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        Path file = directory.resolve("results.tsv");
        Results results =
                new Results(List.of(table("echo-64"), table("churn")), List.of("idle: no time"));
        results.write(file);
        assertEquals(results, Results.read(file));
    }

    @Test
    void reasonOfSeveralLinesStaysOneLine() throws IOException {
        Path file = directory.resolve("results.tsv");
        new Results(List.of(), List.of("a\n\tb")).write(file);
        assertEquals(List.of("a b"), Results.read(file).leftOut());
    }

    @Test
    void otherFilesAreRefused() throws IOException {
        Path file = directory.resolve("results.tsv");
        Files.writeString(file, "echo-64\tnet\t1\n");
        assertThrows(IOException.class, () -> Results.read(file));
    }

    @Test
    void resultsOfTwoNetworksAreInTheOrderOfTheList() {
        Results inside = new Results(List.of(table("stream-1-reno")), List.of("x"));
        Results outside = new Results(List.of(table("echo-64")), List.of("y"));
        Results both = inside.and(outside);
        assertEquals(List.of(table("echo-64"), table("stream-1-reno")), both.tables());
        assertEquals(List.of("x", "y"), both.leftOut());
    }
}
