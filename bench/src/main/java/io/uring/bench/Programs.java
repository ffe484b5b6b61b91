package io.uring.bench;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Programs on the PATH. */
final class Programs {
    private static final long VERSION_SECONDS = 10;

    private Programs() {}

    static boolean exist(String... names) {
        for (String name : names) {
            if (!exists(name)) {
                return false;
            }
        }
        return true;
    }

    private static boolean exists(String name) {
        @Nullable String path = System.getenv("PATH");
        if (path == null) {
            return false;
        }
        for (String entry : path.split(File.pathSeparator, -1)) {
            if (Files.isExecutable(Path.of(entry, name))) {
                return true;
            }
        }
        return false;
    }

    /** The first line of what a command prints, or what to say instead. */
    static String firstLine(String otherwise, String... command) throws InterruptedException {
        if (!exists(command[0])) {
            return otherwise;
        }
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor(VERSION_SECONDS, TimeUnit.SECONDS);
            return output.lines().findFirst().orElse(otherwise);
        } catch (IOException e) {
            return otherwise;
        }
    }
}
