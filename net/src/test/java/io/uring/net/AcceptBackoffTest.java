package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.ReactorConfig;
import io.uring.testkit.ChildJvm;
import io.uring.testkit.DescriptorLimit;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import io.uring.testkit.ProcessCpu;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Out of descriptors: the listener waits, says so once, and goes on. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class AcceptBackoffTest {
    /** What the JVM loads when it is first used cannot be loaded without descriptors. */
    @BeforeAll
    static void loadAll() throws Exception {
        System.getLogger("test").log(System.Logger.Level.INFO, "logging is loaded");
        Class.forName(Connector.class.getName());
        Class.forName(SocketErrors.class.getName());
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(new Echo()))) {
            peer.send("x").read(1);
        }
        DescriptorLimit.none().close();
    }

    /** Echoes, and keeps what accepting failed with. */
    private static class Acceptor implements StreamAcceptor {
        final List<IOException> failures = new CopyOnWriteArrayList<>();

        @Override
        public StreamHandler accepted(StreamSocket socket) {
            return new Echo();
        }

        @Override
        public void acceptFailed(IOException cause) {
            failures.add(cause);
        }
    }

    /** Connections wait in the backlog; accepting them fails for a while, then they are served. */
    private static void serveAfterShortage(String mask, Acceptor acceptor) throws Exception {
        List<Peer> peers = new ArrayList<>();
        try (Loops loops = Loops.start(1, mask, ReactorConfig.defaults())) {
            ListenerConfig config = ListenerConfig.of(Loops.loopback()).withPaused(true);
            Listener listener = loops.listen(config, acceptor);
            for (int i = 0; i < 3; i++) {
                peers.add(Peer.connect(listener.address()).send("ping"));
            }
            ProcessCpu before = ProcessCpu.ofThisProcess();
            try (DescriptorLimit _ = DescriptorLimit.none()) {
                listener.resume();
                Eventually.isTrue(Loops.LIMIT, "told", () -> !acceptor.failures.isEmpty());
                Peer.pause(500);
                assertEquals(1, acceptor.failures.size(), "told once");
            }
            long cpu = ProcessCpu.ofThisProcess().minus(before).totalNanos();
            assertTrue(cpu < 300_000_000, () -> cpu + " ns of CPU while waiting");
            for (Peer peer : peers) {
                assertEquals("ping", peer.readText(4));
                peer.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "multishot_accept"})
    void shortageOfDescriptorsIsToldOnceAndPasses(String mask) throws Exception {
        Acceptor acceptor = new Acceptor();
        serveAfterShortage(mask, acceptor);
        String message = acceptor.failures.getFirst().getMessage();
        assertTrue(message.contains("EMFILE"), message);
        assertTrue(message.contains("ulimit -n"), message);
    }

    @Test
    void acceptorThatThrowsDoesNotStopTheListener() throws Exception {
        serveAfterShortage(
                "",
                new Acceptor() {
                    @Override
                    public void acceptFailed(IOException cause) {
                        super.acceptFailed(cause);
                        throw new IllegalStateException("on purpose");
                    }
                });
    }

    @Test
    void closingDuringAShortageEndsTheListener() throws Exception {
        Acceptor acceptor = new Acceptor();
        try (Loops loops = Loops.start(1)) {
            ListenerConfig config = ListenerConfig.of(Loops.loopback()).withPaused(true);
            Listener listener = loops.listen(config, acceptor);
            try (Peer peer = Peer.connect(listener.address())) {
                try (DescriptorLimit _ = DescriptorLimit.none()) {
                    listener.resume();
                    Eventually.isTrue(Loops.LIMIT, "told", () -> !acceptor.failures.isEmpty());
                    Loops.get(listener.close());
                }
                peer.with(java.net.StandardSocketOptions.TCP_NODELAY, true);
            }
        }
    }

    @Test
    void connectWithoutADescriptorFails() {
        Recorder handler = new Recorder();
        java.util.concurrent.CompletableFuture<IOException> failure =
                new java.util.concurrent.CompletableFuture<>();
        try (Loops loops = Loops.start(1)) {
            try (DescriptorLimit _ = DescriptorLimit.none()) {
                Connector.connect(
                        loops.loop(),
                        new java.net.InetSocketAddress(
                                java.net.InetAddress.getLoopbackAddress(), 9),
                        StreamConfig.defaults(),
                        0,
                        handler,
                        failure::complete);
                IOException cause = Loops.get(failure);
                assertTrue(cause.getMessage().contains("EMFILE"), cause::toString);
            }
        }
    }

    @Test
    void loopSurvivesLoggingThatFailsForLackOfDescriptors() {
        List<String> flags = List.of("--enable-native-access=ALL-UNNAMED", "-ea");
        try (ChildJvm child = ChildJvm.start(flags, LogsWithoutDescriptors.class)) {
            child.awaitOutput(Duration.ofSeconds(30), "served after all");
        }
    }

    /** The first line that this JVM logs says that there are no descriptors to load the logger. */
    static final class LogsWithoutDescriptors {
        public static void main(String[] arguments) throws Exception {
            Class.forName(SocketErrors.class.getName());
            DescriptorLimit.none().close();
            try (Loops loops = Loops.start(1)) {
                Listener listener = loops.listen(_ -> new Echo());
                try (Peer peer = Peer.connect(listener.address())) {
                    peer.send("x").read(1);
                }
                listener.pause();
                Peer.pause(100);
                try (Peer peer = Peer.connect(listener.address()).send("x")) {
                    try (DescriptorLimit _ = DescriptorLimit.none()) {
                        listener.resume();
                        Peer.pause(500);
                    }
                    peer.read(1);
                }
            }
            System.out.println("served after all");
        }
    }
}
