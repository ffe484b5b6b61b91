package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a ring makes of the results of io_uring_enter. */
@ExtendWith(DescriptorsReturn.class)
final class EnterTest {
    private static final RingConfig CONFIG = new RingConfig(8, 32, Set.of());

    private final FaultyKernel kernel = new FaultyKernel();

    @ParameterizedTest
    @ValueSource(longs = {-4, -11, -16, -62})
    @Behaviour({"ERR-03", "ERR-04", "CQ-03"})
    void passingErrorIsReturnedAndTheEntriesStayPending(long error) {
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            ControlOps.nop(test.sqe()).userData(1);
            kernel.enterFaults.add(error);
            assertEquals(error, test.ring().submitAndWait(1, Ring.FOREVER));
            assertEquals(1, test.ring().pendingSqes());
            assertEquals(0, test.ring().readyCqes());
            assertEquals(1, test.ring().submitAndWait(1, Ring.FOREVER));
            test.take(1, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-9, -22, -77, -17, -6, -130})
    void otherErrorIsAnExceptionThatNamesIt(long error) {
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            kernel.enterFaults.add(error);
            RingException e = assertThrows(RingException.class, () -> test.ring().submit());
            assertEquals(-error, e.errno());
            assertTrue(message(e).contains("io_uring_enter"), message(e));
            assertTrue(message(e).contains(Errno.name((int) -error)), message(e));
        }
    }

    @Test
    void ebadrSaysThatCompletionsWereLost() {
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            kernel.enterFaults.add(-53L);
            RingException e =
                    assertThrows(RingException.class, () -> test.ring().submitAndWait(1, 0));
            assertTrue(message(e).contains("EBADR. "), message(e));
            assertTrue(message(e).contains("lost completions"), message(e));
        }
    }

    @Test
    @Behaviour({"SUB-06", "ERR-05"})
    void partialSubmissionLeavesTheRestAndSubmitsItExactlyOnce() {
        kernel.submitLimit = 3;
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            for (int i = 1; i <= 8; i++) {
                ControlOps.nop(test.sqe()).userData(i);
            }
            assertEquals(3, test.ring().submit());
            assertEquals(5, test.ring().pendingSqes());
            ControlOps.nop(test.sqe()).userData(9);
            assertEquals(3, test.ring().submit());
            assertEquals(3, test.ring().submit());
            assertEquals(0, test.ring().submit());
            assertEquals(
                    List.of(8, 6, 3, 0),
                    kernel.enters.stream().map(FaultyKernel.Enter::toSubmit).toList());
            assertEquals(
                    LongStream.rangeClosed(1, 9).boxed().toList(),
                    test.takeReady().stream().map(e -> e.userData()).toList());
        }
    }

    @Test
    void interruptedSubmissionIsNotCountedTwice() {
        kernel.submitLimit = 1;
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            ControlOps.nop(test.sqe()).userData(1);
            ControlOps.nop(test.sqe()).userData(2);
            assertEquals(1, test.ring().submit());
            kernel.enterFaults.add(-4L);
            assertEquals(-4, test.ring().submit());
            assertEquals(1, test.ring().submit());
            assertEquals(List.of(2, 1, 1), toSubmits());
            assertEquals(2, test.takeReady().size());
        }
    }

    private List<Integer> toSubmits() {
        return kernel.enters.stream().map(FaultyKernel.Enter::toSubmit).toList();
    }

    @Test
    void submissionAndWaitAreOneCall() {
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            ControlOps.nop(test.sqe()).userData(1);
            assertEquals(1, test.ring().submitAndWait(1, 1_000_000_000));
            FaultyKernel.Enter enter = kernel.enters.getFirst();
            assertEquals(1, enter.toSubmit());
            assertEquals(1, enter.minComplete());
            assertEquals(0x99, enter.flags()); // GETEVENTS, EXT_ARG, REGISTERED_RING, NO_IOWAIT
            assertEquals(24, enter.argumentBytes());
            test.take(1, 0);
            assertEquals(1, kernel.enters.size());
        }
    }

    @Test
    void waitWithoutATimeoutHasNoExtendedArgument() {
        try (TestRing test = TestRing.open(CONFIG, kernel)) {
            ControlOps.nop(test.sqe()).userData(1);
            test.ring().submitAndWait(1, Ring.FOREVER);
            assertEquals(0x91, kernel.enters.getFirst().flags());
            assertEquals(8, kernel.enters.getFirst().argumentBytes());
            test.take(1, 0);
        }
    }

    @Test
    @Behaviour("ERR-01")
    void everyFailingCallGivesItsOwnErrnoAndNeverMinusOne() {
        LinuxKernel real = LinuxKernel.instance();
        for (int i = 0; i < 50_000; i++) {
            assertEquals(-9, real.close(-1));
            assertEquals(-22, real.register(-1, 8, 0, 0)); // a probe needs a ring
        }
    }

    private static String message(Throwable e) {
        return String.valueOf(e.getMessage());
    }
}
