package io.uring.cli;

import static io.uring.cli.RunningServer.PATIENCE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.Availability;
import io.uring.testkit.ChildJvm;
import java.util.List;
import org.junit.jupiter.api.Test;

class DoctorCommandTest {

    @Test
    void statusAndVerdictAgreeWithTheRing() {
        boolean available = Availability.get().isAvailable();
        Run text = Run.uring("doctor");
        Run json = Run.uring("doctor", "--json");

        assertEquals(available ? 0 : 1, text.status());
        assertEquals(available ? 0 : 1, json.status());
        String verdict = available ? "io_uring is usable.\n" : "io_uring is not usable.\n";
        assertTrue(text.out().startsWith(verdict), text.out());
        assertTrue(json.out().startsWith("{\"usable\":" + available + ","), json.out());
        assertEquals(1, json.out().lines().count());
    }

    @Test
    void maskedRingIsExplained() {
        List<String> flags =
                List.of("--enable-native-access=ALL-UNNAMED", "-Dio.uring.mask=io_uring");
        try (ChildJvm child = ChildJvm.start(flags, Main.class, "doctor")) {
            assertEquals(1, child.awaitExit(PATIENCE), child::output);
            assertTrue(child.output().startsWith("io_uring is not usable.\n"), child::output);
            assertTrue(child.output().contains("io.uring.mask"), child::output);
        }
    }

    @Test
    void deniedNativeAccessIsExplained() {
        List<String> flags = List.of("--illegal-native-access=deny");
        try (ChildJvm child = ChildJvm.start(flags, Main.class, "doctor")) {
            assertEquals(1, child.awaitExit(PATIENCE), child::output);
            assertTrue(child.output().contains("--enable-native-access"), child::output);
        }
    }
}
