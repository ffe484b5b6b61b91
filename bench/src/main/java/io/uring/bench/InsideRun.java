package io.uring.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The scenarios that want a private network: this program again, inside of one, because a process
 * and all its threads are in one network.
 */
final class InsideRun {
    static final String OPTION = "--inside-private-network";

    private final Plan plan;
    private final Pinning pinning;
    private volatile @Nullable Process process;

    InsideRun(Plan plan, Pinning pinning) {
        this.plan = plan;
        this.pinning = pinning;
    }

    Results run() throws IOException, InterruptedException {
        @Nullable String obstacle = PrivateNetwork.obstacle();
        if (obstacle != null) {
            return leftOut(obstacle);
        }
        Path file = Files.createTempFile("uring-bench", ".tsv");
        try {
            Process inside =
                    new ProcessBuilder(pinning.unpinned(PrivateNetwork.command(command(file))))
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            process = inside;
            int status = inside.waitFor();
            return status == 0
                    ? Results.read(file)
                    : leftOut("the run in the private network ended with " + status);
        } finally {
            stop();
            Files.deleteIfExists(file);
        }
    }

    /** A signal to this process need not have reached the one inside. */
    void stop() {
        @Nullable Process inside = process;
        if (inside != null) {
            inside.destroy();
        }
    }

    private Results leftOut(String reason) {
        return new Results(
                List.of(),
                plan.scenarios().stream()
                        .map(scenario -> scenario.name() + ": " + reason)
                        .toList());
    }

    private List<String> command(Path results) {
        List<String> command = new ArrayList<>(ServerProcess.javaCommand());
        command.addAll(List.of("--scenarios", names(plan.scenarios(), Scenario::name)));
        command.addAll(List.of("--contenders", names(plan.contenders(), Contender::name)));
        if (!plan.everyPair()) {
            command.add("--usual-pairs");
        }
        command.addAll(List.of("--rounds", Integer.toString(plan.rounds())));
        command.addAll(List.of("--seconds", Double.toString(plan.windowSeconds())));
        command.addAll(List.of("--warmup", Double.toString(plan.warmupSeconds())));
        command.addAll(List.of("--server-cpu", Integer.toString(pinning.server())));
        command.addAll(List.of("--load-cpu", Integer.toString(pinning.load())));
        command.addAll(List.of("--results", results.toString(), OPTION));
        return command;
    }

    private static <T> String names(List<T> list, java.util.function.Function<T, String> name) {
        return String.join(",", list.stream().map(name).toList());
    }
}
