package io.uring.bench;

import io.uring.bench.LoadSpec.Kind;
import java.util.List;

/**
 * Work that servers are compared at.
 *
 * @param quick whether {@code --quick} has time for it
 * @param reno whether it runs in a private network with reno as TCP's congestion control
 * @param wrk whether wrk makes the load instead of us
 * @param loops of the server; with two it shares both processors with the load
 */
record Scenario(
        String name,
        String title,
        LoadSpec load,
        boolean quick,
        boolean reno,
        boolean wrk,
        int loops) {
    private static final int REQUEST_BYTES = Probe.REQUEST.length();
    private static final int SMALL_BYTES = 64;
    private static final int PAGE_BYTES = 4096;
    private static final int STREAM_BYTES = 64 * 1024;
    private static final int STREAM_FROM_BYTES = 32 * 1024;

    /** Far from what any of the servers can do: what counts is how fast they answer. */
    private static final double OPEN_RATE = 20_000;

    /** So many requests of a connection may be late before the load itself falls behind. */
    private static final int OPEN_DEPTH = 16;

    private static final List<Scenario> ALL =
            List.of(
                    echo("echo-64", "echo 64 B, 64 connections", 64, SMALL_BYTES, 1).inQuick(),
                    http("http-64", "HTTP plaintext, 64 connections", 64, 1).inQuick(),
                    echo("echo-64x16", "echo 64 B, 64 connections, 16 deep", 64, SMALL_BYTES, 16)
                            .inQuick(),
                    http("http-256x16", "HTTP plaintext, 256 connections, 16 deep", 256, 16)
                            .inQuick(),
                    echo("echo-1", "echo 64 B, 1 connection", 1, SMALL_BYTES, 1),
                    echo("echo-512", "echo 64 B, 512 connections", 512, SMALL_BYTES, 1),
                    echo("echo-5000", "echo 64 B, 5000 connections", 5000, SMALL_BYTES, 1),
                    echo("echo4k-64", "echo 4 KiB, 64 connections", 64, PAGE_BYTES, 1),
                    echo("echo4k-512", "echo 4 KiB, 512 connections", 512, PAGE_BYTES, 1),
                    openLoop(),
                    echo(
                                    "echo-64-2loops",
                                    "echo 64 B, 64 connections, two loops on the load's processors too",
                                    64,
                                    SMALL_BYTES,
                                    1)
                            .withLoops(2),
                    stream("stream-1", "64 KiB there and back, 1 connection", 1),
                    stream("stream-64", "64 KiB there and back, 64 connections", 64),
                    http("http-64-wrk", "HTTP plaintext, 64 connections, wrk", 64, 1).byWrk(),
                    http(
                                    "http-256x16-wrk",
                                    "HTTP plaintext, 256 connections, 16 deep, wrk",
                                    256,
                                    16)
                            .byWrk(),
                    special("churn", "connect, echo 64 B, close; 64 at a time", Kind.CHURN, 64),
                    special("idle", "10,000 idle connections", Kind.IDLE, 10_000),
                    stream("stream-1-reno", "64 KiB there and back, 1 connection, reno", 1)
                            .underReno(),
                    stream("stream-64-reno", "64 KiB there and back, 64 connections, reno", 64)
                            .underReno());

    static List<Scenario> list() {
        return ALL;
    }

    static List<String> names() {
        return ALL.stream().map(Scenario::name).toList();
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
                                        + String.join(", ", names())));
    }

    boolean isIdle() {
        return load.kind() == Kind.IDLE;
    }

    /** Whether moving bytes is the work, rather than handling requests. */
    boolean isStream() {
        return load.messageBytes() >= STREAM_FROM_BYTES;
    }

    private static Scenario echo(String name, String title, int connections, int bytes, int depth) {
        return of(
                name, title, new LoadSpec(Mode.ECHO, Kind.REQUESTS, connections, bytes, depth, 0));
    }

    private static Scenario stream(String name, String title, int connections) {
        return echo(name, title, connections, STREAM_BYTES, 1);
    }

    private static Scenario http(String name, String title, int connections, int depth) {
        return of(
                name,
                title,
                new LoadSpec(Mode.HTTP, Kind.REQUESTS, connections, REQUEST_BYTES, depth, 0));
    }

    private static Scenario openLoop() {
        return of(
                "echo-64-rate",
                "echo 64 B, 64 connections, 20,000 a second by the clock",
                new LoadSpec(Mode.ECHO, Kind.REQUESTS, 64, SMALL_BYTES, OPEN_DEPTH, OPEN_RATE));
    }

    private static Scenario special(String name, String title, Kind kind, int connections) {
        return of(name, title, new LoadSpec(Mode.ECHO, kind, connections, SMALL_BYTES, 1, 0));
    }

    private static Scenario of(String name, String title, LoadSpec load) {
        return new Scenario(name, title, load, false, false, false, 1);
    }

    private Scenario inQuick() {
        return new Scenario(name, title, load, true, reno, wrk, loops);
    }

    private Scenario underReno() {
        return new Scenario(name, title, load, quick, true, wrk, loops);
    }

    private Scenario byWrk() {
        return new Scenario(name, title, load, quick, reno, true, loops);
    }

    private Scenario withLoops(int count) {
        return new Scenario(name, title, load, quick, reno, wrk, count);
    }
}
