package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.ring.ControlOps;
import io.uring.ring.Ring;
import io.uring.ring.Sqe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Counts system calls with strace, where there is one. */
@Timeout(120)
final class EnterCountTest {
    private static final int TURNS = 2000;

    @TempDir Path directory;

    @Test
    void turnIsOneEnterCall() throws Exception {
        Path strace = Path.of("/usr/bin/strace");
        assumeTrue(Files.isExecutable(strace), "no strace");
        Path calls = directory.resolve("calls");
        Path output = directory.resolve("output");
        Process child =
                new ProcessBuilder(
                                strace.toString(),
                                "-f",
                                "--seccomp-bpf",
                                "-e",
                                "trace=io_uring_enter",
                                "-o",
                                calls.toString(),
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                TurnsRound.class.getName())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        try {
            assertTrue(child.waitFor(60, TimeUnit.SECONDS), "the child ends");
            assumeTrue(child.exitValue() == 0, () -> "strace may not trace: " + read(output));
            long count =
                    Files.readAllLines(calls).stream()
                            .filter(line -> line.contains("io_uring_enter("))
                            .count();
            // Closing needs a few more.
            assertTrue(count >= TURNS && count < TURNS + 20, () -> count + " calls");
        } finally {
            child.destroyForcibly();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (java.io.IOException e) {
            return e.toString();
        }
    }

    /** Turns, each with an operation that is submitted, waited for and completed. */
    static final class TurnsRound {
        public static void main(String[] arguments) {
            try (Reactor reactor = new Reactor(ReactorConfig.defaults())) {
                reactor.start();
                Operation nop =
                        new Operation() {
                            @Override
                            protected void prepare(Sqe sqe) {
                                ControlOps.nop(sqe);
                            }

                            @Override
                            protected void complete(int result, int flags) {}
                        };
                for (int i = 0; i < TURNS; i++) {
                    reactor.submit(nop);
                    reactor.poll(Ring.FOREVER);
                }
                System.out.println(List.of("turns", TURNS));
            }
        }
    }
}
