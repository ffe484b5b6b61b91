package io.uring.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Processor time and memory, from /proc. Times are in ticks of 10 ms: USER_HZ is 100 everywhere.
 */
final class ProcStat {
    static final long TICK_MICROS = 10_000;

    private static final int UTIME = 11;
    private static final int STIME = 12;
    private static final int CUTIME = 13;
    private static final int CSTIME = 14;
    private static final int IDLE = 4;
    private static final int IOWAIT = 5;
    private static final int STEAL = 8;

    private ProcStat() {}

    /** User and system time of a process. */
    static long processTicks(long pid) throws IOException {
        return parseProcess(Files.readString(Path.of("/proc/" + pid + "/stat")));
    }

    /** Outside of the kernel. */
    static long userTicks(long pid) throws IOException {
        return Long.parseLong(
                afterCommand(Files.readString(Path.of("/proc/" + pid + "/stat")))[UTIME]);
    }

    /** The command in the second field may contain blanks and parentheses. */
    static long parseProcess(String stat) {
        String[] fields = afterCommand(stat);
        return Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME]);
    }

    /** The same of the children that have ended, such as wrk. */
    static long childrenTicks(long pid) throws IOException {
        return parseChildren(Files.readString(Path.of("/proc/" + pid + "/stat")));
    }

    static long parseChildren(String stat) {
        String[] fields = afterCommand(stat);
        return Long.parseLong(fields[CUTIME]) + Long.parseLong(fields[CSTIME]);
    }

    private static String[] afterCommand(String stat) {
        return stat.substring(stat.lastIndexOf(')') + 2).strip().split(" ", -1);
    }

    /** What the processors have done, for all processes, and what the hypervisor took. */
    static long busyTicks(List<Integer> processors) throws IOException {
        return parseBusy(Files.readString(Path.of("/proc/stat")), processors);
    }

    static long parseBusy(String stat, List<Integer> processors) {
        long busy = 0;
        for (String line : stat.lines().toList()) {
            String[] fields = line.split(" +", -1);
            for (int processor : processors) {
                if (fields[0].equals("cpu" + processor)) {
                    busy += busy(fields);
                }
            }
        }
        return busy;
    }

    private static long busy(String[] fields) {
        long sum = 0;
        // Guest time after steal is contained in user time.
        for (int i = 1; i <= Math.min(STEAL, fields.length - 1); i++) {
            if (i != IDLE && i != IOWAIT) {
                sum += Long.parseLong(fields[i]);
            }
        }
        return sum;
    }

    static long residentKilobytes(long pid) throws IOException {
        return parseResident(Files.readString(Path.of("/proc/" + pid + "/status")));
    }

    static long parseResident(String status) {
        return status.lines()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no VmRSS"));
    }
}
