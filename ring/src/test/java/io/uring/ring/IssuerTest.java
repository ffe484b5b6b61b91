package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import io.uring.testkit.ChildJvm;
import io.uring.testkit.Eventually;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which threads and processes may submit, and what becomes of what they submitted. */
@ExtendWith(DescriptorsReturn.class)
final class IssuerTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int THREADS = 4;

    @ParameterizedTest
    @EnumSource(names = {"SINGLE_ISSUER", "DEFER_TASKRUN"})
    @Behaviour({"SUB-16", "SUB-17"})
    void otherThreadMayNotSubmitNorRegister(RingType type) throws Throwable {
        FaultyKernel kernel = new FaultyKernel();
        try (TestRing test = TestRing.open(type.config(), kernel);
                Arena arena = Arena.ofConfined()) {
            int fd = test.ring().fd();
            ControlOps.nop(test.sqe()).userData(1);
            RawCalls.publish(test, kernel);
            long probe = arena.allocate(16 + 8 * 256, 8).address();
            boolean deferred = type == RingType.DEFER_TASKRUN;
            RingLifecycleTest.onThread(() -> {
                assertEquals(-Errno.EEXIST, RawCalls.enter(fd, 1, 0, 0));
                assertEquals(-Errno.EEXIST, RawCalls.register(fd, Abi.REGISTER_PROBE, probe, 256));
                assertEquals(
                        deferred ? -Errno.EEXIST : 0,
                        RawCalls.enter(fd, 0, 0, Abi.ENTER_GETEVENTS));
            });
            assertEquals(1, test.ring().pendingSqes());
            assertEquals(0, test.ring().readyCqes());
            assertEquals(1, test.ring().submit());
            test.take(1, 0);
        }
    }

    @Test
    @Behaviour("SUB-18")
    void eachEntryOfManyThreadsComesBackOnce() throws InterruptedException {
        int each = 20_000;
        Map<Long, Integer> seen = new HashMap<>();
        try (ConcurrentRing ring = ConcurrentRing.open(new RingConfig(16, 32, Set.of()))) {
            AtomicInteger failures = new AtomicInteger();
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                long first = (long) t * each;
                threads.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    for (int i = 0; i < each; i++) {
                                        long userData = first + i;
                                        int taken =
                                                ring.submit(sqe ->
                                                        ControlOps.nop(sqe).userData(userData));
                                        if (taken < 0) {
                                            failures.incrementAndGet();
                                        }
                                    }
                                }));
            }
            long start = System.nanoTime();
            while (seen.size() < THREADS * each) {
                assertTrue(System.nanoTime() - start < LIMIT.toNanos(), () -> "" + seen.size());
                ring.await(1, 100_000_000);
                ring.drain((userData, result, flags) -> seen.merge(userData, 1, Integer::sum));
            }
            for (Thread thread : threads) {
                thread.join(10_000);
            }
            assertEquals(0, failures.get());
            assertEquals(0, ring.drain((userData, result, flags) -> {}));
        }
        assertTrue(seen.values().stream().allMatch(count -> count == 1));
    }

    @Test
    @Behaviour("SUB-20")
    void operationsOfAThreadThatEndedEndToo() throws Throwable {
        Map<Long, Integer> results = new HashMap<>();
        try (ConcurrentRing ring = ConcurrentRing.open(new RingConfig(16, 32, Set.of()));
                Libc.Pair sockets = Libc.socketPair(Libc.STREAM);
                Arena arena = Arena.ofShared()) {
            MemorySegment buffer = arena.allocate(16);
            Timespec time = new Timespec(arena).nanos(50_000_000);
            Descriptor socket = Descriptor.of(sockets.first());
            AtomicInteger threadId = new AtomicInteger();
            RingLifecycleTest.onThread(() -> {
                threadId.set(Libc.threadId());
                int taken =
                        ring.submit(
                                sqe -> SocketOps.recv(sqe, socket, buffer, 0).userData(1),
                                sqe -> TimeoutOps.timeout(sqe, time, 0).userData(2));
                assertEquals(2, taken);
            });
            // Java's thread ends before the kernel's does.
            Path task = Path.of("/proc/self/task/" + threadId);
            Eventually.isTrue(LIMIT, "the thread has ended", () -> !Files.exists(task));
            Libc.write(sockets.second(), "late");
            long start = System.nanoTime();
            while (results.size() < 2) {
                assertTrue(System.nanoTime() - start < LIMIT.toNanos(), results::toString);
                ring.await(1, 100_000_000);
                ring.drain((userData, result, flags) -> results.put(userData, result));
            }
            ring.submit(sqe -> ControlOps.nop(sqe).userData(3)); // the ring goes on
            ring.await(1, LIMIT.toNanos());
            ring.drain((userData, result, flags) -> results.put(userData, result));
        }
        assertEquals(-Errno.ECANCELED, results.get(1L));
        assertTrue(
                results.get(2L) == -Errno.ETIME || results.get(2L) == -Errno.ECANCELED,
                results::toString);
        assertEquals(0, results.get(3L));
    }

    @Test
    @Behaviour("SUB-23")
    void ringOutlivesAFork() {
        List<String> flags =
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "-Djdk.lang.Process.launchMechanism=FORK");
        try (ChildJvm child = ChildJvm.start(flags, Forks.class)) {
            assertEquals(0, child.awaitExit(LIMIT), child::output);
            assertTrue(child.output().contains("still works"), child.output());
        }
    }

    /** Runs in its own JVM, which forks instead of spawning. */
    static final class Forks {
        private Forks() {}

        public static void main(String[] arguments) throws IOException, InterruptedException {
            try (TestRing test = TestRing.open();
                    Libc.Pair pipe = Libc.pipe()) {
                for (int round = 1; round <= 3; round++) {
                    PollOps.poll(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN)
                            .userData(round);
                    test.ring().submit();
                    assertEquals(0, new ProcessBuilder("true").start().waitFor());
                    ControlOps.nop(test.sqe()).userData(100);
                    test.take(100, 0);
                    Libc.write(pipe.second(), "x");
                    test.take(round, PollOps.IN);
                    assertEquals("x", Libc.read(pipe.first()));
                }
            }
            System.out.println("still works");
        }
    }

    @Test
    @Behaviour("WAIT-19")
    void twoThreadsThatWaitBothReturn() throws InterruptedException {
        try (ConcurrentRing ring = ConcurrentRing.open(new RingConfig(16, 32, Set.of()))) {
            for (int round = 0; round < 50; round++) {
                ConcurrentLinkedQueue<Integer> results = new ConcurrentLinkedQueue<>();
                List<Thread> waiters = new ArrayList<>();
                for (int i = 0; i < 2; i++) {
                    waiters.add(
                            Thread.ofPlatform()
                                    .start(() -> results.add(ring.await(1, LIMIT.toNanos()))));
                }
                ring.submit(sqe -> ControlOps.nop(sqe).userData(1));
                for (Thread waiter : waiters) {
                    waiter.join(10_000);
                }
                assertEquals(List.of(0, 0), List.copyOf(results), "round " + round);
                assertEquals(1, ring.drain((userData, result, flags) -> {}));
            }
        }
    }

    @Test
    @Behaviour("ERR-09")
    void closeWhileOthersSubmitAndWaitIsAnExceptionThere() throws InterruptedException {
        for (int round = 0; round < 20; round++) {
            ConcurrentRing ring = ConcurrentRing.open(new RingConfig(16, 1024, Set.of()));
            ConcurrentLinkedQueue<Throwable> others = new ConcurrentLinkedQueue<>();
            AtomicInteger submitted = new AtomicInteger();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                boolean waits = i % 2 == 0;
                threads.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    try {
                                        while (true) {
                                            if (waits) {
                                                ring.await(1, 1_000_000);
                                                ring.drain((u, r, f) -> {});
                                            } else {
                                                ring.submit(ControlOps::nop);
                                                submitted.incrementAndGet();
                                            }
                                        }
                                    } catch (Throwable e) {
                                        others.add(e);
                                    }
                                }));
            }
            while (submitted.get() < 100) {
                Thread.onSpinWait();
            }
            ring.close();
            for (Thread thread : threads) {
                thread.join(10_000);
            }
            assertEquals(THREADS, others.size());
            assertTrue(
                    others.stream().allMatch(e -> e.getClass() == IllegalStateException.class),
                    others::toString);
            ring.close();
        }
    }

    /** A collection or an interrupt between the call and its errno changes nothing. */
    @Test
    @Behaviour("ERR-01")
    void errnoSurvivesInterruptsAndSafepoints() throws InterruptedException {
        LinuxKernel real = LinuxKernel.instance();
        Thread caller = Thread.currentThread();
        AtomicBoolean done = new AtomicBoolean();
        Thread disturber =
                Thread.ofPlatform()
                        .start(() -> {
                            while (!done.get()) {
                                caller.interrupt();
                                System.gc();
                            }
                        });
        try {
            for (int i = 0; i < 50_000; i++) {
                assertEquals(-Errno.EBADF, real.close(-1));
                assertEquals(-Errno.EBADF, RawCalls.enter(-1, 0, 0, 0));
                assertEquals(-Errno.EINVAL, real.map(0, -1, 0));
            }
        } finally {
            done.set(true);
            while (disturber.isAlive()) {
                Thread.interrupted();
                Thread.onSpinWait();
            }
            Thread.interrupted();
        }
    }

    /** A cancellation that comes late does not find the next operation on the same file. */
    @Test
    void lateCancellationByUserDataOfAnEndedOperationFindsNobody() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(8);
            Descriptor reader = Descriptor.of(pipe.first());
            Libc.write(pipe.second(), "one");
            FileOps.read(test.sqe(), reader, buffer, FileOps.CURRENT_POSITION).userData(1);
            test.take(1, 3);
            FileOps.read(test.sqe(), reader, buffer, FileOps.CURRENT_POSITION).userData(1L << 32);
            CancelOps.cancel(test.sqe(), 1).userData(2);
            test.take(2, -Errno.ENOENT);
            Libc.write(pipe.second(), "next");
            test.take(1L << 32, 4);
        }
    }
}
