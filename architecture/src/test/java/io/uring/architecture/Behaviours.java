package io.uring.architecture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The behaviours of {@code docs/behaviours.md}, and the tests that prove them: those that carry a
 * behaviour's ID and passed, by the reports of this build.
 */
final class Behaviours {
    private static final Pattern ROW = Pattern.compile("\\| ([A-Z]+-\\d+b?) \\|.*\\|");
    private static final String EXCLUDED = "## Excluded here, and why";
    private static final Pattern TAG =
            Pattern.compile(
                    "@Behaviour\\((.*?)\\)(.*?)(?:void|class) (\\w+)\\s*[({<e]", Pattern.DOTALL);
    private static final Pattern ID = Pattern.compile("\"([A-Z]+-\\d+b?)\"");
    private static final Pattern CASE =
            Pattern.compile(
                    "<testcase name=\"(\\w+)[^\"]*\" classname=\"([\\w.$]+)\"[^>]*?(/>|>(.*?)</testcase>)",
                    Pattern.DOTALL);

    /** IDs of the tables, with their row. */
    final Map<String, String> rows = new LinkedHashMap<>();

    /** IDs that cannot be proven on this kind of machine. */
    final Set<String> excluded = new TreeSet<>();

    /** The tests that passed, for each ID that a test carries. */
    final Map<String, SortedSet<String>> proofs = new TreeMap<>();

    private final List<String> page;

    private Behaviours(List<String> page) {
        this.page = page;
        boolean inTables = true;
        for (String line : page) {
            inTables &= !line.equals(EXCLUDED);
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                if (inTables) {
                    rows.put(row.group(1), line);
                } else {
                    excluded.add(row.group(1));
                }
            }
        }
    }

    /** Reads the page, the test sources and the reports of a checkout. */
    static Behaviours of(Path root) throws IOException {
        Behaviours behaviours = new Behaviours(Files.readAllLines(page(root)));
        try (Stream<Path> modules = Files.list(root)) {
            for (Path module : modules.filter(Files::isDirectory).sorted().toList()) {
                behaviours.addModule(module);
            }
        }
        return behaviours;
    }

    static Path page(Path root) {
        return root.resolve("docs/behaviours.md");
    }

    private void addModule(Path module) throws IOException {
        Path sources = module.resolve("src/test/java");
        Path reports = module.resolve("target/surefire-reports");
        if (!Files.isDirectory(sources) || !Files.isDirectory(reports)) {
            return;
        }
        Set<String> passed = passed(reports);
        try (Stream<Path> files = Files.walk(sources)) {
            for (Path file : files.filter(f -> f.toString().endsWith("Test.java")).toList()) {
                String type = file.getFileName().toString().replace(".java", "");
                addTags(type, Files.readString(file), passed);
            }
        }
    }

    /** {@code Class.method} of each test of which a case passed and none failed. */
    static Set<String> passed(Path reports) throws IOException {
        Set<String> passed = new TreeSet<>();
        Set<String> failed = new TreeSet<>();
        try (Stream<Path> files = Files.list(reports)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".xml")).toList()) {
                Matcher test = CASE.matcher(Files.readString(file));
                while (test.find()) {
                    String type = test.group(2).substring(test.group(2).lastIndexOf('.') + 1);
                    String inside = test.group(4) == null ? "" : test.group(4);
                    if (inside.contains("<failure") || inside.contains("<error")) {
                        failed.add(type + "." + test.group(1));
                    } else if (!inside.contains("<skipped")) {
                        passed.add(type + "." + test.group(1));
                    }
                }
            }
        }
        passed.removeAll(failed);
        return passed;
    }

    /** Notes the IDs that a test class carries, and which of its tests passed. */
    void addTags(String type, String source, Set<String> passed) {
        Matcher tag = TAG.matcher(source);
        while (tag.find()) {
            String method = type + "." + tag.group(3);
            Matcher id = ID.matcher(tag.group(1));
            while (id.find()) {
                Set<String> tests = proofs.computeIfAbsent(id.group(1), key -> new TreeSet<>());
                if (passed.contains(method)) {
                    tests.add(method);
                }
            }
        }
    }

    /** IDs that tests carry and the page does not have. */
    List<String> unknown() {
        return proofs.keySet().stream().filter(id -> !rows.containsKey(id)).toList();
    }

    /** IDs that could be proven and are not. */
    List<String> unproven() {
        return rows.keySet().stream()
                .filter(id -> !excluded.contains(id) && !isProven(id))
                .toList();
    }

    boolean isProven(String id) {
        return proofs.containsKey(id) && !proofs.get(id).isEmpty();
    }

    long applicable() {
        return rows.keySet().stream().filter(id -> !excluded.contains(id)).count();
    }

    /** The page with its last column as it should be. */
    List<String> written() {
        List<String> written = new ArrayList<>();
        boolean inTables = true;
        for (String line : page) {
            inTables &= !line.equals(EXCLUDED);
            Matcher row = ROW.matcher(line);
            written.add(inTables && row.matches() ? withProofs(row.group(1), line) : line);
        }
        return written;
    }

    private String withProofs(String id, String line) {
        String kept = line.substring(0, line.lastIndexOf('|', line.length() - 2) + 1);
        SortedSet<String> tests = proofs.get(id);
        if (tests == null || tests.isEmpty()) {
            return kept + " |";
        }
        String more = tests.size() == 1 ? "" : " +" + (tests.size() - 1);
        return kept + " " + tests.first() + more + " |";
    }
}
