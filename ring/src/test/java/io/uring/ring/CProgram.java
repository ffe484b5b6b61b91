package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Asks this machine's C headers for values. Skips the test, with the reason, where there is no
 * compiler or the headers are missing or too old.
 */
public final class CProgram {
    private static final long LIMIT_SECONDS = 60;

    private final StringBuilder body = new StringBuilder();
    private final Map<String, Long> expected = new TreeMap<>();

    /** The value of a C expression. */
    public void expect(String expression, long value) {
        expected.put(expression, value);
        body.append("printf(\"%s=%lld\\n\", \"")
                .append(expression)
                .append("\", (long long)(")
                .append(expression)
                .append("));\n");
    }

    /** The value of a macro, where the headers have it. */
    public void expectMacro(String name, long value) {
        body.append("#ifdef ").append(name).append('\n');
        expect(name, value);
        body.append("#endif\n");
    }

    /** The value of an expression that came with a kernel release. */
    public void expectSince(String release, String expression, long value) {
        body.append("#if LINUX_VERSION_CODE >= KERNEL_VERSION(")
                .append(release.replace('.', ','))
                .append(",0)\n");
        expect(expression, value);
        body.append("#endif\n");
    }

    /** Compiles, runs and compares. */
    public void verify(Path directory, String... headers) throws IOException {
        assumeTrue(compilerExists(), "there is no C compiler (cc)");
        StringBuilder source = new StringBuilder();
        for (String header : headers) {
            Path file = Path.of("/usr/include", header);
            assumeTrue(Files.exists(file) || !header.startsWith("linux/"), "there is no " + file);
            source.append("#include <").append(header).append(">\n");
        }
        source.append("#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n")
                .append(body)
                .append("return 0;\n}\n");
        Path program = directory.resolve("program");
        Files.writeString(directory.resolve("program.c"), source);
        String errors = run(directory, "cc", "-o", program.toString(), "program.c").strip();
        if (!Files.exists(program)) {
            abort("the headers are too old: " + errors);
        }
        Map<String, Long> actual = new TreeMap<>();
        for (String line : run(directory, program.toString()).lines().toList()) {
            int equals = line.lastIndexOf('=');
            actual.put(line.substring(0, equals), Long.valueOf(line.substring(equals + 1)));
        }
        assertFalse(actual.isEmpty());
        expected.keySet().retainAll(actual.keySet()); // what these headers have
        assertEquals(expected, actual);
    }

    private static boolean compilerExists() {
        for (String directory : System.getenv("PATH").split(":", -1)) {
            if (Files.isExecutable(Path.of(directory, "cc"))) {
                return true;
            }
        }
        return false;
    }

    private static String run(Path directory, String... command) throws IOException {
        Path output = directory.resolve("output");
        Process process =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(command[0] + " does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
        return Files.readString(output);
    }
}
