package io.uring.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rules over the main sources of all modules. */
final class SourceRulesTest {
    private static final int FILE_LINES_MAX = 600;
    private static final int LINE_COLUMNS_MAX = 120;

    @Test
    void filesAreNotTooLong() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path source : Project.mainSources()) {
            int lines = Files.readAllLines(source).size();
            if (lines > FILE_LINES_MAX) {
                tooLong.add(Project.ROOT.relativize(source) + ": " + lines + " lines");
            }
        }
        assertEquals(List.of(), tooLong, "files over " + FILE_LINES_MAX + " lines");
    }

    @Test
    void linesAreNotTooLong() throws IOException {
        List<String> tooLong = new ArrayList<>();
        for (Path source : Project.mainSources()) {
            List<String> lines = Files.readAllLines(source);
            for (int i = 0; i < lines.size(); i++) {
                int columns = lines.get(i).codePointCount(0, lines.get(i).length());
                if (columns > LINE_COLUMNS_MAX) {
                    tooLong.add(
                            Project.ROOT.relativize(source)
                                    + ":"
                                    + (i + 1)
                                    + ": "
                                    + columns
                                    + " columns");
                }
            }
        }
        assertEquals(List.of(), tooLong, "lines over " + LINE_COLUMNS_MAX + " columns");
    }
}
