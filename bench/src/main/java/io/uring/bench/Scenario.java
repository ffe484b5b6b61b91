package io.uring.bench;

import io.uring.bench.LoadSpec.Kind;
import java.util.List;

/**
 * Work that servers are compared at.
 *
 * @param quick whether {@code --quick} has time for it
 */
record Scenario(String name, String title, LoadSpec load, boolean quick) {
    private static final int REQUEST_BYTES = Probe.REQUEST.length();
    private static final int PAGE_BYTES = 4096;
    private static final int STREAM_BYTES = 64 * 1024;

    private static final List<Scenario> ALL =
            List.of(
                    echo("echo-64", "echo 64 B, 64 connections", 64, 64, 1, true),
                    http("http-64", "HTTP plaintext, 64 connections", 64, 1, true),
                    echo("echo-64x16", "echo 64 B, 64 connections, 16 deep", 64, 64, 16, true),
                    http("http-256x16", "HTTP plaintext, 256 connections, 16 deep", 256, 16, true),
                    echo("echo-1", "echo 64 B, 1 connection", 1, 64, 1, false),
                    echo("echo-512", "echo 64 B, 512 connections", 512, 64, 1, false),
                    echo("echo-5000", "echo 64 B, 5000 connections", 5000, 64, 1, false),
                    echo("echo4k-64", "echo 4 KiB, 64 connections", 64, PAGE_BYTES, 1, false),
                    echo("echo4k-512", "echo 4 KiB, 512 connections", 512, PAGE_BYTES, 1, false),
                    echo(
                            "stream-1",
                            "64 KiB there and back, 1 connection",
                            1,
                            STREAM_BYTES,
                            1,
                            false),
                    echo(
                            "stream-64",
                            "64 KiB there and back, 64 connections",
                            64,
                            STREAM_BYTES,
                            1,
                            false),
                    special("churn", "connect, echo 64 B, close; 64 at a time", Kind.CHURN, 64),
                    special("idle", "10,000 idle connections", Kind.IDLE, 10_000));

    static List<Scenario> list() {
        return ALL;
    }

    static Scenario named(String name) {
        return ALL.stream()
                .filter(scenario -> scenario.name.equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "no scenario "
                                        + name
                                        + "; there are "
                                        + String.join(
                                                ", ", ALL.stream().map(Scenario::name).toList())));
    }

    boolean isIdle() {
        return load.kind() == Kind.IDLE;
    }

    private static Scenario echo(
            String name, String title, int connections, int bytes, int depth, boolean quick) {
        LoadSpec load = new LoadSpec(Mode.ECHO, Kind.REQUESTS, connections, bytes, depth, 0);
        return new Scenario(name, title, load, quick);
    }

    private static Scenario http(
            String name, String title, int connections, int depth, boolean quick) {
        LoadSpec load =
                new LoadSpec(Mode.HTTP, Kind.REQUESTS, connections, REQUEST_BYTES, depth, 0);
        return new Scenario(name, title, load, quick);
    }

    private static Scenario special(String name, String title, Kind kind, int connections) {
        return new Scenario(
                name, title, new LoadSpec(Mode.ECHO, kind, connections, 64, 1, 0), false);
    }
}
