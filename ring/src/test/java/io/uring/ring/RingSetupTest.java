package io.uring.ring;

import static io.uring.ring.FaultyKernel.PASS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The set-up ladder, on kernels that refuse. Flags are written as the kernel's numbers. */
@ExtendWith(DescriptorsReturn.class)
final class RingSetupTest {
    private static final RingConfig CONFIG = new RingConfig(64, 256, Set.of());

    /** What each refusal leaves: the newest flag goes first, what depends on it goes along. */
    private static final List<Integer> LADDER =
            List.of(
                    0x132D8, 0x032D8, 0x013D8, 0x003D8, 0x001D8, 0x000D8, 0x00058, 0x00018, 0x00008,
                    0x00000);

    private final FaultyKernel kernel = new FaultyKernel();

    @AfterEach
    void everythingIsClosedAndUnmapped() {
        assertEquals(0, kernel.openDescriptors(), "descriptors");
        assertEquals(0, kernel.openMappings(), "mappings");
    }

    @Test
    @Behaviour("ERR-08")
    void einvalPeelsFlagsNewestFirstDownToAPlainRing() {
        kernel.setupFault = setup -> -22;
        assertThrows(UnavailableException.class, () -> Ring.open(CONFIG, kernel));
        assertEquals(LADDER, kernel.setups.stream().map(FaultyKernel.Setup::flags).toList());
        assertTrue(kernel.setups.stream().allMatch(setup -> setup.entries() == 64));
    }

    static Stream<Arguments> rungs() {
        return LADDER.stream().map(flags -> Arguments.of(String.format("0x%x", flags), flags));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rungs")
    @Behaviour("ERR-08")
    void everyRungMakesARingThatWorks(String name, int allowed) {
        kernel.setupFault = setup -> (setup.flags() & ~allowed) != 0 ? -22 : PASS;
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            assertEquals(allowed, test.ring().capabilities().setupFlags(), name);
            for (int i = 1; i <= 200; i++) { // more than three times around the queue
                ControlOps.nop(test.sqe()).userData(i);
                test.take(i, 0);
            }
            assertEquals(-62, test.ring().submitAndWait(1, 1_000_000));
        }
    }

