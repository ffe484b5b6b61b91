package io.uring.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code costs}: what operations take, counted. */
@Command(
        name = "costs",
        mixinStandardHelpOptions = true,
        description = {
            "Count system calls, SQEs, CQEs and allocations per accept, read, write, close and request.",
            "Needs perf, and root or kernel.perf_event_paranoid=-1. Prints Markdown."
        })
final class CostsCommand implements Callable<Integer> {
    private static final int COPY_BYTES = 64 * 1024;
    private static final int COPY_TARGETS = 16;
    private static final int COPIES = 20_000;

    @Option(names = "--contenders", split = ",", paramLabel = "NAME", description = "Only these.")
    private List<String> contenders =
            List.of(
                    "net",
                    "jetty-uring",
                    "jetty",
                    "uring-netty-pooled",
                    "netty-nio-pooled",
                    "netty-epoll-pooled",
                    "netty-uring-pooled",
                    "netty-uring-tuned",
                    "uring-vertx-pooled",
                    "vertx-pooled",
                    "vthreads",
                    "c-uring",
                    "c-epoll");

    @Option(names = "--server-cpu", description = "The server's processor (default: 0).")
    private int serverCpu = 0;

    @Option(names = "--load-cpu", description = "The load's processor (default: 1).")
    private int loadCpu = 1;

    @Override
    public Integer call() throws Exception {
        @Nullable String obstacle = PerfCounter.obstacle();
        if (obstacle != null) {
            throw new IOException(obstacle);
        }
        Pinning pinning = Pinning.ofThisProcess(serverCpu, loadCpu);
        Map<String, CostMeasurement.Result> results = new LinkedHashMap<>();
        for (String name : contenders) {
            System.err.println(name);
            results.put(name, new CostMeasurement(Contender.named(name), pinning).run());
        }
        Machine.read("./uring bench costs", pinning)
                .facts()
                .forEach((fact, value) -> System.out.println("- " + fact + ": " + value));
        print(results);
        return 0;
    }

    private static void print(Map<String, CostMeasurement.Result> results) {
        Set<String> operations = new LinkedHashSet<>();
        results.values().forEach(result -> operations.addAll(result.costs().keySet()));
        System.out.println(
                "\n| operation | server | system calls | of these | SQEs | CQEs | bytes allocated |");
        System.out.println("|---|---|---|---|---|---|---|");
        for (String operation : operations) {
            results.forEach((name, result) -> {
                @Nullable Cost cost = result.costs().get(operation);
                if (cost != null) {
                    System.out.printf("| %s | %s | %s |%n", operation, name, cost.cells());
                }
            });
        }
        double one = copyNanosPerKibibyte();
        System.out.printf(
                "%nCopies: one copy of 64 KiB by this JVM takes %.0f ns per KiB.%n%n"
                        + "| server | user time per KiB of an echo, ns | copies |%n|---|---|---|%n",
                one);
        results.forEach((name, result) -> {
            double nanos = result.copyNanosPerKibibyte();
            if (!Double.isNaN(nanos)) {
                System.out.printf("| %s | %.1f | %.1f |%n", name, nanos, nanos / one);
            }
        });
    }

    /** Into a new place each time, as a server does with many connections. */
    private static double copyNanosPerKibibyte() {
        byte[] source = new byte[COPY_BYTES];
        List<byte[]> targets = new ArrayList<>();
        for (int i = 0; i < COPY_TARGETS; i++) {
            targets.add(new byte[COPY_BYTES]);
        }
        long startedAt = System.nanoTime();
        for (int i = 0; i < COPIES; i++) {
            System.arraycopy(source, 0, targets.get(i % COPY_TARGETS), 0, COPY_BYTES);
            if (i == COPIES / 2) {
                startedAt = System.nanoTime(); // compiled by now
            }
        }
        return (System.nanoTime() - startedAt) / (COPIES / 2.0) / (COPY_BYTES / 1024.0);
    }
}
