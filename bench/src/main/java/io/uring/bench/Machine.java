package io.uring.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What a figure means nothing without. */
record Machine(Map<String, String> facts) {
    static Machine read(String command, Pinning pinning) throws InterruptedException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("command", command);
        facts.put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        facts.put("processor", processor());
        facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put(
                "congestion control",
                firstLine("/proc/sys/net/ipv4/tcp_congestion_control")
                        + "; scenarios that end in -reno: reno, in a private network namespace");
        facts.put(
                "JVM",
                System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
        facts.put("server JVM flags", String.join(" ", ServerProcess.JVM_FLAGS));
        facts.put("versions", versions());
        facts.put("placement", pinning.toString());
        facts.put(
                "C compiler",
                Programs.firstLine("none: no C contenders", "cc", "--version") + ", -O2");
        facts.put("wrk", Programs.firstLine("not installed", "wrk", "-v"));
        return new Machine(facts);
    }

    String text() {
        return facts.entrySet().stream()
                .map(fact -> "%-20s %s".formatted(fact.getKey(), fact.getValue()))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static String versions() {
        return "Netty %s, Vert.x %s, Jetty %s"
                .formatted(
                        version(io.netty.channel.Channel.class),
                        version(io.vertx.core.Vertx.class),
                        org.eclipse.jetty.util.Jetty.VERSION);
    }

    /** From the name of the jar: not all manifests have it. */
    private static String version(Class<?> type) {
        String jar =
                Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath())
                        .getFileName()
                        .toString();
        return jar.replaceAll("^[a-z-]*|\\.jar$", "");
    }

    /** Counted in the file: this process is pinned, and sees one. */
    private static String processor() {
        try {
            List<String> lines = Files.readAllLines(Path.of("/proc/cpuinfo"));
            long count = lines.stream().filter(line -> line.startsWith("processor")).count();
            String model =
                    lines.stream()
                            .filter(line -> line.startsWith("model name"))
                            .map(line -> line.substring(line.indexOf(':') + 1).strip())
                            .findFirst()
                            .orElse(System.getProperty("os.arch"));
            return count + " x " + model;
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }

    private static String firstLine(String path) {
        try {
            return Files.readString(Path.of(path)).strip();
        } catch (IOException e) {
            return "unknown";
        }
    }
}
