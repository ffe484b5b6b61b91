package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.ChildJvm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What loops tell the flight recorder, and that they do without it. */
@Timeout(120)
final class LoopEventsTest {
    @TempDir Path directory;

    private List<RecordedEvent> record(Recording recording, String name, Runnable task)
            throws Exception {
        Path file = directory.resolve("events.jfr");
        try (recording) {
            recording.start();
            task.run();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals(name))
                .toList();
    }

    private static Recording recording(String name) {
        Recording recording = new Recording();
        recording.enable(name).withoutThreshold();
        return recording;
    }

    private static void runLoop() {
        try (EventLoop loop = EventLoop.start(ReactorConfig.defaults())) {
            assertTrue(loop.isRunning());
        }
    }

    @Test
    void startTellsTheLoopAndItsRing() throws Exception {
        List<RecordedEvent> events =
                record(
                        recording("io.uring.LoopStarted"),
                        "io.uring.LoopStarted",
                        LoopEventsTest::runLoop);
        assertEquals(1, events.size());
        RecordedEvent event = events.getFirst();
        assertTrue(event.getString("loop").startsWith("uring-loop-"));
        assertTrue(event.getInt("cqEntries") >= event.getInt("sqEntries"));
        assertTrue(event.getString("features").contains("IO_URING"));
    }

    @Test
    void endTellsWhetherTheLoopFailed() throws Exception {
        List<RecordedEvent> events =
                record(
                        recording("io.uring.LoopEnded"),
                        "io.uring.LoopEnded",
                        LoopEventsTest::runLoop);
        assertEquals(1, events.size());
        assertNull(events.getFirst().getString("failure"));
    }

    @Test
    void countersComeWithTheEndOfEachChunk() throws Exception {
        Recording recording = new Recording();
        recording.enable("io.uring.LoopStatistics").with("period", "endChunk");
        try (EventLoop loop = EventLoop.start(ReactorConfig.defaults())) {
            List<RecordedEvent> events =
                    record(
                            recording,
                            "io.uring.LoopStatistics",
                            () -> {
                                CompletableFuture<Boolean> done = new CompletableFuture<>();
                                loop.execute(() -> done.complete(true));
                                done.join();
                            });
            assertEquals(1, events.size());
            RecordedEvent event = events.getFirst();
            assertEquals(loop.toString(), event.getString("loop"));
            assertTrue(event.getLong("enters") > 0);
        }
    }

    @Test
    void callbackThatTakesLongIsNamed() throws Exception {
        Recording recording = new Recording();
        recording.enable("io.uring.SlowCallback").withThreshold(Duration.ofMillis(50));
        List<RecordedEvent> events =
                record(
                        recording,
                        "io.uring.SlowCallback",
                        () -> {
                            try (Turns turns = new Turns()) {
                                turns.reactor.poll(0);
                                Turns.Probe quick = Turns.nop();
                                Turns.Probe slow = Turns.nop();
                                slow.then = LoopEventsTest::takeLong;
                                turns.reactor.submit(quick);
                                turns.reactor.submit(slow);
                                turns.until(() -> quick.isDone() && slow.isDone());
                            }
                        });
        assertEquals(1, events.size());
        assertTrue(events.getFirst().getString("callback").contains("Probe"));
        assertFalse(events.getFirst().getDuration().isZero());
    }

    /** Not a sleep, which an interrupt or a wake could end: by the clock. */
    private static void takeLong() {
        long start = System.nanoTime();
        while (System.nanoTime() - start < 60_000_000) {
            LockSupport.parkNanos(10_000_000);
        }
    }

    @Test
    void overflowOfTheCompletionQueueIsTold() throws Exception {
        List<RecordedEvent> events =
                record(
                        recording("io.uring.CompletionQueueOverflow"),
                        "io.uring.CompletionQueueOverflow",
                        () -> {
                            ReactorConfig config = ReactorConfig.defaults().withConnections(1);
                            try (Turns turns = new Turns("resize_rings", config)) {
                                overflow(turns);
                            }
                        });
        assertTrue(events.stream().mapToLong(event -> event.getLong("count")).sum() > 0);
    }

    private static void overflow(Turns turns) {
        List<Turns.Probe> probes = new java.util.ArrayList<>();
        int count = turns.reactor.ring().cqEntries() * 2;
        for (int i = 0; i < count; i++) {
            Turns.Probe probe = Turns.nop();
            probes.add(probe);
            turns.reactor.submit(probe);
        }
        turns.until(() -> probes.stream().allMatch(Turns.Probe::isDone));
        assertTrue(turns.reactor.counters().snapshot().overflows() > 0, "it overflowed");
    }

    /** In a JVM without the flight recorder. */
    static final class WithoutRecorder {
        private WithoutRecorder() {}

        public static void main(String[] arguments) {
            if (ModuleLayer.boot().findModule("jdk.jfr").isPresent() || FlightRecording.AVAILABLE) {
                System.exit(2);
            }
            CompletableFuture<Boolean> done = new CompletableFuture<>();
            try (EventLoop loop = EventLoop.start(ReactorConfig.defaults())) {
                loop.execute(() -> done.complete(true));
                done.join();
            }
            System.exit(0);
        }
    }

    @Test
    void loopRunsInAJvmWithoutTheModule() {
        List<String> flags =
                List.of("--limit-modules", "java.base", "--enable-native-access=ALL-UNNAMED");
        try (ChildJvm child = ChildJvm.start(flags, WithoutRecorder.class)) {
            assertEquals(0, child.awaitExit(Duration.ofSeconds(60)), child::output);
        }
    }
}
