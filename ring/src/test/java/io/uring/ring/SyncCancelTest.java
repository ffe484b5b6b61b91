package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.RequiresKernel;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@RequiresKernel("6.6")
@ExtendWith(DescriptorsReturn.class)
final class SyncCancelTest {
    private static final int ENOENT = 2;
    private static final int EBADF = 9;
    private static final int ETIME = 62;
    private static final int ECANCELED = 125;
    private static final long SECOND = 1_000_000_000L;

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CAN-10")
    void oneOperationIsCancelledAndNoOther(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            assertEquals(-ENOENT, cancel(test, Cancellation.of(7)));
            poll(test, pipe, 7);
            poll(test, pipe, 8);
            submit(test, type);
            assertEquals(0, cancel(test, Cancellation.of(7)));
            test.take(7, -ECANCELED);
            assertEquals(List.of(), test.takeReady());
            assertEquals(-ENOENT, cancel(test, Cancellation.of(7)));
            assertEquals(0, cancel(test, Cancellation.of(8)));
            test.take(8, -ECANCELED);
        }
    }

    /** Entries of a polling ring are only there once its thread has taken them. */
    private static void submit(TestRing test, RingType type) {
        test.ring().submit();
        while (type.polls() && test.ring().pendingSqes() > 0) {
            Thread.onSpinWait();
        }
        test.takeReady();
    }

    @Test
    @Behaviour("CAN-10")
    void allThatMatchAreCounted() {
        try (TestRing test = TestRing.open();
                Libc.Pair one = Libc.pipe();
                Libc.Pair two = Libc.pipe()) {
            Fd descriptor = Descriptor.of(one.first());
            assertEquals(0, cancel(test, Cancellation.of(descriptor).all()));
            assertEquals(0, cancel(test, Cancellation.any()));
            for (int i = 1; i <= 3; i++) {
                poll(test, one, i);
            }
            poll(test, two, 4);
            FileOps.read(test.sqe(), descriptor, test.ring().allocate(8), 0).userData(5);
            test.ring().submit();
            Cancellation polls = Cancellation.of(descriptor).opcode(Opcode.POLL_ADD).all();
            assertEquals(3, cancel(test, polls));
            for (int i = 1; i <= 3; i++) {
                test.take(i, -ECANCELED);
            }
            assertEquals(0, cancel(test, Cancellation.of(descriptor)));
            test.take(5, -ECANCELED);
            assertEquals(1, cancel(test, Cancellation.any()));
            test.take(4, -ECANCELED);
        }
    }

    @Test
    @Behaviour("CAN-10")
    void slotsAreKeysAndWrongDescriptorsAreErrors() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            FileTable files = FileTable.register(test.ring(), pipe.first());
            PollOps.poll(test.sqe(), files.slot(0), PollOps.IN).userData(1);
            test.ring().submit();
            assertEquals(0, cancel(test, Cancellation.of(files.slot(0))));
            test.take(1, -ECANCELED);
            RingException e =
                    assertThrows(
                            RingException.class,
                            () -> cancel(test, Cancellation.of(Descriptor.of(1_000_000))));
            assertEquals(EBADF, e.errno());
            assertTrue(String.valueOf(e.getMessage()).contains("SYNC_CANCEL"));
        }
    }

    /** The worker is interrupted; whether it has ended in time depends on how fast it is. */
    @Test
    void operationInAWorkerIsWaitedForButNotLongerThanAsked() {
        try (TestRing test = TestRing.open();
                Libc.Pair empty = Libc.pipe();
                Libc.Pair target = Libc.pipe()) {
            Fd in = Descriptor.of(empty.first());
            Fd out = Descriptor.of(target.second());
            PipeOps.splice(test.sqe(), in, -1, out, -1, 1, 0).userData(1);
            test.ring().submit();
            int result = SyncCancel.cancel(test.ring(), Cancellation.of(1), SECOND / 20);
            assertTrue(result == 0 || result == -ETIME, () -> "result " + result);
            assertTrue(test.take(1).result() < 0);
        }
    }

    private static int cancel(TestRing test, Cancellation cancellation) {
        return SyncCancel.cancel(test.ring(), cancellation, 5 * SECOND);
    }

    private static void poll(TestRing test, Libc.Pair pipe, long userData) {
        PollOps.poll(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(userData);
    }
}
