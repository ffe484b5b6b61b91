package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.ChildJvm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What connections tell the flight recorder, and that they do without it. */
@Timeout(120)
final class SocketEventsTest {
    @TempDir Path directory;

    private List<RecordedEvent> record(Recording recording, Callable<Boolean> task)
            throws Exception {
        Path file = directory.resolve("events.jfr");
        try (recording) {
            recording.start();
            task.call();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("io.uring.Conn"))
                .toList();
    }

    /** Two connections, of which the peer resets one. */
    private static boolean connections() throws Exception {
        Echo first = new Echo();
        Echo second = new Echo();
        try (Loops loops = Loops.start(1)) {
            try (Peer peer = Peer.connect(loops.serve(first))) {
                assertEquals("ping", peer.send("ping").readText(4));
            }
            assertNull(first.closeCause());
            Peer peer = Peer.connect(loops.serve(second));
            assertEquals("ping", peer.send("ping").readText(4));
            peer.reset();
            second.closeCause();
        }
        return true;
    }

    @Test
    void connectionIsOneEventWithItsAddressesAndCause() throws Exception {
        Recording recording = new Recording();
        recording.enable("io.uring.Connection").withoutThreshold();
        List<RecordedEvent> events = record(recording, SocketEventsTest::connections);
        assertEquals(2, events.size());
        for (RecordedEvent event : events) {
            assertTrue(event.getString("remote").contains("127.0.0.1"));
            assertTrue(event.getString("local").contains("127.0.0.1"));
            assertTrue(event.getDuration().toNanos() > 0);
        }
        assertEquals(
                1,
                events.stream()
                        .map(event -> String.valueOf(event.getString("cause")))
                        .filter(cause -> cause.contains("ECONNRESET"))
                        .count());
    }

    @Test
    void openingIsAnEventOfItsOwn() throws Exception {
        Recording recording = new Recording();
        recording.enable("io.uring.ConnectionOpened");
        assertEquals(2, record(recording, SocketEventsTest::connections).size());
    }

    @Test
    void connectionsAreNotRecordedUnlessAskedFor() throws Exception {
        assertEquals(0, record(new Recording(), SocketEventsTest::connections).size());
    }

    /** In a JVM without the flight recorder. */
    static final class WithoutRecorder {
        private WithoutRecorder() {}

        public static void main(String[] arguments) throws Exception {
            if (ModuleLayer.boot().findModule("jdk.jfr").isPresent()) {
                System.exit(2);
            }
            try (EventLoopGroup loops = EventLoopGroup.start(1, ReactorConfig.defaults())) {
                Listener listener =
                        Listener.open(loops, ListenerConfig.of(Loops.loopback()), _ -> new Echo());
                try (Peer peer = Peer.connect(listener.address())) {
                    System.exit(peer.send("ping").readText(4).equals("ping") ? 0 : 1);
                }
            }
        }
    }

    @Test
    void socketsWorkInAJvmWithoutTheModule() {
        List<String> flags =
                List.of("--limit-modules", "java.base", "--enable-native-access=ALL-UNNAMED");
        try (ChildJvm child = ChildJvm.start(flags, WithoutRecorder.class)) {
            assertEquals(0, child.awaitExit(Duration.ofSeconds(60)), child::output);
        }
    }
}
