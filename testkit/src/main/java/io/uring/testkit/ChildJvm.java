package io.uring.testkit;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A second JVM with this one's class path: for JVM flags, exit paths, signals, and a peer in its
 * own process.
 *
 * <pre>{@code
 * try (ChildJvm child = ChildJvm.start(List.of("-Xmx64m"), EchoServer.class, "--port=0")) {
 *     child.awaitOutput(Duration.ofSeconds(10), "listening");
 *     child.terminate();
 *     assertEquals(0, child.awaitExit(Duration.ofSeconds(10)), child::output);
 * }
 * }</pre>
 *
 * <p>The child has only the flags given: no native access, no heap limit from this JVM. Output and
 * error output are captured together.
 */
public final class ChildJvm implements AutoCloseable {
    private final Process process;
    private final Path output;

    private ChildJvm(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /** Starts {@code main} with the JVM flags and the arguments. */
    public static ChildJvm start(List<String> jvmFlags, Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmFlags);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        command.addAll(List.of(arguments));
        try {
            // A file and not a pipe: a child that writes much never blocks, and no thread has to
            // read along.
            Path output = Files.createTempFile("child-jvm", ".out");
            Process process =
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                            .redirectOutput(output.toFile())
                            .start();
            return new ChildJvm(process, output);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + String.join(" ", command), e);
        }
    }

    /** The child's process ID. */
    public long pid() {
        return process.pid();
    }

    /** All that the child has written so far. */
    public String output() {
        try {
            return new String(Files.readAllBytes(output), Charset.defaultCharset());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the child's output in " + output, e);
        }
    }

    /**
     * Waits until the output contains {@code text}; fails with the output when it does not, or the
     * child ends.
     */
    public void awaitOutput(Duration limit, String text) {
        Eventually.isTrue(
                limit,
                () -> "output contains \"" + text + "\"; it is:\n" + output(),
                () -> {
                    boolean alive = process.isAlive();
                    boolean found = output().contains(text);
                    if (!found && !alive) {
                        throw new AssertionError(
                                "the child ended with "
                                        + process.exitValue()
                                        + " before \""
                                        + text
                                        + "\":\n"
                                        + output());
                    }
                    return found;
                });
    }

    /**
     * Waits for the end and gives the exit status (128 + signal when killed); fails with the output
     * if it runs on.
     */
    public int awaitExit(Duration limit) {
        try {
            if (!process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new AssertionError(
                        "the child still runs after " + limit.toMillis() + " ms:\n" + output());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for the child", e);
        }
        return process.exitValue();
    }

    /** SIGTERM: the child's shutdown hooks run. */
    public void terminate() {
        process.destroy();
    }

    /** SIGKILL: nothing of the child runs any more. */
    public void kill() {
        process.destroyForcibly();
    }

    /** Kills the child if it still runs, and forgets its output. */
    @Override
    public void close() {
        kill();
        awaitExit(Duration.ofSeconds(10));
        try {
            Files.deleteIfExists(output);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + output, e);
        }
    }
}
