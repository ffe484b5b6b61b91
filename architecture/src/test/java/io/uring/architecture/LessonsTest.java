package io.uring.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The mistakes of {@code docs/lessons.md} have tests, and those that only sources show. */
final class LessonsTest {
    private static final int LESSONS = 30;
    private static final Pattern ROW = Pattern.compile("\\| (\\d+) \\|.*\\|");
    private static final Pattern PROOF = Pattern.compile("`(\\w+Test)#(\\w+)`");

    /** Sources of the tests by the names of their classes; a name may be in several modules. */
    private static Map<String, String> tests() throws IOException {
        Map<String, String> tests = new HashMap<>();
        try (Stream<Path> modules = Files.list(Project.ROOT)) {
            for (Path module : modules.toList()) {
                Path sources = module.resolve("src/test/java");
                if (Files.isDirectory(sources)) {
                    addTests(sources, tests);
                }
            }
        }
        return tests;
    }

    private static void addTests(Path sources, Map<String, String> tests) throws IOException {
        try (Stream<Path> files = Files.walk(sources)) {
            for (Path file : files.filter(f -> f.toString().endsWith("Test.java")).toList()) {
                String name = file.getFileName().toString().replace(".java", "");
                tests.merge(name, Files.readString(file), String::concat);
            }
        }
    }

    /** Whether there is such a method, and an annotation right above makes it a test. */
    private static boolean isThere(String source, String method) {
        int at = source.indexOf("void " + method + "(");
        if (at < 0) {
            return false;
        }
        String above = source.substring(source.lastIndexOf("\n\n", at) + 1, at);
        return above.contains("@Test\n") || above.contains("@ParameterizedTest\n");
    }

    @Test
    void everyLessonNamesTestsThatExist() throws IOException {
        Map<String, String> tests = tests();
        List<Integer> numbers = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (String line : Files.readAllLines(Project.ROOT.resolve("docs/lessons.md"))) {
            Matcher row = ROW.matcher(line);
            Matcher proof = PROOF.matcher(line);
            boolean proven = false;
            while (proof.find()) {
                proven = true;
                if (!isThere(tests.getOrDefault(proof.group(1), ""), proof.group(2))) {
                    missing.add(proof.group());
                }
            }
            if (row.matches()) {
                numbers.add(Integer.valueOf(row.group(1)));
                assertTrue(proven, () -> "no test for lesson " + row.group(1));
            }
        }
        assertEquals(List.of(), missing, "tests that docs/lessons.md names and nobody has written");
        assertEquals(IntStream.rangeClosed(1, LESSONS).boxed().toList(), numbers);
    }

    /** A check that cannot fail proves nothing. */
    @Test
    void testsThatAreNoneAreNotFound() {
        String source =
                """
                @Test
                @Behaviour("SET-01")
                void there() {}

                private static void helper() {}

                @ParameterizedTest
                @ValueSource(strings = {"a", "b"})
                void withValues(String value) {}
                """;
        assertTrue(isThere(source, "there"));
        assertTrue(isThere(source, "withValues"));
        assertFalse(isThere(source, "helper"));
        assertFalse(isThere(source, "elsewhere"));
    }

    @Test
    void noDowncallIsCritical() throws IOException {
        for (Path source : Project.mainSources()) {
            assertFalse(
                    Files.readString(source).contains("Option.critical"),
                    () -> source + ": calls of a ring may block, and a critical one stops the JVM");
        }
    }

    /** The kernel's side of a queue is read with acquire, ours is written with release. */
    @Test
    void countersSharedWithTheKernelAreOrdered() throws IOException {
        String submissions = ringSource("SubmissionQueue");
        String completions = ringSource("CompletionQueue");
        assertTrue(submissions.contains("putIntRelease(tailAddress, "), "our tail");
        assertTrue(submissions.contains("getIntAcquire(headAddress)"), "the kernel's head");
        assertTrue(completions.contains("getIntAcquire(tailAddress)"), "the kernel's tail");
        assertTrue(completions.contains("putIntRelease(headAddress, "), "our head");
        assertFalse(submissions.contains("NativeMemory.putInt(tailAddress"), "a plain write");
        assertFalse(submissions.contains("NativeMemory.getInt(headAddress"), "a plain read");
        assertFalse(completions.contains("NativeMemory.getInt(tailAddress"), "a plain read");
        assertFalse(completions.contains("NativeMemory.putInt(headAddress"), "a plain write");
    }

    private static String ringSource(String name) throws IOException {
        Path file = Project.ROOT.resolve("ring/src/main/java/io/uring/ring/" + name + ".java");
        return Files.readString(file);
    }
}
