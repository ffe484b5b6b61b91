package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Many connections, and many waits of every kind. */
@ExtendWith(DescriptorsReturn.class)
final class EnduranceTest {
    private static final int CONNECTIONS = 10_000;
    private static final int SIGUSR2 = 12;

    @Test
    @Behaviour("STR-05")
    void idleConnectionsWaitAndBurstsReachThem() {
        var system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long limit = system.getMaxFileDescriptorCount();
        assumeTrue(limit > CONNECTIONS + 500, "only " + limit + " descriptors are allowed");
        List<Integer> peers = new ArrayList<>();
        try (TestRing test = TestRing.open(4096, 32768)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 1024, 64, false);
            FileTable files = FileTable.sparse(test.ring(), CONNECTIONS);
            for (int i = 0; i < CONNECTIONS; i++) {
                Libc.Pair ends = Libc.socketPair(Libc.STREAM);
                peers.add(ends.second());
                files.set(i, Descriptor.of(ends.first()));
                Libc.close(ends.first()); // the slot keeps it, so half the descriptors will do
                Sqe sqe = test.ring().nextSqe();
                if (sqe == null) {
                    test.ring().submit();
                    sqe = test.sqe();
                }
                SocketOps.recvMultishot(sqe, files.slot(i), 0).userData(i);
            }
            assertEquals(List.of(), test.takeReady(), "idle connections hold no buffer");
            Random random = new Random(1);
            for (int burst = 0; burst < 20; burst++) {
                int first = random.nextInt(CONNECTIONS - 1000);
                for (int i = first; i < first + 1000; i++) {
                    Libc.write(peers.get(i), "burst " + i);
                }
                boolean[] seen = new boolean[1000];
                for (TestRing.Event event : test.takeNext(1000)) {
                    int connection = Math.toIntExact(event.userData());
                    assertEquals("burst " + connection, BufferRingTest.text(buffers, event));
                    assertTrue(event.more());
                    assertTrue(!seen[connection - first], "twice " + connection);
                    seen[connection - first] = true;
                    buffers.advance(event.bufferId(), event.result());
                    buffers.recycle(event.bufferId());
                }
                buffers.publish();
            }
            CancelOps.cancelEverything(test.sqe()).userData(-1);
            test.take(-1, CONNECTIONS);
            for (TestRing.Event event : test.takeNext(CONNECTIONS)) {
                assertEquals(-125, event.result());
            }
        } finally {
            peers.forEach(Libc::close);
        }
    }

    @Test
    @Behaviour("STR-06")
    void waitsOfEveryKindAreNeitherEarlyNorMissed() throws InterruptedException {
        long seed = System.nanoTime();
        System.out.println("EnduranceTest seed " + seed);
        Random random = new Random(seed);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger sent = new AtomicInteger();
        Libc.interruptBy(SIGUSR2);
        int waiter = Libc.threadId();
        try (TestRing test = TestRing.open();
                Arena arena = Arena.ofConfined()) {
            RingMessage message = test.ring().message(7, 0);
            Thread sender =
                    Thread.ofPlatform()
                            .start(() -> {
                                while (!stop.get()) {
                                    sent.incrementAndGet();
                                    message.send();
                                    Libc.signal(waiter, SIGUSR2);
                                    LockSupport.parkNanos(2_000_000);
                                }
                            });
            Wait wait = new Wait(arena);
            int[] received = new int[1];
            CompletionHandler count = (userData, result, flags) -> received[0]++;
            long end = System.nanoTime() + 3_000_000_000L;
            while (System.nanoTime() < end) {
                long nanos = 100_000L + random.nextInt(5_000_000);
                int wanted = 1 + random.nextInt(3);
                wait.timeoutNanos(nanos).minWaitMicros(random.nextInt(3) * 500);
                long start = System.nanoTime();
                int before = received[0];
                int result = test.ring().submitAndWait(wanted, wait);
                long took = System.nanoTime() - start;
                test.ring().drain(count);
                if (result == -Errno.ETIME) {
                    assertTrue(took >= nanos, "seed " + seed + ": after " + took);
                    assertEquals(before, received[0], "seed " + seed);
                }
                assertTrue(took < 5_000_000_000L, "seed " + seed + ": after " + took);
            }
            stop.set(true);
            sender.join();
            long start = System.nanoTime();
            while (received[0] < sent.get() && System.nanoTime() - start < TestRing.LIMIT_NANOS) {
                test.ring().submitAndWait(1, 100_000_000);
                test.ring().drain(count);
            }
            assertEquals(sent.get(), received[0], "seed " + seed);
        }
    }
}
