package io.uring.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Server on one processor, load on another, so that neither takes the other's time. Without taskset
 * or a second processor nothing is pinned, and the report says so.
 */
record Pinning(int server, int load, boolean active) {
    private static final long TASKSET_SECONDS = 10;

    /** Pins this process, which is the load, with all its threads. */
    static Pinning ofThisProcess(int server, int load) throws InterruptedException {
        boolean pinned =
                Runtime.getRuntime().availableProcessors() > Math.max(server, load)
                        && taskset("-acp", load, ProcessHandle.current().pid());
        return new Pinning(server, load, pinned);
    }

    private static boolean taskset(String flags, int processor, long pid)
            throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(
                                    "taskset",
                                    flags,
                                    Integer.toString(processor),
                                    Long.toString(pid))
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            return process.waitFor(TASKSET_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // there is no taskset
        }
    }

    /** The command, on the server's processor. */
    List<String> pinServer(List<String> command) {
        if (!active) {
            return command;
        }
        List<String> pinned = new ArrayList<>(List.of("taskset", "-c", Integer.toString(server)));
        pinned.addAll(command);
        return pinned;
    }

    List<Integer> processors() {
        return List.of(server, load);
    }

    @Override
    public String toString() {
        return active ? "server on processor " + server + ", load on " + load : "not pinned";
    }
}
