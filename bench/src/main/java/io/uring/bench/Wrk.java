package io.uring.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** wrk as the load for HTTP: a second opinion that shares no code with what is measured. */
final class Wrk {
    private static final Pattern TOTAL = Pattern.compile("(\\d+) requests in ([0-9.]+)(us|ms|s|m)");
    private static final Pattern BAD = Pattern.compile("Non-2xx or 3xx responses: (\\d+)");

    /** What wrk prints. It has no 99.9th percentile. */
    record Output(
            long requests, double perSecond, double p50Micros, double p99Micros, long errors) {}

    private Wrk() {}

    /** Runs on the processors of this process: it inherits the pinning. */
    static Output run(LoadSpec spec, int port, double seconds)
            throws IOException, InterruptedException {
        Path script = Files.createTempFile("uring-bench", ".lua");
        try {
            Files.writeString(script, script(spec.depth()));
            Process wrk =
                    new ProcessBuilder(command(spec, port, seconds, script))
                            .redirectErrorStream(true)
                            .start();
            String output = new String(wrk.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (wrk.waitFor() != 0) {
                throw new IOException("wrk failed: " + output);
            }
            return parse(output);
        } finally {
            Files.delete(script);
        }
    }

    private static List<String> command(LoadSpec spec, int port, double seconds, Path script) {
        List<String> command = new ArrayList<>(List.of("wrk", "-t1", "--latency"));
        command.add("-c" + spec.connections());
        command.add("-d" + Math.max(1, Math.round(seconds)) + "s");
        command.addAll(List.of("-s", script.toString(), "http://127.0.0.1:" + port + "/plaintext"));
        return command;
    }

    /** As many requests as the depth in one write. */
    private static String script(int depth) {
        return String.format(
                Locale.ROOT,
                """
                init = function(args)
                  requests = string.rep(wrk.format("GET"), %d)
                end
                request = function() return requests end
                """,
                depth);
    }

    static Output parse(String output) throws IOException {
        Matcher total = TOTAL.matcher(output);
        if (!total.find()) {
            throw new IOException("not what wrk prints: " + output);
        }
        long requests = Long.parseLong(total.group(1));
        double seconds = micros(total.group(2), total.group(3)) / 1e6;
        return new Output(
                requests,
                requests / seconds,
                percentile(output, "50%"),
                percentile(output, "99%"),
                errors(output));
    }

    private static double percentile(String output, String name) throws IOException {
        Matcher line =
                Pattern.compile("^ +" + name + " +([0-9.]+)(us|ms|s|m)$", Pattern.MULTILINE)
                        .matcher(output);
        if (!line.find()) {
            throw new IOException("wrk printed no " + name + ": " + output);
        }
        return micros(line.group(1), line.group(2));
    }

    private static long errors(String output) {
        long errors = 0;
        Matcher bad = BAD.matcher(output);
        if (bad.find()) {
            errors += Long.parseLong(bad.group(1));
        }
        Matcher line = Pattern.compile("Socket errors: (.*)").matcher(output);
        if (line.find()) {
            Matcher number = Pattern.compile("\\d+").matcher(line.group(1));
            while (number.find()) {
                errors += Long.parseLong(number.group());
            }
        }
        return errors;
    }

    private static double micros(String number, String unit) {
        double value = Double.parseDouble(number);
        return switch (unit) {
            case "us" -> value;
            case "ms" -> value * 1e3;
            case "s" -> value * 1e6;
            default -> value * 60e6;
        };
    }
}
