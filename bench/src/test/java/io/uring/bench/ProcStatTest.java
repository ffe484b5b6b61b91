package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ProcStatTest {
    private static final String STAT =
            """
            cpu  30 2 20 400 5 1 1 3 0 0
            cpu0 10 1 10 200 3 1 1 2 7 0
            cpu1 20 1 10 200 2 0 0 1 0 0
            cpu10 99 99 99 99 99 99 99 99 0 0
            intr 1234
            """;

    @Test
    void processTimeIsUserPlusSystem() {
        String stat = "42 (java) S 1 2 3 4 5 6 7 8 9 10 700 55 1 2 20 0 9 0 12345 0 0\n";
        assertEquals(755, ProcStat.parseProcess(stat));
        assertEquals(3, ProcStat.parseChildren(stat));
    }

    @Test
    void commandMayLookLikeTheEndOfItself() {
        String stat = "42 (a) S 1 (b) R 1 2 3 4 5 6 7 8 9 10 700 55 1 1 20 0 9 0 12345 0 0\n";
        assertEquals(755, ProcStat.parseProcess(stat));
    }

    @Test
    void busyIsWhatIsNeitherIdleNorWaitingAndIncludesSteal() {
        assertEquals(25, ProcStat.parseBusy(STAT, List.of(0)));
        assertEquals(57, ProcStat.parseBusy(STAT, List.of(0, 1)));
    }

    @Test
    void residentMemoryIsFound() {
        assertEquals(51_234, ProcStat.parseResident("Name:\tjava\nVmRSS:\t   51234 kB\n"));
        assertThrows(IllegalArgumentException.class, () -> ProcStat.parseResident("Name:\tx\n"));
    }

    @Test
    void thisKernelIsUnderstood() throws IOException {
        long pid = ProcessHandle.current().pid();
        assertTrue(ProcStat.processTicks(pid) > 0);
        assertTrue(ProcStat.residentKilobytes(pid) > 1024);
    }
}
