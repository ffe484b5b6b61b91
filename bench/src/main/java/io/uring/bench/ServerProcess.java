package io.uring.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A contender in a process of its own. */
final class ServerProcess implements AutoCloseable {
    /** The same for all; the heap is bounded so that a leak shows instead of eating the machine. */
    static final List<String> JVM_FLAGS = List.of("-Xmx1g", "--enable-native-access=ALL-UNNAMED");

    private static final long START_SECONDS = 30;
    private static final long STOP_SECONDS = 5;
    private static final String READY = "READY 127.0.0.1:";

    private final Process process;
    private final Path log;
    private final int port;

    private ServerProcess(Process process, Path log, int port) {
        this.process = process;
        this.log = log;
        this.port = port;
    }

    static ServerProcess start(Contender contender, Scenario scenario, Pinning pinning)
            throws IOException, InterruptedException {
        List<String> command =
                contender.isC()
                        ? CServers.command(contender.name(), scenario.load().mode(), 0)
                        : java(contender, scenario);
        Path log = Files.createTempFile("uring-bench-" + contender.name(), ".log");
        Process process =
                new ProcessBuilder(pinning.pinServer(command, scenario.loops()))
                        .redirectError(log.toFile())
                        .start();
        CompletableFuture<Integer> ready = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> awaitReady(process, ready));
        try {
            return new ServerProcess(process, log, ready.get(START_SECONDS, TimeUnit.SECONDS));
        } catch (ExecutionException | TimeoutException e) {
            process.destroyForcibly();
            String said = Files.readString(log);
            Files.delete(log);
            throw new IOException(contender.name() + " did not start: " + said, e);
        }
    }

    private static List<String> java(Contender contender, Scenario scenario) {
        List<String> properties =
                contender.properties().entrySet().stream()
                        .map(property -> "-D" + property.getKey() + "=" + property.getValue())
                        .toList();
        List<String> command = new ArrayList<>(javaCommand(properties.toArray(String[]::new)));
        command.addAll(List.of("serve", contender.name(), "--port", "0"));
        command.addAll(List.of("--mode", scenario.load().mode().toString()));
        command.addAll(List.of("--loops", Integer.toString(scenario.loops())));
        return command;
    }

    /** This program in a JVM of its own; arguments are to follow. */
    static List<String> javaCommand(String... properties) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM_FLAGS);
        command.addAll(List.of(properties));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        return command;
    }

    private static void awaitReady(Process process, CompletableFuture<Integer> ready) {
        try {
            BufferedReader out = process.inputReader();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.startsWith(READY)) {
                    ready.complete(Integer.parseInt(line.substring(READY.length())));
                }
            }
            ready.completeExceptionally(new IOException("the process ended"));
        } catch (IOException | NumberFormatException e) {
            ready.completeExceptionally(e);
        }
    }

    int port() {
        return port;
    }

    long pid() {
        return process.pid(); // taskset has become the server
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            Files.deleteIfExists(log);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            log.toFile().deleteOnExit();
        }
    }
}