    @Test
    @Behaviour("SET-22")
    void ringThatStartsEnabledIsNotEnabledAgain() {
        kernel.setupFault = setup -> (setup.flags() & 0x40) != 0 ? -22 : PASS;
        kernel.failingRegister = 12;
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            assertFalse(test.ring().capabilities().has(Feature.R_DISABLED));
            assertFalse(test.ring().capabilities().has(Feature.SINGLE_ISSUER));
        }
    }

    @Test
    void onlyFlagsThatAreNotMaskedAreAskedFor() {
        RingConfig config = CONFIG.masking(Feature.R_DISABLED).masking(Feature.COOP_TASKRUN);
        try (TestRing test = TestRing.open(config, kernel)) {
            assertEquals(List.of(new FaultyKernel.Setup(64, 256, 0x10098)), kernel.setups);
            assertEquals(256, test.ring().cqEntries());
        }
    }

    @Test
    @Behaviour("SET-24")
    void enomemHalvesTheQueuesUntilTheyFit() {
        kernel.setupFault = setup -> setup.entries() > 100 ? -12 : PASS;
        try (TestRing test = TestRing.open(new RingConfig(1024, 4096, Set.of()), kernel)) {
            assertEquals(
                    List.of(1024, 512, 256, 128, 64),
                    kernel.setups.stream().map(FaultyKernel.Setup::entries).toList());
            assertEquals(
                    List.of(4096, 2048, 1024, 512, 256),
                    kernel.setups.stream().map(FaultyKernel.Setup::cqEntries).toList());
            assertEquals(64, test.ring().sqEntries());
            assertEquals(256, test.ring().cqEntries());
        }
    }

    @Test
    void halvingKeepsTheCompletionQueueAtLeastAsLargeAsTheSubmissionQueue() {
        kernel.setupFault = setup -> setup.entries() > 25 ? -12 : PASS;
        try (TestRing test = TestRing.open(new RingConfig(99, 99, Set.of()), kernel)) {
            assertEquals(32, test.ring().sqEntries());
            assertEquals(32, test.ring().cqEntries());
        }
    }

    @Test
    @Behaviour("SET-24")
    void enomemHalvesALargeCompletionQueueOfASmallSubmissionQueue() {
        kernel.setupFault = setup -> setup.cqEntries() > 64 ? -12 : PASS;
        try (TestRing test = TestRing.open(new RingConfig(4, 65536, Set.of()), kernel)) {
            assertEquals(4, test.ring().sqEntries());
            assertEquals(64, test.ring().cqEntries());
        }
    }

    @Test
    @Behaviour("SET-24")
    void enomemToTheEndNamesTheLimitOfLockedMemory() {
        kernel.setupFault = setup -> -12;
        RingException e = assertThrows(RingException.class, () -> Ring.open(CONFIG, kernel));
        assertEquals(12, e.errno());
        assertFalse(e instanceof UnavailableException);
        assertContains(e, "io_uring_setup: ENOMEM", "ulimit -l");
        assertEquals(8, kernel.setups.getLast().entries());
    }

    @Test
    void enomemAfterEinvalKeepsWhatWasPeeled() {
        kernel.setupFault =
                setup -> (setup.flags() & 0x10000) != 0 ? -22 : setup.entries() > 32 ? -12 : PASS;
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            assertEquals(0x32D8, test.ring().capabilities().setupFlags());
            assertEquals(32, test.ring().sqEntries());
            assertEquals(3, kernel.setups.size());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 13})
    @Behaviour({"SET-26", "THR-07"})
    void permissionErrorsNameTheSysctlAndSeccomp(int errno) {
        kernel.setupFault = setup -> -errno;
        UnavailableException e =
                assertThrows(UnavailableException.class, () -> Ring.open(CONFIG, kernel));
        assertEquals(errno, e.errno());
        assertContains(e, "io_uring_setup: E", "kernel.io_uring_disabled", "seccomp");
        assertTrue(String.valueOf(e.getMessage()).endsWith(e.remedy()));
        assertEquals(1, kernel.setups.size(), "asking again cannot help");
    }

    @Test
    @Behaviour({"SET-26", "THR-07"})
    void enosysNamesTheKernelVersionAndSeccomp() {
        kernel.setupFault = setup -> -38;
        UnavailableException e =
                assertThrows(UnavailableException.class, () -> Ring.open(CONFIG, kernel));
        assertEquals(38, e.errno());
        assertContains(e, "io_uring_setup: ENOSYS", "5.1", "CONFIG_IO_URING", "seccomp");
    }

    @ParameterizedTest
    @ValueSource(ints = {23, 24})
    @Behaviour("SET-21")
    void lackOfDescriptorsIsAnErrorOfThisRingOnly(int errno) {
        kernel.setupFault = setup -> -errno;
        RingException e = assertThrows(RingException.class, () -> Ring.open(CONFIG, kernel));
        assertEquals(errno, e.errno());
        assertFalse(e instanceof UnavailableException);
        assertContains(e, "ulimit -n");
    }

    @Test
    void unexpectedErrnoIsReportedByName() {
        kernel.setupFault = setup -> -14;
        RingException e = assertThrows(RingException.class, () -> Ring.open(CONFIG, kernel));
        assertEquals("io_uring_setup: EFAULT", e.getMessage());
    }

    /** Two trial buffer rings, then the rings and the SQEs. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void failedMappingClosesAndUnmapsEverything(int call) {
        kernel.failingMap = call;
        RingException e = assertThrows(RingException.class, () -> Ring.open(CONFIG, kernel));
        assertEquals(12, e.errno());
        assertContains(e, "mmap of ", " bytes");
    }

    @Test
    void failedMappingOfSeparateQueuesUnmapsTheFirst() {
        kernel.failingMap = 4;
        RingConfig config = CONFIG.masking(Feature.SINGLE_MMAP);
        assertThrows(RingException.class, () -> Ring.open(config, kernel));
        assertEquals(0, kernel.openMappings());
    }

    @Test
    void failedEnableIsAnExceptionAndTheRingCanBeClosed() {
        kernel.failingRegister = 12;
        try (Ring ring = Ring.open(CONFIG, kernel)) {
            RingException e = assertThrows(RingException.class, ring::enable);
            assertContains(e, "ENABLE_RINGS", "EINVAL");
        }
    }

    @Test
    void ringWorksWhereTheDescriptorCannotBeRegistered() {
        kernel.failingRegister = 20;
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0);
            assertEquals(test.ring().fd(), kernel.enters.getLast().fd());
        }
    }

    @Test
    void registeredDescriptorIsUsedInEveryEnterCall() {
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0);
            assertTrue(kernel.enters.getLast().fd() < 16);
            assertTrue((kernel.enters.getLast().flags() & 0x10) != 0);
        }
    }

    private static void assertContains(Throwable e, String... parts) {
        String message = String.valueOf(e.getMessage());
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }
}
