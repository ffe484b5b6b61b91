package io.uring.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * CPU time that a whole process has used, user and system, from {@code /proc/<pid>/stat}.
 *
 * <pre>{@code
 * ProcessCpu before = ProcessCpu.ofThisProcess();
 * Thread.sleep(1_000);
 * assertTrue(ProcessCpu.ofThisProcess().minus(before).totalNanos() < 50_000_000, "idle means asleep");
 * }</pre>
 *
 * <p>The kernel reports ticks of 10 ms: expect that error in each value.
 */
public record ProcessCpu(long userNanos, long systemNanos) {
    /** USER_HZ, the unit in /proc, is 100 on every architecture that Java and io_uring share. */
    private static final long TICK_NANOS = 10_000_000;

    // Positions after "pid (comm) ": state is 0, utime and stime are fields 14 and 15 of
    // proc_pid_stat(5).
    private static final int USER_FIELD = 11;
    private static final int SYSTEM_FIELD = 12;

    /** Of the JVM that asks. */
    public static ProcessCpu ofThisProcess() {
        return of(ProcessHandle.current().pid());
    }

    /**
     * Of this JVM's threads whose names begin so, which leaves out what the JVM compiles and
     * collects meanwhile.
     */
    public static ProcessCpu ofThreads(String prefix) {
        long user = 0;
        long system = 0;
        try (var tasks = Files.list(Path.of("/proc/self/task"))) {
            for (Path task : (Iterable<Path>) tasks::iterator) {
                if (Files.readString(task.resolve("comm")).startsWith(prefix)) {
                    ProcessCpu thread = parse(Files.readString(task.resolve("stat")));
                    user += thread.userNanos;
                    system += thread.systemNanos;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("no CPU time of the threads " + prefix, e);
        }
        return new ProcessCpu(user, system);
    }

    /** Of any process that may be seen. */
    public static ProcessCpu of(long pid) {
        Path stat = Path.of("/proc", Long.toString(pid), "stat");
        try {
            return parse(Files.readString(stat));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "no CPU time of process " + pid + ": cannot read " + stat, e);
        }
    }

    static ProcessCpu parse(String stat) {
        // The command may contain blanks and brackets: count from the last bracket.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return new ProcessCpu(
                Long.parseLong(fields[USER_FIELD]) * TICK_NANOS,
                Long.parseLong(fields[SYSTEM_FIELD]) * TICK_NANOS);
    }

    /**
     * The least that this JVM took in one of some windows of time. A loop that is not idle shows in
     * each of them; what the JVM compiles or collects beside does not.
     *
     * @param enoughNanos no further window is needed after one with so little
     */
    public static long leastOf(int windows, long windowNanos, long enoughNanos) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < windows && least > enoughNanos; i++) {
            ProcessCpu before = ofThisProcess();
            long start = System.nanoTime();
            for (long left = windowNanos; left > 0; ) {
                LockSupport.parkNanos(left);
                left = windowNanos - (System.nanoTime() - start);
            }
            least = Math.min(least, ofThisProcess().minus(before).totalNanos());
        }
        return least;
    }

    /** User and system together. */
    public long totalNanos() {
        return userNanos + systemNanos;
    }

    /** What was used since {@code earlier}. */
    public ProcessCpu minus(ProcessCpu earlier) {
        return new ProcessCpu(userNanos - earlier.userNanos, systemNanos - earlier.systemNanos);
    }
}
