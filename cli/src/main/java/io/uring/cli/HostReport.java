package io.uring.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What decides about io_uring outside of it: the machine, the process's limits, its confinement. A
 * fact that the system does not tell is null.
 *
 * @param ioUringDisabled the sysctl kernel.io_uring_disabled, there from Linux 6.6
 * @param ioUringGroup the sysctl kernel.io_uring_group, which matters when the former is 1
 * @param seccompMode 0 off, 1 strict, 2 a filter
 * @param container what kind of container this process seems to be in
 */
record HostReport(
        String kernel,
        String architecture,
        String jdk,
        int processors,
        @Nullable Limit lockedMemoryBytes,
        @Nullable Limit openFiles,
        @Nullable Integer ioUringDisabled,
        @Nullable Integer ioUringGroup,
        @Nullable Integer seccompMode,
        @Nullable String container) {

    /**
     * A resource limit of the process: the soft one counts, and can be raised up to the hard one.
     */
    record Limit(long soft, long hard) {
        static final long UNLIMITED = Long.MAX_VALUE;

        private static long parse(String word) {
            return word.equals("unlimited") ? UNLIMITED : Long.parseLong(word);
        }
    }

    /** Reads the running system; tests give another root than "/" and their own environment. */
    static HostReport read(Path root, Map<String, String> environment) {
        Path kernel = root.resolve("proc/sys/kernel");
        List<String> limits = lines(root.resolve("proc/self/limits"));
        return new HostReport(
                firstLine(kernel.resolve("osrelease")).orElse(System.getProperty("os.version")),
                System.getProperty("os.arch"),
                System.getProperty("java.runtime.version")
                        + " ("
                        + System.getProperty("java.vendor")
                        + ")",
                Runtime.getRuntime().availableProcessors(),
                limit(limits, "Max locked memory"),
                limit(limits, "Max open files"),
                number(firstLine(kernel.resolve("io_uring_disabled"))),
                number(firstLine(kernel.resolve("io_uring_group"))),
                number(field(lines(root.resolve("proc/self/status")), "Seccomp:")),
                container(root, environment));
    }

    /** A line such as {@code Max open files 1024 1048576 files}: soft, hard, unit. */
    private static @Nullable Limit limit(List<String> limits, String name) {
        Optional<String> line = field(limits, name);
        if (line.isEmpty()) {
            return null;
        }
        List<String> words = List.of(line.get().split("\\s+"));
        return new Limit(Limit.parse(words.get(0)), Limit.parse(words.get(1)));
    }

    /**
     * There is no official mark of a container: these are the ones that the usual engines leave.
     */
    private static @Nullable String container(Path root, Map<String, String> environment) {
        if (environment.containsKey("KUBERNETES_SERVICE_HOST")) {
            return "kubernetes";
        }
        Optional<String> systemd = firstLine(root.resolve("run/systemd/container"));
        if (systemd.isPresent()) {
            return systemd.get();
        }
        if (Files.exists(root.resolve("run/.containerenv"))) {
            return "podman";
        }
        if (Files.exists(root.resolve(".dockerenv"))) {
            return "docker";
        }
        String groups = String.join("\n", lines(root.resolve("proc/1/cgroup")));
        for (String engine : List.of("kubepods", "docker", "containerd", "lxc")) {
            if (groups.contains(engine)) {
                return engine;
            }
        }
        return environment.get("container"); // Set by podman, systemd-nspawn and lxc.
    }

    private static Optional<String> field(List<String> lines, String name) {
        return lines.stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()).strip())
                .findFirst();
    }

    private static @Nullable Integer number(Optional<String> text) {
        return text.map(Integer::valueOf).orElse(null);
    }

    private static Optional<String> firstLine(Path file) {
        return lines(file).stream().findFirst();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of(); // Not there on this kernel, or hidden from us.
        }
    }
}
