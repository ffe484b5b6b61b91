package io.uring.bench;

import java.io.PrintStream;

/** Where a run is, in one line that is written over, and what has been found above it. */
final class Progress {
    private static final String CLEAR_LINE = "\r\033[K";

    private final PrintStream out;
    private final double expectedSeconds;
    private final long startedAt = System.nanoTime();

    Progress(PrintStream out, double expectedSeconds) {
        this.out = out;
        this.expectedSeconds = expectedSeconds;
    }

    double elapsedSeconds() {
        return (System.nanoTime() - startedAt) / 1e9;
    }

    void show(String... where) {
        out.print(
                CLEAR_LINE
                        + minutes(elapsedSeconds())
                        + " of about "
                        + minutes(expectedSeconds)
                        + "  "
                        + String.join("  ", where));
        out.flush();
    }

    void print(String text) {
        out.println(CLEAR_LINE + text);
    }

    static String minutes(double seconds) {
        return "%d:%02d".formatted((int) seconds / 60, (int) seconds % 60);
    }
}
