package io.uring.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A contender in a process of its own. */
final class ServerProcess implements AutoCloseable {
    /** The same for all; the heap is bounded so that a leak shows instead of eating the machine. */
    static final List<String> JVM_FLAGS = List.of("-Xmx1g", "--enable-native-access=ALL-UNNAMED");

    private static final long START_SECONDS = 30;
    private static final long STOP_SECONDS = 5;
    private static final long ANSWER_SECONDS = 10;
    static final String ALLOCATED = "ALLOCATED ";
    private static final String READY = "READY 127.0.0.1:";

    private final Process process;
    private final Path log;
    private final int port;
    private final boolean isJava;
    private final BlockingQueue<Long> allocated;

    private ServerProcess(
            Process process, Path log, int port, boolean isJava, BlockingQueue<Long> allocated) {
        this.isJava = isJava;
        this.allocated = allocated;
        this.process = process;
        this.log = log;
        this.port = port;
    }

    static ServerProcess start(Contender contender, Scenario scenario, Pinning pinning)
            throws IOException, InterruptedException {
        return start(contender, scenario.load().mode(), scenario.loops(), pinning);
    }

    static ServerProcess start(Contender contender, Mode mode, int loops, Pinning pinning)
            throws IOException, InterruptedException {
        List<String> command =
                contender.isC()
                        ? CServers.command(contender.name(), mode, 0)
                        : java(contender, mode, loops);
        Path log = Files.createTempFile("uring-bench-" + contender.name(), ".log");
        Process process =
                new ProcessBuilder(pinning.pinServer(command, loops))
                        .redirectError(log.toFile())
                        .start();
        CompletableFuture<Integer> ready = new CompletableFuture<>();
        BlockingQueue<Long> allocated = new LinkedBlockingQueue<>();
        // Not virtual: reads of a pipe hold a carrier each, and a dozen servers run out of them.
        Thread.ofPlatform().daemon().start(() -> listen(process, ready, allocated));
        try {
            int port = ready.get(START_SECONDS, TimeUnit.SECONDS);
            return new ServerProcess(process, log, port, !contender.isC(), allocated);
        } catch (ExecutionException | TimeoutException e) {
            process.destroyForcibly();
            String said = Files.readString(log);
            Files.delete(log);
            throw new IOException(contender.name() + " did not start: " + said, e);
        }
    }

    private static List<String> java(Contender contender, Mode mode, int loops) {
        List<String> properties =
                contender.properties().entrySet().stream()
                        .map(property -> "-D" + property.getKey() + "=" + property.getValue())
                        .toList();
        List<String> command = new ArrayList<>(javaCommand(properties.toArray(String[]::new)));
        command.addAll(List.of("serve", contender.name(), "--port", "0"));
        command.addAll(List.of("--mode", mode.toString()));
        command.addAll(List.of("--loops", Integer.toString(loops), "--attached"));
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

    private static void listen(
            Process process, CompletableFuture<Integer> ready, BlockingQueue<Long> allocated) {
        try {
            BufferedReader out = process.inputReader();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.startsWith(READY)) {
                    ready.complete(Integer.parseInt(line.substring(READY.length())));
                } else if (line.startsWith(ALLOCATED)) {
                    allocated.add(Long.parseLong(line.substring(ALLOCATED.length())));
                }
            }
            ready.completeExceptionally(new IOException("the process ended"));
        } catch (IOException | NumberFormatException e) {
            ready.completeExceptionally(e);
        }
    }

    /** What all its threads have allocated on the Java heap; 0 for C. */
    long allocatedBytes() throws IOException, InterruptedException {
        if (!isJava) {
            return 0;
        }
        OutputStream in = process.getOutputStream();
        in.write('\n');
        in.flush();
        Long bytes = allocated.poll(ANSWER_SECONDS, TimeUnit.SECONDS);
        if (bytes == null) {
            throw new IOException("the server does not tell what it allocated");
        }
        return bytes;
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
