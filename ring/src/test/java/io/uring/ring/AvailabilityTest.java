package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.ChildJvm;
import io.uring.testkit.SeccompChild;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(DescriptorsReturn.class)
final class AvailabilityTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

    @Test
    void ioUringIsAvailableHere() {
        Availability availability = Availability.get();
        assertTrue(availability.isAvailable());
        assertNull(availability.cause());
        assertTrue(availability.capabilities().has(Feature.IO_URING));
        assertTrue(availability.capabilities().supports(Opcode.NOP));
    }

    @Test
    void tooOldNamesTheReleaseAndTheMask() {
        UnavailableException e = Availability.tooOld("multishot accept", "5.19");
        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains("multishot accept"), message);
        assertTrue(message.contains("Linux 5.19"), message);
        assertTrue(message.contains("io.uring.mask"), message);
    }

    @Test
    @Behaviour({"SET-26", "THR-07"})
    void seccompThatForbidsItIsReportedWithARemedy() {
        try (ChildJvm child = SeccompChild.start(SeccompChild.EPERM, List.of(), Reports.class)) {
            assertUnavailable(
                    child, 1, "io_uring_setup: EPERM. ", "kernel.io_uring_disabled", "seccomp");
        }
    }

    @Test
    @Behaviour({"SET-26", "THR-07"})
    void seccompThatHidesItIsReportedWithARemedy() {
        try (ChildJvm child = SeccompChild.start(SeccompChild.ENOSYS, List.of(), Reports.class)) {
            assertUnavailable(child, 38, "io_uring_setup: ENOSYS. ", "Linux 5.1", "seccomp");
        }
    }

    @Test
    void deniedNativeAccessNamesTheFlag() {
        try (ChildJvm child =
                ChildJvm.start(List.of("--illegal-native-access=deny"), Reports.class)) {
            assertUnavailable(
                    child, 0, "native access is denied", "--enable-native-access=ALL-UNNAMED");
        }
    }

    @Test
    void wholeOfIoUringCanBeMasked() {
        try (ChildJvm child =
                ChildJvm.start(List.of(NATIVE_ACCESS, "-Dio.uring.mask=io_uring"), Reports.class)) {
            assertUnavailable(child, 38, "masked by the system property io.uring.mask");
        }
    }

    @Test
    void maskedFeaturesAreMissingFromEveryRing() {
        try (ChildJvm child =
                ChildJvm.start(
                        List.of(NATIVE_ACCESS, "-Dio.uring.mask=Ext_Arg, pbuf_ring"),
                        Reports.class)) {
            assertEquals(0, child.awaitExit(LIMIT), child::output);
            String output = child.output();
            assertTrue(output.startsWith("available Capabilities[IO_URING, "), output);
            assertTrue(!output.contains("EXT_ARG") && !output.contains("PBUF_RING"), output);
        }
    }

    /** A typing error must not make a test of a fallback silently test nothing. */
    @Test
    void unknownNameInTheMaskIsReportedEveryTime() {
        try (ChildJvm child =
                ChildJvm.start(
                        List.of(NATIVE_ACCESS, "-Dio.uring.mask=nonsense"), AsksTwice.class)) {
            assertEquals(0, child.awaitExit(LIMIT), child::output);
            List<String> lines = child.output().lines().toList();
            assertEquals(2, lines.size(), child::output);
            for (String line : lines) {
                assertTrue(
                        line.startsWith(
                                "unknown io_uring feature 'nonsense' in a mask; known: io_uring, "),
                        line);
            }
        }
    }

    private static void assertUnavailable(ChildJvm child, int errno, String... parts) {
        assertEquals(0, child.awaitExit(LIMIT), child::output);
        String output = child.output();
        assertTrue(output.startsWith("unavailable " + errno + " "), output);
        for (String part : parts) {
            assertTrue(output.contains(part), output);
        }
        assertTrue(output.endsWith("open refuses too\nthe same cause again\n"), output);
    }

    static final class Reports {
        private Reports() {}

        public static void main(String[] args) {
            Availability availability = Availability.get();
            UnavailableException cause = availability.cause();
            if (cause == null) {
                System.out.println("available " + availability.capabilities());
                return;
            }
            System.out.println("unavailable " + cause.errno() + " " + cause.getMessage());
            assertTrue(String.valueOf(cause.getMessage()).endsWith(cause.remedy()));
            assertThrows(UnavailableException.class, () -> Ring.open(RingConfig.ofEntries(8, 32)));
            System.out.println("open refuses too");
            assertEquals(
                    cause, assertThrows(UnavailableException.class, availability::capabilities));
            System.out.println("the same cause again");
        }
    }

    static final class AsksTwice {
        private AsksTwice() {}

        public static void main(String[] args) {
            for (int i = 0; i < 2; i++) {
                try {
                    Availability.get();
                } catch (IllegalArgumentException e) {
                    System.out.println(e.getMessage());
                }
            }
        }
    }
}
