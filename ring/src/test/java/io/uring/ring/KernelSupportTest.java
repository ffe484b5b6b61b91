package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the kernel lacks is refused before it is submitted. */
@ExtendWith(DescriptorsReturn.class)
final class KernelSupportTest {
    private static final Descriptor FD = Descriptor.of(0);

    static Stream<Arguments> refusals() {
        return Stream.of(
                refusal(Feature.CQE_SKIP, sqe -> ControlOps.nop(sqe).skipSuccess()),
                refusal(Feature.CANCEL_FD, sqe -> CancelOps.cancelAll(sqe, FD)),
                refusal(Feature.CANCEL_FD, CancelOps::cancelEverything),
                refusal(
                        Feature.RW_CUR_POS,
                        sqe -> FileOps.read(sqe, FD, memory(), FileOps.CURRENT_POSITION)),
                refusal(
                        Feature.POLL_32BITS,
                        sqe -> PollOps.poll(sqe, FD, PollOps.IN | PollOps.EXCLUSIVE)),
                refusal(Feature.MULTISHOT_RECV, sqe -> SocketOps.recvMultishot(sqe, FD, 1)),
                refusal(Feature.MULTISHOT_ACCEPT, sqe -> SocketOps.acceptMultishot(sqe, FD)));
    }

    private static Arguments refusal(Feature feature, Consumer<Sqe> preparation) {
        return Arguments.of(feature, preparation);
    }

    private static MemorySegment memory() {
        return Arena.ofAuto().allocate(8);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    @Behaviour("ERR-08")
    void maskedFeatureIsRefusedBeforeTheSubmission(Feature feature, Consumer<Sqe> preparation) {
        FaultyKernel kernel = new FaultyKernel();
        try (TestRing test = TestRing.open(new RingConfig(8, 32, Set.of(feature)), kernel)) {
            Sqe sqe = test.sqe();
            UnavailableException e =
                    assertThrows(UnavailableException.class, () -> preparation.accept(sqe));
            String message = String.valueOf(e.getMessage());
            assertTrue(message.contains(feature.name()), message);
            assertTrue(message.contains("Linux " + feature.since()), message);
            assertEquals(0, kernel.enters.size());
            sqe.clear().userData(1); // the entry was handed out and leaves as a NOP
            test.take(1, 0);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void featureThatIsThereIsNotRefused(Feature feature, Consumer<Sqe> preparation) {
        try (TestRing test = TestRing.open()) {
            Sqe sqe = test.sqe();
            assertTrue(test.ring().capabilities().has(feature));
            assertDoesNotThrow(() -> preparation.accept(sqe));
            sqe.clear().userData(1);
            test.take(1, 0);
        }
    }

    /** The kernel in memory knows no probe, so it is taken for one of 5.5 at most. */
    @Test
    @Behaviour("ERR-08")
    void operationThatTheKernelLacksIsRefusedAndLeavesANop() {
        RingConfig config = new RingConfig(8, 32, Set.of(Feature.NO_SQARRAY));
        try (TestRing test = TestRing.open(config, new MemoryKernel(0))) {
            assertTrue(test.ring().capabilities().supports(Opcode.TIMEOUT));
            Sqe sqe = test.sqe();
            UnavailableException e =
                    assertThrows(
                            UnavailableException.class, () -> FileOps.read(sqe, FD, memory(), 0));
            String message = String.valueOf(e.getMessage());
            assertTrue(message.contains("READ") && message.contains("5.6"), message);
            assertEquals(Opcode.NOP.ordinal(), sqe.opcode());
            sqe.userData(1);
            test.take(1, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(Opcode.class)
    void eachOperationIsAllowedOrRefusedByItself(Opcode opcode) {
        KernelSupport with = KernelSupport.of(EnumSet.of(opcode), Set.of(), 0);
        KernelSupport without =
                KernelSupport.of(EnumSet.complementOf(EnumSet.of(opcode)), Set.of(), 9999);
        assertDoesNotThrow(() -> with.require(opcode));
        assertThrows(UnavailableException.class, () -> without.require(opcode));
    }

    @ParameterizedTest
    @EnumSource(Feature.class)
    void eachFeatureIsAllowedOrRefusedByItself(Feature feature) {
        KernelSupport with = KernelSupport.of(Set.of(), EnumSet.of(feature), 0);
        KernelSupport without =
                KernelSupport.of(Set.of(), EnumSet.complementOf(EnumSet.of(feature)), 9999);
        assertDoesNotThrow(() -> with.require(feature));
        assertThrows(UnavailableException.class, () -> without.require(feature));
    }

    @Test
    @Behaviour("ERR-08")
    void releaseThatIsTooOldIsRefusedByName() {
        KernelSupport support = KernelSupport.of(Set.of(), Set.of(), 616);
        assertDoesNotThrow(() -> support.require(616, "a thing"));
        assertDoesNotThrow(() -> support.require(519, "a thing"));
        UnavailableException e =
                assertThrows(
                        UnavailableException.class, () -> support.require(617, "a vectored thing"));
        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains("a vectored thing"), message);
        assertTrue(message.contains("Linux 6.17"), message);
    }

    @ParameterizedTest
    @CsvSource({
        "6.18, 618",
        "6.18.3-generic, 618",
        "5.4.0-150-generic, 504",
        "4.19.0, 419",
        "6.6-rc1, 606",
        "5.15.167.4-microsoft-standard-WSL2, 515",
        "10.0, 1000"
    })
    void releaseIsReadFromWhatKernelsCallThemselves(String version, int release) {
        assertEquals(release, KernelSupport.release(version));
    }

    @Test
    @Behaviour("ERR-08")
    void waitsThatTheKernelLacksAreRefusedAndLeaveTheEntries() {
        try (TestRing test = TestRing.open(8, 32, Feature.EXT_ARG);
                Arena arena = Arena.ofConfined()) {
            ControlOps.nop(test.sqe()).userData(1);
            Wait wait = new Wait(arena);
            assertThrows(UnavailableException.class, () -> test.ring().submitAndWait(1, wait));
            assertEquals(1, test.ring().pendingSqes());
            test.take(1, 0);
        }
        try (TestRing test = TestRing.open(8, 32, Feature.MIN_TIMEOUT);
                Arena arena = Arena.ofConfined()) {
            Wait wait = new Wait(arena).minWaitMicros(1);
            assertThrows(UnavailableException.class, () -> test.ring().submitAndWait(1, wait));
            assertEquals(
                    -Errno.ETIME,
                    test.ring().submitAndWait(1, wait.minWaitMicros(0).timeoutNanos(1)));
        }
    }
}
