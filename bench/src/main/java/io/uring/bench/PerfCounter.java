package io.uring.bench;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Counts what a process asks of the kernel, with perf and the kernel's tracepoints: unlike strace
 * it does not stop the process at each call, and so does not change how many there are.
 *
 * <pre>{@code
 * try (PerfCounter counter = PerfCounter.of(pid)) {
 *     counter.start();
 *     work();
 *     Map<String, Long> counts = counter.stop();
 * }
 * }</pre>
 */
final class PerfCounter implements AutoCloseable {
    static final String SQES = "io_uring:io_uring_submit_req";
    static final String CQES = "io_uring:io_uring_complete";
    static final String ALL_CALLS = "raw_syscalls:sys_enter";
    static final String CALL_PREFIX = "syscalls:sys_enter_";

    /** What the servers do in a request or a connection; what else there is shows in the sum. */
    private static final List<String> CALLS =
            List.of(
                    "accept",
                    "accept4",
                    "close",
                    "connect",
                    "dup2",
                    "epoll_ctl",
                    "epoll_pwait",
                    "epoll_pwait2",
                    "epoll_wait",
                    "fcntl",
                    "futex",
                    "getpeername",
                    "getsockname",
                    "getsockopt",
                    "io_uring_enter",
                    "ioctl",
                    "newfstat",
                    "poll",
                    "ppoll",
                    "read",
                    "readv",
                    "recvfrom",
                    "recvmsg",
                    "sched_yield",
                    "sendmsg",
                    "sendto",
                    "setsockopt",
                    "shutdown",
                    "timerfd_settime",
                    "write",
                    "writev");

    private static final long END_SECONDS = 30;
    private static final String ENDED = "ended\n";

    private final Path directory;
    private final Process perf;
    private final RandomAccessFile control;
    private final RandomAccessFile answers;

    private PerfCounter(
            Path directory, Process perf, RandomAccessFile control, RandomAccessFile answers) {
        this.directory = directory;
        this.perf = perf;
        this.control = control;
        this.answers = answers;
    }

    /** Why perf cannot count here, or null. */
    static @Nullable String obstacle() throws InterruptedException {
        if (!Programs.exist("perf", "mkfifo", "kill")) {
            return "perf is not installed";
        }
        try (PerfCounter trial = of(ProcessHandle.current().pid())) {
            trial.start();
            trial.stop();
            return null;
        } catch (IOException e) {
            return e.getMessage();
        }
    }

    static PerfCounter of(long pid) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("uring-bench-perf");
        Path control = directory.resolve("control");
        Path answers = directory.resolve("answers");
        run("mkfifo", control.toString(), answers.toString());
        // For reading and writing, which does not wait for the other side.
        RandomAccessFile controlFile = new RandomAccessFile(control.toFile(), "rw");
        RandomAccessFile answersFile = new RandomAccessFile(answers.toFile(), "rw");
        List<String> command = new ArrayList<>(List.of("perf", "stat", "-x,", "-D", "-1"));
        command.addAll(List.of("--control", "fifo:" + control + "," + answers));
        command.addAll(List.of("-o", directory.resolve("counts").toString()));
        command.addAll(List.of("-e", events(), "-p", Long.toString(pid)));
        Process perf =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("log").toFile())
                        .start();
        var _ =
                perf.onExit()
                        .thenRun(() -> {
                            try {
                                answersFile.write(ENDED.getBytes(StandardCharsets.US_ASCII));
                            } catch (IOException e) {
                                // Closed: nobody waits for an answer any more.
                                return;
                            }
                        });
        return new PerfCounter(directory, perf, controlFile, answersFile);
    }

    private static String events() {
        List<String> events = new ArrayList<>(List.of(ALL_CALLS, SQES, CQES));
        CALLS.forEach(call -> events.add(CALL_PREFIX + call));
        return String.join(",", events);
    }

    void start() throws IOException {
        ask("enable\n");
    }

    /** Counts by event. */
    Map<String, Long> stop() throws IOException, InterruptedException {
        ask("disable\n");
        run("kill", "-INT", Long.toString(perf.pid()));
        if (!perf.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("perf does not end");
        }
        Map<String, Long> counts = new LinkedHashMap<>();
        for (String line : Files.readAllLines(directory.resolve("counts"))) {
            String[] fields = line.split(",", -1);
            if (fields.length > 2
                    && !fields[0].isEmpty()
                    && Character.isDigit(fields[0].charAt(0))) {
                counts.put(fields[2], Long.parseLong(fields[0]));
            }
        }
        if (!counts.containsKey(ALL_CALLS)) {
            throw new IOException("perf counted nothing: " + log());
        }
        return counts;
    }

    private void ask(String what) throws IOException {
        control.write(what.getBytes(StandardCharsets.US_ASCII));
        StringBuilder answer = new StringBuilder();
        for (int value = answers.read(); value != '\n'; value = answers.read()) {
            if (value > 0) { // perf sends the zero that ends its string, too
                answer.append((char) value);
            }
        }
        if (!answer.toString().equals("ack")) {
            throw new IOException(
                    "perf cannot count (as root, or with kernel.perf_event_paranoid=-1): " + log());
        }
    }

    private String log() throws IOException {
        return Files.readString(directory.resolve("log")).strip();
    }

    private static void run(String... command) throws IOException, InterruptedException {
        int status = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (status != 0) {
            throw new IOException(String.join(" ", command) + " ended with " + status);
        }
    }

    @Override
    public void close() throws IOException {
        perf.destroy();
        control.close();
        answers.close();
        for (String name : List.of("control", "answers", "counts", "log")) {
            Files.deleteIfExists(directory.resolve(name));
        }
        Files.delete(directory);
    }
}
