package io.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import io.uring.testkit.ChildJvm;
import io.uring.testkit.RequiresKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Rings of processes and users that may not have much, and what the kernel says it can do. */
@ExtendWith(DescriptorsReturn.class)
final class SetupLimitsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final List<String> JVM = List.of("--enable-native-access=ALL-UNNAMED", "-ea");

    private static final int QUERY = 35;
    private static final int PROBE = 8;
    private static final int REGISTER_NOTHING = 0x7000;

    @Test
    @Behaviour("SET-21")
    void ringsUpToTheLimitOfDescriptorsAreFreedByClosing() {
        assertChildSays(ExhaustsDescriptors.class, "EMFILE then free\n");
    }

    static final class ExhaustsDescriptors {
        private ExhaustsDescriptors() {}

        public static void main(String[] args) {
            // Classes are files too: what fails later is loaded now.
            assertThrows(
                    RingException.class,
                    () -> Ring.open(RingType.PLAIN.config(4, 8).sqPoll(50, 1 << 20)));
            assertEquals(Errno.EMFILE, Availability.failure("", Errno.EMFILE, false).errno());
            Ring.open(RingType.PLAIN.config(4, 8)).close();
            LibcProcess.limit(LibcProcess.RLIMIT_NOFILE, 100);
            int first = fill();
            System.out.print("EMFILE then ");
            assertEquals(first, fill());
            System.out.println("free");
        }

        /** How many rings there can be at once. */
        private static int fill() {
            List<Ring> rings = new ArrayList<>();
            try {
                RingException e = null;
                while (e == null && rings.size() < 200) {
                    try {
                        rings.add(Ring.open(RingType.PLAIN.config(4, 8)));
                    } catch (RingException full) {
                        e = full;
                    }
                }
                assertEquals(Errno.EMFILE, e.errno());
                assertTrue(e.getMessage().contains("ulimit -n"), e.getMessage());
                assertTrue(rings.size() > 10, "only " + rings.size());
                return rings.size();
            } finally {
                rings.forEach(Ring::close);
            }
        }
    }

    @Test
    @Behaviour("SET-24")
    void lockedMemoryOfAnOrdinaryUserLimitsTheQueues() {
        assumeTrue(isRoot(), "only root can become another user");
        assertChildSays(LacksLockedMemory.class, "ENOMEM\nENOMEM in the end\nsmaller\n");
    }

    static final class LacksLockedMemory {
        private LacksLockedMemory() {}

        public static void main(String[] args) throws Throwable {
            // Nobody may not read the jars: what a failure needs is loaded before.
            assertThrows(AssertionError.class, () -> assertEquals(1, 2));
            LibcProcess.limit(LibcProcess.RLIMIT_MEMLOCK, 4096);
            RingLifecycleTest.onThread(() -> {
                LibcProcess.becomeNobody();
                assertEquals(-Errno.ENOMEM, RawRing.trial(4096, 0));
                System.out.println("ENOMEM");
                RingException e =
                        assertThrows(
                                RingException.class,
                                () -> Ring.open(RingType.PLAIN.config(4096, 8192)));
                assertEquals(Errno.ENOMEM, e.errno());
                assertTrue(e.getMessage().contains("ulimit -l"), e.getMessage());
                System.out.println("ENOMEM in the end");
            });
            LibcProcess.limit(LibcProcess.RLIMIT_MEMLOCK, 256 << 10);
            RingLifecycleTest.onThread(() -> {
                LibcProcess.becomeNobody();
                try (TestRing test = TestRing.open(RingType.PLAIN.config(4096, 8192))) {
                    assertTrue(test.ring().sqEntries() < 4096);
                    ControlOps.nop(test.sqe()).userData(1);
                    test.take(1, 0);
                }
                System.out.println("smaller");
            });
        }
    }

    private static void assertChildSays(Class<?> main, String expected) {
        try (ChildJvm child = ChildJvm.start(JVM, main)) {
            assertEquals(0, child.awaitExit(LIMIT), child::output);
            assertEquals(expected, child.output());
        }
    }

    @Test
    @Behaviour("SET-27")
    @RequiresKernel("5.13")
    void ordinaryUserMayHaveAPollingThread() throws Throwable {
        assumeTrue(isRoot(), "only root can become another user");
        RingLifecycleTest.onThread(() -> {
            LibcProcess.becomeNobody();
            try (TestRing test = RingType.SQPOLL.open()) {
                ControlOps.nop(test.sqe()).userData(1);
                test.take(1, 0);
            }
        });
    }

    private static boolean isRoot() {
        String pid = Long.toString(ProcessHandle.current().pid()); // the main thread
        return LibcProcess.threadField(pid, "Uid").startsWith("0\t0\t0");
    }

    /** What a query of operations answers. */
    private record Answer(int operations, int registrations, long setupFlags, long enterFlags) {
        static Answer ask() {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment data = arena.allocate(48, 8);
                MemorySegment header = arena.allocate(40, 8);
                header.set(JAVA_LONG, 8, data.address());
                header.set(JAVA_INT, 16, 0); // query_op: operations
                header.set(JAVA_INT, 20, (int) data.byteSize());
                assertEquals(0, LinuxKernel.instance().register(-1, QUERY, header.address(), 0));
                assertEquals(0, header.get(JAVA_INT, 24), "result");
                return new Answer(
                        data.get(JAVA_INT, 0),
                        data.get(JAVA_INT, 4),
                        data.get(JAVA_LONG, 16),
                        data.get(JAVA_LONG, 24));
            }
        }
    }

    @Test
    @Behaviour("SET-28")
    @RequiresKernel("6.18")
    void queryTellsTheSetupFlagsThatTrialCreationAccepts() {
        long accepted = 0;
        for (int bit = 0; bit < 32; bit++) {
            if (accepts(1 << bit)) {
                accepted |= 1L << bit;
            }
        }
        assertEquals(Long.toHexString(Answer.ask().setupFlags()), Long.toHexString(accepted));
    }

    /** Tries a flag together with what it needs. */
    private static boolean accepts(int flag) {
        int with =
                switch (flag) {
                    case RawRing.SQ_AFF -> RawRing.SQPOLL;
                    case RawRing.TASKRUN_FLAG -> RawRing.COOP_TASKRUN;
                    case RawRing.DEFER_TASKRUN -> RawRing.SINGLE_ISSUER;
                    case RawRing.HYBRID_IOPOLL -> RawRing.IOPOLL;
                    case 1 << 20 -> RawRing.NO_SQARRAY; // SQ_REWIND of later kernels
                    default -> 0;
                };
        MemorySegment memory = LibcProcess.mapped(2 * 65536);
        MemorySegment params =
                switch (flag) {
                    case RawRing.NO_MMAP, RawRing.REGISTERED_FD_ONLY ->
                            RawRing.params(flag, memory.address(), memory.address() + 65536);
                    default -> RawRing.params(flag | with);
                };
        params.set(JAVA_INT, RawRing.CQ_ENTRIES, 16);
        try (RawRing other = RawRing.open(8, 0)) {
            params.set(JAVA_INT, RawRing.WQ_FD, other.fd);
            return RawRing.trial(8, params) == 0;
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    @Test
    @Behaviour("SET-28")
    @RequiresKernel("6.18")
    void queryTellsTheOperationsThatATrialAccepts() {
        Answer answer = Answer.ask();
        try (RawRing ring = RawRing.open(8, 0);
                Arena arena = Arena.ofConfined()) {
            MemorySegment probe = arena.allocate(16 + 256 * 8, 8); // ops_len u8@1
            assertEquals(0, ring.register(PROBE, probe.address(), 256));
            assertEquals(answer.operations(), probe.get(JAVA_BYTE, 1));
            ring.put(answer.operations(), 1);
            assertEquals(1, ring.enter(1, 1, RawRing.GETEVENTS));
            assertEquals(new RawRing.Completion(1, -Errno.EINVAL), ring.take());
            assertEquals(
                    -Errno.EINVAL, ring.register(answer.registrations(), 0, 0), "not an operation");
            assertEquals(-Errno.EINVAL, ring.register(REGISTER_NOTHING, 0, 0));
            for (int bit = 0; bit < 32; bit++) {
                boolean known = (answer.enterFlags() & 1L << bit) != 0;
                int result = ring.enter(0, 0, 1 << bit);
                assertFalse(!known && result != -Errno.EINVAL, "bit " + bit + ": " + result);
            }
        }
    }

    @Test
    @Behaviour("SET-28")
    void queryOfThisReleaseGivesItsNumbers() {
        assumeTrue(System.getProperty("os.version").startsWith("6.18"), "numbers of 6.18");
        assertEquals(new Answer(63, 36, 0x7FFFF, 0xFF), Answer.ask());
    }
}
