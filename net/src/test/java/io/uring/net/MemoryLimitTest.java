package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.ReceivedBuffer;
import io.uring.testkit.ChildJvm;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A server with little memory of every kind, in a JVM of its own. */
@Timeout(120)
@ExtendWith(NothingLeft.class)
final class MemoryLimitTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Pattern PORT = Pattern.compile("port (\\d+)\\.");

    private static ChildJvm start(List<String> flags, String... arguments) {
        List<String> all = new ArrayList<>(flags);
        all.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-ea"));
        return ChildJvm.start(all, Server.class, arguments);
    }

    private static SocketAddress address(ChildJvm child) {
        child.awaitOutput(LIMIT, ".");
        Matcher port = PORT.matcher(child.output());
        assertTrue(port.find(), child::output);
        return new InetSocketAddress(
                InetAddress.getLoopbackAddress(), Integer.parseInt(port.group(1)));
    }

    /** Arguments: the limit of locked memory, or nothing. */
    static final class Server {
        public static void main(String[] arguments) throws Exception {
            if (arguments.length > 0) {
                LockedMemory.limit(Long.parseLong(arguments[0]));
            }
            try (Loops loops = Loops.start(1)) {
                Listener listener = loops.listen(_ -> new Greedy());
                int port = ((InetSocketAddress) listener.address()).getPort();
                System.out.println("port " + port + ".");
                new CountDownLatch(1).await();
            }
        }
    }

    /** Echoes, until its peer asks for more than the heap has. */
    private static final class Greedy extends Echo {
        static final byte[] ORDER = "everything".getBytes(StandardCharsets.UTF_8);

        @Override
        public void onData(StreamSocket socket, ReceivedBuffer data) {
            if (data.segment().mismatch(MemorySegment.ofArray(ORDER)) == -1) {
                received.set(new byte[1 << 30].length);
            }
            super.onData(socket, data);
        }
    }

    private static void exchange(SocketAddress address, int count) throws Exception {
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            peers.add(Peer.connect(address));
        }
        for (Peer peer : peers) {
            CompletableFuture<Long> sent =
                    Background.run(() -> peer.sendRandom(new Random(1), 200_000));
            long received = peer.checksum(200_000);
            assertEquals(Loops.get(sent), received);
        }
        peers.forEach(Peer::close);
    }

    @Test
    void receivedBytesNeedNeitherHeapNorDirectBuffers() throws Exception {
        try (ChildJvm child = start(List.of("-Xmx16m", "-XX:MaxDirectMemorySize=64k"))) {
            exchange(address(child), 200);
        }
    }

    @Test
    void connectionThatAsksForMoreThanTheHeapIsTheOnlyOneThatIsLost() throws Exception {
        try (ChildJvm child = start(List.of("-Xmx32m"))) {
            SocketAddress address = address(child);
            try (Peer healthy = Peer.connect(address)) {
                assertEquals("ping", healthy.send("ping").readText(4));
                for (int i = 0; i < 3; i++) {
                    try (Peer greedy = Peer.connect(address)) {
                        assertThrows(IOException.class, () -> greedy.send(Greedy.ORDER).read(1));
                    }
                    assertEquals("pong", healthy.send("pong").readText(4));
                }
                exchange(address, 10);
            }
            assertTrue(child.output().contains("OutOfMemoryError"), child::output);
        }
    }

    /** Without CAP_IPC_LOCK, which lifts the limit for root. */
    @Test
    void littleLockedMemoryIsEnough() throws Exception {
        try (ChildJvm child = start(List.of(), "65536")) {
            exchange(address(child), 20);
        }
    }

    @Test
    void noLockedMemoryAtAllIsAnErrorThatNamesTheLimit() {
        try (ChildJvm child = start(List.of(), "0")) {
            assertEquals(1, child.awaitExit(LIMIT), child::output);
            assertTrue(child.output().contains("ENOMEM"), child::output);
            assertTrue(child.output().contains("ulimit -l"), child::output);
        }
    }

    @Test
    void peersThatFloodAServerThatDoesNotAnswerStayWithinItsContainer() throws Exception {
        try (ChildJvm child = start(List.of("-Xmx32m"));
                Group group = Group.limit(child.pid(), 160L << 20)) {
            SocketAddress address = address(child);
            List<Peer> floods = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                floods.add(Peer.connectWithReceiveBuffer(address, 4096)); // and does not read
                floods.getLast().sendUntilStalled(new byte[64 * 1024], 20, 8 << 20);
            }
            exchange(address, 10);
            for (Peer peer : floods) {
                peer.reset();
            }
            exchange(address, 10);
            assertTrue(group.peakBytes() > 0);
        }
    }

    /** A control group with a limit of memory, as containers have it. */
    private record Group(Path path, boolean unified) implements AutoCloseable {
        static Group limit(long pid, long bytes) {
            boolean unified = Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"));
            Path path =
                    Path.of(unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory")
                            .resolve("uring-test-" + pid);
            try {
                Files.createDirectory(path);
                Group group = new Group(path, unified);
                group.write(unified ? "memory.max" : "memory.limit_in_bytes", bytes);
                group.write("cgroup.procs", pid);
                return group;
            } catch (IOException e) {
                delete(path);
                return Assumptions.abort("no control group with a memory limit here: " + e);
            }
        }

        private void write(String file, long value) throws IOException {
            Files.writeString(path.resolve(file), Long.toString(value));
        }

        long peakBytes() throws IOException {
            String file = unified ? "memory.current" : "memory.max_usage_in_bytes";
            return Long.parseLong(Files.readString(path.resolve(file)).strip());
        }

        private static void delete(Path path) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        /** After the child, or a moment later: a group with a process in it cannot go. */
        @Override
        public void close() {
            String moved = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
            try {
                for (String pid : Files.readAllLines(path.resolve("cgroup.procs"))) {
                    Files.writeString(Path.of(moved, "cgroup.procs"), pid);
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            delete(path);
        }
    }
}
