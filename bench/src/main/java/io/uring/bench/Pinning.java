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
        // Not all that a machine has may be used: a container forbids some. taskset tells.
        boolean pinned =
                server != load
                        && taskset("-c", Integer.toString(server), "true")
                        && taskset("-c", Integer.toString(load), "true")
                        && taskset(
                                "-acp",
                                Integer.toString(load),
                                Long.toString(ProcessHandle.current().pid()));
        return new Pinning(server, load, pinned);
    }

    private static boolean taskset(String... arguments) throws InterruptedException {
        try {
            List<String> command = new ArrayList<>(List.of("taskset"));
            command.addAll(List.of(arguments));
            Process process =
                    new ProcessBuilder(command)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            return process.waitFor(TASKSET_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // there is no taskset
        }
    }

    /** The command, on the server's processor; with several loops on the load's too. */
    List<String> pinServer(List<String> command, int loops) {
        return on(loops == 1 ? Integer.toString(server) : server + "," + load, command);
    }

    /** The command, free to choose between the two: children inherit the pinning otherwise. */
    List<String> unpinned(List<String> command) {
        return on(server + "," + load, command);
    }

    private List<String> on(String processors, List<String> command) {
        if (!active) {
            return command;
        }
        List<String> pinned = new ArrayList<>(List.of("taskset", "-c", processors));
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
