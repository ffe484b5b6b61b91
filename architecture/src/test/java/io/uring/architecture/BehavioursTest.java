package io.uring.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every behaviour that can be proven has a test that passed in this build. */
final class BehavioursTest {
    /** The testkit's own tests use an ID of no table. */
    private static final String EXAMPLE = "XMP-";

    @Test
    void everyApplicableBehaviourIsProven() throws IOException {
        Behaviours behaviours = Behaviours.of(Project.ROOT);
        assertFalse(
                behaviours.proofs.isEmpty(), "no reports of tests: run ./mvnw verify as a whole");
        List<String> unproven = behaviours.unproven();
        System.out.printf(
                "behaviours: %d covered / %d applicable / %d excluded with their reason%n",
                behaviours.applicable() - unproven.size(),
                behaviours.applicable(),
                behaviours.excluded.size());
        assertEquals(
                List.of(), unproven, "behaviours of docs/behaviours.md without a passing test");
        assertEquals(
                List.of(),
                behaviours.unknown().stream().filter(id -> !id.startsWith(EXAMPLE)).toList(),
                "behaviours that tests name and docs/behaviours.md does not have");
    }

    @Test
    void pageNamesTheTests() throws IOException {
        Behaviours behaviours = Behaviours.of(Project.ROOT);
        Path page = Behaviours.page(Project.ROOT);
        if (System.getProperty("behaviours.write") != null) {
            Files.write(page, behaviours.written());
        }
        assertEquals(
                String.join("\n", behaviours.written()),
                String.join("\n", Files.readAllLines(page)),
                "docs/behaviours.md is not true; ./mvnw verify -Dbehaviours.write makes it so");
    }

    @Test
    void excludedBehavioursAreOnThePage() throws IOException {
        Behaviours behaviours = Behaviours.of(Project.ROOT);
        assertTrue(behaviours.rows.keySet().containsAll(behaviours.excluded));
    }

    @Test
    void failedAndSkippedTestsProveNothing(@TempDir Path reports) throws IOException {
        Files.writeString(
                reports.resolve("TEST-x.xml"),
                """
                <testsuite>
                  <testcase name="passes" classname="io.uring.ring.FooTest" time="0"/>
                  <testcase name="fails(int)[1]" classname="io.uring.ring.FooTest" time="0"/>
                  <testcase name="fails(int)[2]" classname="io.uring.ring.FooTest" time="0">
                    <failure message="no"/>
                  </testcase>
                  <testcase name="skips" classname="io.uring.ring.FooTest" time="0">
                    <skipped message="no kernel"/>
                  </testcase>
                  <testcase name="prints" classname="io.uring.ring.FooTest" time="0">
                    <system-out>seed</system-out>
                  </testcase>
                </testsuite>
                """);
        assertEquals(Set.of("FooTest.passes", "FooTest.prints"), Behaviours.passed(reports));
    }

    @Test
    void tagsBelongToTheNextMethod() throws IOException {
        Behaviours behaviours = Behaviours.of(Project.ROOT);
        behaviours.proofs.clear();
        behaviours.addTags(
                "FooTest",
                """
                @Test
                @Behaviour({"SET-01", "SET-02"})
                void passes() {}
                @ParameterizedTest
                @Behaviour("SET-03")
                @RequiresKernel("6.12")
                void fails(int x) {}
                @Behaviour("XMP-99")
                void passes() {}
                """,
                Set.of("FooTest.passes"));
        assertTrue(behaviours.isProven("SET-02"));
        assertFalse(behaviours.isProven("SET-03"));
        assertEquals(List.of("XMP-99"), behaviours.unknown());
        assertTrue(behaviours.unproven().contains("SET-03"));
        assertFalse(behaviours.unproven().contains("SET-01"));
    }
}
