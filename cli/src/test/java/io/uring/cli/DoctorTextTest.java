package io.uring.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.Feature;
import io.uring.ring.Opcode;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DoctorTextTest {

    static final HostReport HOST =
            new HostReport(
                    "6.18.0",
                    "amd64",
                    "25 (Vendor)",
                    2,
                    new HostReport.Limit(8_388_608, HostReport.Limit.UNLIMITED),
                    null,
                    2,
                    -1,
                    2,
                    null);

    static final RingReport USABLE =
            new RingReport(
                    null,
                    null,
                    EnumSet.of(Feature.DEFER_TASKRUN, Feature.MULTISHOT_ACCEPT),
                    List.of(Feature.PBUF_RING),
                    EnumSet.of(Opcode.NOP, Opcode.ACCEPT));

    static final RingReport UNUSABLE =
            new RingReport(
                    "io_uring_setup: EPERM. " + "Ask the administrator of this machine. ".repeat(5),
                    "Ask.",
                    Set.of(),
                    List.of(),
                    Set.of());

    @Test
    void usableRingIsDescribed() {
        assertEquals(
                """
                io_uring is usable.

                Host
                  kernel                    6.18.0
                  architecture              amd64
                  JDK                       25 (Vendor)
                  processors                2
                  container                 none detected

                Limits
                  locked memory             8388608 bytes (at most unlimited)
                  open files                unknown
                  kernel.io_uring_disabled  2: nobody may use io_uring
                  seccomp                   a filter; container engines' default ones often refuse io_uring

                Features in use
                  DEFER_TASKRUN MULTISHOT_ACCEPT

                Features not in use
                  PBUF_RING                 there from Linux 5.19

                2 operations
                  NOP ACCEPT

                This library will use
                  transport                 io_uring
                  completions               delivered when the loop asks (DEFER_TASKRUN)
                  accept                    multishot
                  receive                   one by one into a buffer per receive
                  wake-up                   an eventfd
                """,
                DoctorText.render(HOST, USABLE));
    }

    @Test
    void unusableRingSaysWhyInLinesThatFit() {
        String text = DoctorText.render(HOST, UNUSABLE);

        assertTrue(text.startsWith("io_uring is not usable.\n  io_uring_setup: EPERM. Ask"), text);
        assertTrue(text.endsWith("  transport                 the host's own NIO\n"), text);
        assertTrue(text.lines().limit(6).allMatch(line -> line.length() <= 78), text);
    }
}
