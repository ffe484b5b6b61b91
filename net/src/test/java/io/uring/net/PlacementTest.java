package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.reactor.EventLoop;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.ReactorConfig;
import io.uring.ring.RingException;
import io.uring.ring.internal.ThreadCalls;
import io.uring.testkit.NothingLeft;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Loops stay where they are put, and connections come to them. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class PlacementTest {
    private static String allowedCpus() throws Exception {
        return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                .filter(line -> line.startsWith("Cpus_allowed_list:"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElseThrow();
    }

    /** Connects and waits for an answer, on a thread that stays on one processor. */
    private static void pingFrom(int cpu, SocketAddress address) throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        Thread.ofPlatform()
                .start(() -> {
                    ThreadCalls.pin(cpu);
                    try (Peer peer = Peer.connect(address)) {
                        answer.complete(peer.send("ping").readText(4));
                    } catch (Exception e) {
                        answer.completeExceptionally(e);
                    }
                });
        assertEquals("ping", Loops.get(answer));
    }

    @Test
    void pinnedLoopStaysOnItsProcessor() throws Exception {
        try (EventLoopGroup group =
                EventLoopGroup.startPinned(List.of(0), ReactorConfig.defaults())) {
            EventLoop loop = group.loops().getFirst();
            assertEquals(0, loop.cpu());
            assertEquals("0", Loops.call(loop.reactor(), PlacementTest::allowedCpus));
        }
    }

    @Test
    void processorThatDoesNotExistIsExplained() {
        RingException e =
                assertThrows(
                        RingException.class,
                        () -> EventLoop.startPinned(8191, ReactorConfig.defaults()).close());
        assertTrue(e.getMessage().contains("EINVAL"), e::getMessage);
        assertTrue(e.getMessage().contains("cpuset"), e::getMessage);
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> EventLoop.startPinned(-1, ReactorConfig.defaults()).close());
    }

    @Test
    void steeredConnectionsComeToTheLoopOfTheirProcessor() throws Exception {
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "one processor");
        ConcurrentLinkedQueue<Integer> cpus = new ConcurrentLinkedQueue<>();
        // In the other order, so that the socket's index is not the processor's number.
        try (EventLoopGroup group =
                EventLoopGroup.startPinned(List.of(1, 0), ReactorConfig.defaults())) {
            ListenerConfig config = ListenerConfig.of(Loops.loopback()).withCpuSteering(true);
            Listener listener =
                    Listener.open(
                            group,
                            config,
                            socket -> {
                                group.loops().stream()
                                        .filter(loop -> loop.reactor() == socket.reactor())
                                        .forEach(loop -> cpus.add(loop.cpu()));
                                return new Echo();
                            });
            for (int i = 0; i < 20; i++) {
                pingFrom(i % 2, listener.address());
            }
            Loops.get(listener.close());
        }
        assertEquals(20, cpus.size());
        int i = 0;
        for (int cpu : cpus) {
            assertEquals(i++ % 2, cpu, "the loop of the client's processor: " + cpus);
        }
    }

    @Test
    void programReturnsTheSocketOfTheProcessor() {
        try (Arena arena = Arena.ofConfined()) {
            var program = CpuSteering.program(arena, List.of(3, EventLoop.ANY_CPU));
            long[] expected = {
                0xFFFFF024_00000020L, // A = the processor
                0x00000003_01000015L, // if it is not 3, skip one
                0x00000000_00000006L, // return 0
                0x00000002_00000094L, // A %= 2
                0x00000000_00000016L, // return A
            };
            org.junit.jupiter.api.Assertions.assertArrayEquals(
                    expected, program.toArray(ValueLayout.JAVA_LONG));
        }
    }
}
