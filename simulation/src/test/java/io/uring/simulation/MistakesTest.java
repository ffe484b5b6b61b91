package io.uring.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.Descriptor;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import io.uring.ring.SocketOps;
import io.uring.ring.ZeroCopyOps;
import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A simulation that cannot fail proves nothing: programs with a mistake, which it has to find. */
final class MistakesTest {
    private static final int BLOCK_BYTES = 100;
    private static final int BLOCKS = 10;
    private static final int SEEDS = 200;

    @Test
    void readerThatIgnoresShortReceivesIsFound() {
        assertEquals(0, seedsThatFail(true));
        int found = seedsThatFail(false);
        assertTrue(found > SEEDS / 2, "found by " + found + " of " + SEEDS + " seeds");
    }

    private static int seedsThatFail(boolean careful) {
        int failed = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            FaultPlan plan = FaultPlan.none().with(Fault.SHORT_RECEIVE, 100);
            try (SimulatedKernel kernel = SimulatedKernel.install(seed, plan)) {
                byte[] sent = new byte[BLOCK_BYTES * BLOCKS];
                kernel.random().nextBytes(sent);
                failed += Arrays.equals(sent, transfer(kernel, sent, careful)) ? 0 : 1;
            }
        }
        return failed;
    }

    private static byte[] transfer(SimulatedKernel kernel, byte[] sent, boolean careful) {
        byte[] received = new byte[sent.length];
        int fd = kernel.connected(peer -> peer.write(sent));
        try (Ring ring = Ring.open(RingConfig.ofEntries(8, 16))) {
            ring.enable();
            MemorySegment block = ring.allocate(BLOCK_BYTES);
            int count = 0;
            while (count < received.length) {
                int room = Math.min(BLOCK_BYTES, received.length - count);
                SocketOps.recv(ring.sqe(), Descriptor.of(fd), block, 0, room, 0).userData(1);
                int result = await(ring);
                int taken = careful ? result : room; // the mistake
                MemorySegment.copy(block, ValueLayout.JAVA_BYTE, 0, received, count, taken);
                count += taken;
            }
            SocketCalls.close(fd);
        }
        return received;
    }

    private static int await(Ring ring) {
        int[] result = new int[1];
        do {
            ring.submitAndWait(1, Ring.FOREVER);
        } while (ring.drain((userData, value, flags) -> result[0] = value) == 0);
        return result[0];
    }

    @Test
    void memoryFreedUnderAnOperationIsFound() {
        try (SimulatedKernel kernel = SimulatedKernel.install(1, FaultPlan.none())) {
            int fd = kernel.connected(peer -> {});
            try (Ring ring = Ring.open(RingConfig.ofEntries(8, 16).bare())) {
                ring.enable();
                MemorySegment block = ring.allocate(BLOCK_BYTES);
                SocketOps.recv(ring.sqe(), Descriptor.of(fd), block, 0).userData(1);
                ring.submit();
            }
            assertTrue(kernel.problems().toString().contains("before the end of RECV"));
        }
    }

    @Test
    void memoryChangedBeforeTheNotificationIsFound() {
        assertEquals(List.of(), zeroCopyProblems(true));
        assertTrue(zeroCopyProblems(false).toString().contains("before its notification"));
    }

    private static List<String> zeroCopyProblems(boolean careful) {
        try (SimulatedKernel kernel = SimulatedKernel.install(1, FaultPlan.none())) {
            List<SimulatedPeer> peers = new ArrayList<>();
            int fd = kernel.connected(peers::add);
            try (Ring ring = Ring.open(RingConfig.ofEntries(8, 16))) {
                ring.enable();
                MemorySegment block = ring.allocate(BLOCK_BYTES);
                ZeroCopyOps.send(ring.sqe(), Descriptor.of(fd), block, 0).userData(1);
                await(ring);
                if (careful) {
                    await(ring);
                }
                block.fill((byte) 1);
                if (!careful) {
                    await(ring);
                }
            }
            SocketCalls.close(fd);
            return kernel.problems();
        }
    }

    @Test
    void descriptorClosedTwiceIsFound() {
        try (SimulatedKernel kernel = SimulatedKernel.install(1, FaultPlan.none())) {
            int fd = SocketCalls.streamSocket(SocketCalls.AF_INET);
            kernel.close(fd);
            kernel.close(fd);
            assertTrue(kernel.problems().toString().contains("closed twice"));
        }
    }

    @Test
    void useOfAClosedDescriptorIsFound() {
        try (SimulatedKernel kernel = SimulatedKernel.install(1, FaultPlan.none())) {
            int fd = SocketCalls.streamSocket(SocketCalls.AF_INET);
            kernel.close(fd);
            SocketCalls.lingerZero(fd);
            assertTrue(kernel.problems().toString().contains("closed descriptor"));
        }
    }

    @Test
    void descriptorLeftOpenFailsTheSeed() {
        AssertionError failure =
                assertThrows(
                        AssertionError.class,
                        () ->
                                Seeds.of("simulation", "MistakesTest")
                                        .runOne(
                                                7,
                                                _ ->
                                                        SocketCalls.streamSocket(
                                                                SocketCalls.AF_INET)));
        assertTrue(failure.getMessage().contains("descriptors left open"), failure.getMessage());
    }

    @Test
    void failingSeedSaysHowToRepeatIt() {
        AssertionError failure =
                assertThrows(
                        AssertionError.class,
                        () ->
                                Seeds.of("net", "FooTest")
                                        .runOne(
                                                7,
                                                _ -> {
                                                    throw new AssertionError("wrong bytes");
                                                }));
        String message = String.valueOf(failure.getMessage());
        assertTrue(
                message.contains("seed 7 failed: java.lang.AssertionError: wrong bytes"), message);
        assertTrue(
                message.contains("./mvnw -pl net -am test -Dtest=FooTest -Dsimulation.seed=7"),
                message);
    }
}
