package io.uring.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ChildJvmTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @Test
    void flagsArgumentsOutputAndStatusPass() {
        try (ChildJvm child = ChildJvm.start(List.of("-Dcolour=blue"), Ends.class, "7")) {
            assertEquals(7, child.awaitExit(LIMIT), child::output);
            assertEquals("out blue\nerr\n", child.output());
        }
    }

    @Test
    void terminateRunsShutdownHooks() {
        try (ChildJvm child = ChildJvm.start(List.of(), Waits.class)) {
            child.awaitOutput(LIMIT, "ready");
            assertTrue(ProcessCpu.of(child.pid()).totalNanos() >= 0);
            child.terminate();
            assertEquals(128 + 15, child.awaitExit(LIMIT), child::output);
            assertEquals("ready\nhook\n", child.output());
        }
    }

    @Test
    void childThatEndsEarlyIsReportedWithItsOutput() {
        try (ChildJvm child = ChildJvm.start(List.of(), Ends.class, "3")) {
            AssertionError error =
                    assertThrows(AssertionError.class, () -> child.awaitOutput(LIMIT, "never"));
            assertTrue(error.getMessage().contains("ended with 3"), error.getMessage());
            assertTrue(error.getMessage().contains("out null"), error.getMessage());
        }
    }

    @Test
    void childThatRunsOnIsKilledByClose() {
        ChildJvm child = ChildJvm.start(List.of(), Waits.class);
        assertThrows(AssertionError.class, () -> child.awaitExit(Duration.ofMillis(1)));
        child.close();
        assertTrue(ProcessHandle.of(child.pid()).isEmpty());
    }

    static final class Ends {
        private Ends() {}

        public static void main(String[] args) {
            System.out.println("out " + System.getProperty("colour"));
            System.err.println("err");
            System.exit(Integer.parseInt(args[0]));
        }
    }

    static final class Waits {
        private Waits() {}

        public static void main(String[] args) throws InterruptedException {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
            System.out.println("ready");
            Thread.sleep(600_000);
        }
    }
}
