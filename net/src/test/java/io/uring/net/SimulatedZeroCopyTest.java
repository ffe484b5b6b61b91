package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.BufferConfig;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReactorConfig;
import io.uring.reactor.TurnedLoop;
import io.uring.simulation.Fault;
import io.uring.simulation.FaultPlan;
import io.uring.simulation.SimulatedKernel;
import io.uring.simulation.SimulatedPeer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A kernel that may lock no more memory for zero-copy sends. */
@Timeout(60)
final class SimulatedZeroCopyTest {
    private static final int TURNS_MAX = 10_000;
    private static final long TURN_NANOS = 1_000_000;
    private static final ReactorConfig CONFIG =
            ReactorConfig.defaults()
                    .withConnections(1)
                    .withStreamBuffers(BufferConfig.fixed(4, 4096));

    private static void until(Reactor reactor, BooleanSupplier done) {
        for (int i = 0; i < TURNS_MAX && !done.getAsBoolean(); i++) {
            reactor.poll(TURN_NANOS);
        }
        assertTrue(done.getAsBoolean(), "within so many turns");
    }

    /** The seed decides whether it is ENOMEM or ENOBUFS, and whether a notification comes. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void refusedZeroCopyIsSentAsACopyAndToldOnce(long seed) throws IOException {
        FaultPlan plan = FaultPlan.none().with(Fault.NO_LOCKED_MEMORY, 1000);
        byte[] content = new byte[200_000];
        new Random(seed).nextBytes(content);
        Recorder server = new Recorder();
        List<IOException> told = new ArrayList<>();
        try (SimulatedKernel kernel = SimulatedKernel.install(seed, plan);
                Arena arena = Arena.ofConfined();
                Reactor reactor = new Reactor(CONFIG)) {
            reactor.start();
            EventLoopGroup loops = TurnedLoop.of(List.of(reactor));
            ListenerConfig config =
                    ListenerConfig.of(Loops.loopback())
                            .withStream(StreamConfig.defaults().withZeroCopyBytes(1));
            Listener listener = Listener.open(loops, config, _ -> server);
            reactor.poll(0);
            SimulatedPeer peer = kernel.connect(((InetSocketAddress) listener.address()).getPort());
            until(reactor, server.opened::isDone);
            MemorySegment memory = arena.allocate(content.length);
            memory.copyFrom(MemorySegment.ofArray(content));
            StreamSocket socket = server.opened.join();
            socket.write(memory.asSlice(0, 150_000), told::add);
            socket.write(memory.asSlice(150_000), told::add);
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            until(
                    reactor,
                    () -> {
                        all.writeBytes(peer.read(content.length));
                        return all.size() == content.length && told.size() == 2;
                    });
            assertArrayEquals(content, all.toByteArray());
            told.forEach(failure -> assertNull(failure));
            socket.close();
            peer.close();
            until(reactor, server.closed::isDone);
            assertEquals(2, told.size(), "each once");
            var _ = listener.close();
            until(reactor, () -> reactor.resourceCount() == 0);
            assertEquals(List.of(), kernel.problems());
        }
    }
}
