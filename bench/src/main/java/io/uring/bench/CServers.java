package io.uring.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Compiles the C servers, which travel in the jar as sources. */
final class CServers {
    private static final long COMPILE_SECONDS = 60;
    private static final List<String> SOURCES =
            List.of("server.h", "uring_server.c", "epoll_server.c");

    private static @Nullable Path directory;

    private CServers() {}

    /** Whether there is a C compiler. */
    static boolean canCompile() {
        return Programs.exist("cc");
    }

    /** The command that serves; compiles at the first call. */
    static synchronized List<String> command(String contender, Mode mode, int port)
            throws IOException, InterruptedException {
        @Nullable Path where = directory;
        if (where == null) {
            where = unpack();
            directory = where;
        }
        Path program = where.resolve(contender);
        if (!Files.exists(program)) {
            compile(where, contender.substring("c-".length()) + "_server.c", program);
        }
        return List.of(program.toString(), mode.toString(), Integer.toString(port));
    }

    private static Path unpack() throws IOException {
        Path where = Files.createTempDirectory("uring-bench");
        where.toFile().deleteOnExit();
        for (String source : SOURCES) {
            try (InputStream in = CServers.class.getResourceAsStream("c/" + source)) {
                if (in == null) {
                    throw new IOException("the jar has no " + source);
                }
                Files.copy(in, where.resolve(source));
                where.resolve(source).toFile().deleteOnExit();
            }
        }
        return where;
    }

    private static void compile(Path where, String source, Path program)
            throws IOException, InterruptedException {
        Process cc =
                new ProcessBuilder("cc", "-O2", "-o", program.toString(), source)
                        .directory(where.toFile())
                        .inheritIO()
                        .start();
        if (!cc.waitFor(COMPILE_SECONDS, TimeUnit.SECONDS)) {
            cc.destroyForcibly();
            throw new IOException("cc did not end in time");
        }
        if (cc.exitValue() != 0) {
            throw new IOException("cc could not compile " + source);
        }
        program.toFile().deleteOnExit();
    }
}
