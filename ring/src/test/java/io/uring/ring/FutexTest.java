package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Futexes, and waits for processes. */
@ExtendWith(DescriptorsReturn.class)
final class FutexTest {
    private static final int EAGAIN = -11;
    private static final int EINVAL = -22;
    private static final int ECANCELED = -125;

    private static MemorySegment words() {
        return Arena.ofAuto().allocate(16, 8);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("FTX-01")
    void waitEndsWhenTheWordDiffersOrIsWoken(RingType type) {
        MemorySegment words = words();
        try (TestRing test = type.open()) {
            FutexOps.await(test.sqe(), words, 4, 1, false).userData(1);
            test.take(1, EAGAIN);
            FutexOps.await(test.sqe(), words, 4, 0, false).userData(2);
            FutexOps.await(test.sqe(), words, 4, 0, false).userData(3);
            test.ring().submit();
            assertEquals(List.of(), test.takeReady());
            FutexOps.wake(test.sqe(), words, 4, 1, false).userData(4);
            test.take(4, 1);
            FutexOps.wake(test.sqe(), words, 4, 100, false).userData(5);
            test.take(5, 1);
            test.take(2, 0);
            test.take(3, 0);
            FutexOps.wake(test.sqe(), words, 4, 100, false).userData(6);
            test.take(6, 0);
        }
    }

    @Test
    @Behaviour("FTX-02")
    void wrongFieldsAreRefused() {
        MemorySegment words = words();
        try (TestRing test = TestRing.open()) {
            FutexOps.await(test.sqe(), words, 0, 0, 0, false).userData(1);
            FutexOps.await(test.sqe(), words, 0, 0, false).fd(0x83).userData(2); // 64 bits
            FutexOps.await(test.sqe(), words, 0, 0, false).fd(0x1082).userData(3);
            FutexOps.await(test.sqe(), words, 0, 0, false).len(1).userData(4);
            FutexOps.wake(test.sqe(), words, 0, 1, 0, false).userData(5);
            for (int i = 1; i <= 5; i++) {
                test.take(i, EINVAL);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("FTX-03")
    void systemCallsWakeItAndAreWokenByIt(RingType type) throws Exception {
        try (TestRing test = type.open()) {
            for (boolean shared : new boolean[] {false, true}) {
                MemorySegment words = words();
                FutexOps.await(test.sqe(), words, 0, 0, shared).userData(1);
                ControlOps.nop(test.sqe()).userData(9);
                test.take(9, 0);
                assertEquals(1, Libc.futexWake(words, shared));
                test.take(1, 0);
                Thread waiter = Thread.ofPlatform().start(() -> Libc.futexWait(words, shared));
                int woken = 0;
                while (woken == 0) { // until it sleeps
                    FutexOps.wake(test.sqe(), words, 0, 1, shared).userData(2);
                    woken = test.take(2).result();
                }
                assertEquals(1, woken);
                waiter.join(TimeUnit.SECONDS.toMillis(10));
                assertTrue(!waiter.isAlive());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("FTX-04")
    void waitForSeveralTellsWhichWasWoken(RingType type) {
        MemorySegment words = words();
        try (TestRing test = type.open()) {
            FutexVector any =
                    new FutexVector(Arena.ofAuto(), 128)
                            .add(words, 0, 0, false)
                            .add(words, 4, 0, true)
                            .add(words, 8, 0, false);
            FutexOps.awaitAny(test.sqe(), any).userData(1);
            ControlOps.nop(test.sqe()).userData(9);
            test.take(9, 0);
            FutexOps.wake(test.sqe(), words, 4, 1, true).userData(2);
            test.take(2, 1);
            test.take(1, 1);
            words.set(ValueLayout.JAVA_INT, 8, 5);
            FutexOps.awaitAny(test.sqe(), any).userData(3);
            test.take(3, EAGAIN);
            FutexOps.awaitAny(test.sqe(), new FutexVector(Arena.ofAuto(), 1)).userData(4);
            test.take(4, EINVAL);
            FutexOps.awaitAny(test.sqe(), any).len(129).userData(5);
            test.take(5, EINVAL);
        }
    }

    @Test
    @Behaviour("FTX-05")
    void bitsetSelectsWhoIsWokenAndBothCancellationsWork() {
        MemorySegment words = words();
        try (TestRing test = TestRing.open()) {
            FutexOps.await(test.sqe(), words, 0, 0, 1, false).userData(1);
            FutexOps.await(test.sqe(), words, 0, 0, 2, false).userData(2);
            FutexOps.await(test.sqe(), words, 0, 0, 4, false).userData(3);
            FutexOps.wake(test.sqe(), words, 0, 100, 2, false).userData(4);
            test.take(4, 1);
            test.take(2, 0);
            CancelOps.cancel(test.sqe(), 1).userData(5);
            test.take(5, 1);
            test.take(1, ECANCELED);
            CancelOps.cancelEverything(test.sqe()).userData(6);
            test.take(6, 1);
            test.take(3, ECANCELED);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("FTX-06")
    void endOfAChildIsReported(RingType type) throws Exception {
        // A child of the test's own: the JVM reaps those that it starts itself.
        int child = Libc.spawnThatExits(7);
        try (TestRing test = type.open()) {
            SignalInfo info = new SignalInfo(Arena.ofAuto());
            ProcessOps.waitid(test.sqe(), ProcessOps.P_PID, child, ProcessOps.WEXITED, info)
                    .userData(1);
            test.take(1, 0);
            assertEquals(17, info.signal());
            assertEquals(SignalInfo.CLD_EXITED, info.code());
            assertEquals(child, info.pid());
            assertEquals(7, info.status());
            ProcessOps.waitid(test.sqe(), ProcessOps.P_PID, child, ProcessOps.WEXITED, null)
                    .userData(2);
            test.take(2, -10);
            ProcessOps.waitid(test.sqe(), ProcessOps.P_ALL, 0, 0, null).userData(3);
            test.take(3, EINVAL);
        }
    }
}
