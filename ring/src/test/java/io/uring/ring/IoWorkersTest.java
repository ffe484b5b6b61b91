package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.testkit.Behaviour;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Each test has a thread of its own, since the workers are those of a thread. */
@ExtendWith(DescriptorsReturn.class)
final class IoWorkersTest {
    private static final int EINVAL = 22;
    private static final int IOWQ_AFF = 17;
    private static final int MAX_WORKERS = 19;
    private static final long WHILE_NOTHING_MAY_HAPPEN_MILLIS = 300;

    @Test
    @Behaviour("REG-05")
    void workersRunOnTheProcessorsThatWereSet() throws Exception {
        String allowed = processors("self");
        assumeTrue(allowed.startsWith("0") && allowed.length() > 1, "processors " + allowed);
        OwnThread.run(() -> {
            try (TestRing test = TestRing.open()) {
                Set<String> before = workers();
                BitSet first = new BitSet();
                first.set(0);
                IoWorkers.affinity(test.ring(), first);
                ControlOps.nop(test.sqe()).async().userData(1);
                test.take(1, 0);
                Set<String> started = workers();
                started.removeAll(before);
                assertEquals(1, started.size());
                String worker = "self/task/" + started.iterator().next();
                assertEquals("0", processors(worker));
                IoWorkers.resetAffinity(test.ring());
            }
        });
    }

    @Test
    @Behaviour("REG-05")
    void workersNeedAProcessor() {
        try (TestRing test = TestRing.open()) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> IoWorkers.affinity(test.ring(), new BitSet()));
            assertEquals(-EINVAL, test.ring().tryRegister(IOWQ_AFF, 0, 0));
            long mask = test.ring().allocate(8).address();
            assertEquals(-EINVAL, test.ring().tryRegister(IOWQ_AFF, mask, 0));
        }
    }

    @Test
    @Behaviour("REG-06")
    void limitsBeforeAreReturnedAndZeroChangesNothing() throws Exception {
        OwnThread.run(() -> {
            try (TestRing test = TestRing.open()) {
                Ring ring = test.ring();
                IoWorkers.Limits none = new IoWorkers.Limits(0, 0);
                IoWorkers.Limits usual = IoWorkers.limit(ring, none);
                assertTrue(usual.bounded() > 0 && usual.unbounded() > 0);
                assertEquals(usual, IoWorkers.limit(ring, new IoWorkers.Limits(1, 3)));
                IoWorkers.Limits set = IoWorkers.limit(ring, new IoWorkers.Limits(2, 0));
                assertEquals(new IoWorkers.Limits(1, 3), set);
                assertEquals(new IoWorkers.Limits(2, 3), IoWorkers.limit(ring, none));
                long memory = ring.allocate(8).address();
                assertEquals(-EINVAL, ring.tryRegister(MAX_WORKERS, memory, 1));
                assertEquals(-EINVAL, ring.tryRegister(MAX_WORKERS, memory, 3));
                assertThrows(IllegalArgumentException.class, () -> new IoWorkers.Limits(-1, 0));
            }
        });
    }

    @Test
    @Behaviour("REG-06")
    void oneWorkerDoesOneThingAfterTheOther() throws Exception {
        OwnThread.run(() -> assertEquals(List.of(2L, 1L), orderOfTwo(8)));
        OwnThread.run(() -> assertEquals(List.of(1L, 2L), orderOfTwo(1)));
    }

    /** A splice that waits in its worker, and one that need not wait. */
    private static List<Long> orderOfTwo(int workers) throws InterruptedException {
        try (TestRing test = TestRing.open();
                Libc.Pair empty = Libc.pipe();
                Libc.Pair full = Libc.pipe();
                Libc.Pair target = Libc.pipe()) {
            IoWorkers.limit(test.ring(), new IoWorkers.Limits(workers, workers));
            splice(test, empty, target).userData(1);
            test.ring().submit();
            Libc.write(full.second(), "x");
            splice(test, full, target).userData(2);
            test.ring().submit();
            Thread.sleep(WHILE_NOTHING_MAY_HAPPEN_MILLIS);
            List<TestRing.Event> early = test.takeReady();
            Libc.write(empty.second(), "y");
            return Stream.concat(early.stream(), test.takeNext(2 - early.size()).stream())
                    .map(TestRing.Event::userData)
                    .toList();
        }
    }

    private static Sqe splice(TestRing test, Libc.Pair from, Libc.Pair to) {
        return PipeOps.splice(
                test.sqe(), Descriptor.of(from.first()), -1, Descriptor.of(to.second()), -1, 1, 0);
    }

    /** The threads of this process that are workers of rings. */
    private static Set<String> workers() throws IOException {
        Set<String> workers = new HashSet<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            for (Path task : tasks.toList()) {
                Path name = task.resolve("comm");
                if (Files.exists(name) && Files.readString(name).startsWith("iou-wrk")) {
                    workers.add(task.getFileName().toString());
                }
            }
        }
        return workers;
    }

    private static String processors(String task) throws IOException {
        String status = Files.readString(Path.of("/proc", task, "status"));
        return status.replaceAll("(?s).*Cpus_allowed_list:\\s+(\\S+).*", "$1");
    }
}
