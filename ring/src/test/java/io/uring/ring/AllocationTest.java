package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Operations allocate nothing once the code is warm. */
@ExtendWith(DescriptorsReturn.class)
final class AllocationTest {
    private static final int WARM_UP = 20_000;
    private static final int MEASURED = 10_000;

    /**
     * Operations of a kind for each enter call: any allocation per operation is more than one per
     * call.
     */
    private static final int BATCH = 8;

    /**
     * The JDK's downcall slices the segment that captures errno. In most compilations the JIT sees
     * that nobody keeps the slice; where a caller is too large for that, each enter call costs
     * these bytes.
     */
    private static final long DOWNCALL_BYTES = 40;

    /** The compiler may take its time. */
    private static final long LIMIT_NANOS = 10_000_000_000L;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void nopsAllocateNothing() {
        try (Ring ring = open()) {
            CompletionHandler ignore = (userData, result, flags) -> {};
            assertAllocatesNothing(() -> {
                for (int i = 0; i < 8; i++) {
                    ControlOps.nop(ring.nextSqe()).userData(i);
                }
                ring.submitAndWait(8, Ring.FOREVER);
                ring.drain(ignore);
            });
        }
    }

    @Test
    void waitsWithATimeoutAllocateNothing() {
        try (Ring ring = open()) {
            assertAllocatesNothing(() -> ring.submitAndWait(1, 0));
        }
    }

    @Test
    void sendAndReceiveAllocateNothing() {
        try (Libc.Pair ends = Libc.socketPair(Libc.STREAM);
                Ring ring = open()) {
            Descriptor client = Descriptor.of(ends.first());
            Descriptor server = Descriptor.of(ends.second());
            MemorySegment sent = ring.allocate(64);
            MemorySegment received = ring.allocate(64);
            CompletionHandler ignore = (userData, result, flags) -> {};
            assertAllocatesNothing(() -> {
                for (int i = 0; i < BATCH; i++) {
                    SocketOps.send(ring.nextSqe(), client, sent, 0, 64, 0).userData(1);
                    SocketOps.recv(ring.nextSqe(), server, received, 0, 64, 0).userData(2);
                }
                ring.submitAndWait(2 * BATCH, TestRing.LIMIT_NANOS);
                assertEquals(2 * BATCH, ring.drain(ignore));
            });
        }
    }

    @Test
    void gatheredSendAndReceiveIntoProvidedBuffersAllocateNothing() {
        try (Libc.Pair ends = Libc.socketPair(Libc.STREAM);
                Ring ring = open()) {
            Descriptor client = Descriptor.of(ends.first());
            Descriptor server = Descriptor.of(ends.second());
            BufferRing buffers = BufferRing.register(ring, 0, 2 * BATCH, 64, false);
            MemorySegment data = ring.allocate(64);
            MessageHeader message = ring.newMessageHeader(2);
            CompletionHandler recycles =
                    (userData, result, flags) -> {
                        if ((flags & Cqe.F_BUFFER) != 0) {
                            buffers.advance(Cqe.bufferId(flags), result);
                            buffers.recycle(Cqe.bufferId(flags));
                        }
                    };
            assertAllocatesNothing(() -> {
                message.clear();
                message.add(data, 0, 8).add(data, 32, 8);
                for (int i = 0; i < BATCH; i++) {
                    DatagramOps.sendmsg(ring.nextSqe(), client, message, 0).userData(1);
                    SocketOps.recvSelect(ring.nextSqe(), server, 0, 0).userData(2);
                }
                ring.submitAndWait(2 * BATCH, TestRing.LIMIT_NANOS);
                assertEquals(2 * BATCH, ring.drain(recycles));
                buffers.publish();
            });
        }
    }

    private static Ring open() {
        Ring ring = Ring.open(new RingConfig(64, 256, java.util.Set.of()));
        ring.enable();
        return ring;
    }

    private static void assertAllocatesNothing(Runnable operation) {
        repeat(operation, WARM_UP);
        long least = Long.MAX_VALUE;
        long start = System.nanoTime();
        while (least > DOWNCALL_BYTES * MEASURED && System.nanoTime() - start < LIMIT_NANOS) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            repeat(operation, MEASURED);
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        long perCall = least / MEASURED;
        assertTrue(perCall <= DOWNCALL_BYTES, perCall + " bytes per enter call");
    }

    private static void repeat(Runnable operation, int times) {
        for (int i = 0; i < times; i++) {
            operation.run();
        }
    }
}
