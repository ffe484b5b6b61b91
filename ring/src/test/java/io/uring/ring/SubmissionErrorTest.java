package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.uring.ring.internal.Abi;
import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the kernel says to entries and calls that are wrong. */
@ExtendWith(DescriptorsReturn.class)
final class SubmissionErrorTest {
    private static final RingConfig PLAIN = RingType.PLAIN.config(8, 32);
    private static final int FIRST_BAD_OPCODE = 200;
    private static final int UNKNOWN_SQE_FLAG = 1 << 7;
    private static final int UNKNOWN_ENTER_FLAG = 1 << 20;
    private static final int REGISTER_FILES = 2;

    private final FaultyKernel kernel = new FaultyKernel();

    private static Sqe nops(TestRing test, int count) {
        Sqe last = test.sqe();
        ControlOps.nop(last).userData(1);
        for (int i = 2; i <= count; i++) {
            last = ControlOps.nop(test.sqe()).userData(i);
        }
        return last;
    }

    @Test
    @Behaviour("SUB-05")
    void moreThanIsQueuedIsCappedAtWhatIsQueued() {
        try (TestRing test = TestRing.open(new RingConfig(8, 32, Set.of()), kernel)) {
            int fd = test.ring().fd();
            assertEquals(0, RawCalls.enter(fd, 5, 0, 0));
            nops(test, 3);
            RawCalls.publish(test, kernel);
            assertEquals(3, RawCalls.enter(fd, 1000, 0, 0));
            assertEquals(0, RawCalls.enter(fd, 1000, 0, 0));
            assertEquals(3, test.takeNext(3).size());
        }
    }

    @Test
    @Behaviour("SUB-06")
    void fewerThanAreQueuedLeaveTheRestForTheNextCall() {
        try (TestRing test = TestRing.open(PLAIN, kernel)) {
            int fd = test.ring().fd();
            nops(test, 5);
            RawCalls.publish(test, kernel);
            assertEquals(2, RawCalls.enter(fd, 2, 0, 0));
            assertEquals(3, test.ring().pendingSqes());
            assertEquals(2, test.ring().readyCqes());
            assertEquals(1, RawCalls.enter(fd, 1, 0, 0));
            assertEquals(2, test.ring().submit());
            for (int i = 1; i <= 5; i++) {
                assertEquals(i, test.takeNext(1).getFirst().userData());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SUB-09")
    void invalidFieldsAreEinval(RingType type) {
        try (TestRing test = type.open()) {
            assertResult(
                    test,
                    -Errno.EINVAL,
                    sqe -> sqe.putByte(Abi.SQE_OPCODE, FIRST_BAD_OPCODE).fd(-1));
            assertResult(test, -Errno.EINVAL, sqe -> sqe.putByte(Abi.SQE_OPCODE, 255).fd(-1));
            assertResult(
                    test, -Errno.EINVAL, sqe -> ControlOps.nop(sqe).addFlags(UNKNOWN_SQE_FLAG));
            assertResult(
                    test,
                    -Errno.EINVAL,
                    sqe -> PollOps.poll(sqe, Descriptor.of(0), PollOps.IN).ioprio(1));
            assertResult(
                    test,
                    -Errno.EINVAL,
                    sqe -> ControlOps.nop(sqe).putShort(Abi.SQE_PERSONALITY, 4711));
            assertResult(test, 0, ControlOps::nop);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SUB-10")
    void bufferSelectionByAnOperationWithoutItIsNotSupported(RingType type) {
        try (TestRing test = type.open()) {
            assertResult(
                    test,
                    -Errno.EOPNOTSUPP,
                    sqe -> ControlOps.nop(sqe).addFlags(Abi.IOSQE_BUFFER_SELECT));
            assertResult(
                    test,
                    -Errno.EOPNOTSUPP,
                    sqe -> PollOps.poll(sqe, Descriptor.of(0), PollOps.IN).bufferGroup(1));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SUB-11")
    void slotThatHoldsNoFileIsABadDescriptor(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            UnaryOperator<Sqe> slot0 = sqe -> poll(sqe, 0);
            assertResult(test, -Errno.EBADF, slot0); // no table
            MemorySegment fds =
                    arena.allocateFrom(ValueLayout.JAVA_INT, pipe.second(), -1); // sparse
            assertEquals(0, RawCalls.register(test.ring().fd(), REGISTER_FILES, fds.address(), 2));
            assertResult(test, PollOps.OUT, slot0);
            assertResult(test, -Errno.EBADF, sqe -> poll(sqe, 1)); // empty
            assertResult(test, -Errno.EBADF, sqe -> poll(sqe, 2)); // out of range
            assertResult(test, -Errno.EBADF, sqe -> poll(sqe, Integer.MAX_VALUE));
        }
    }

    private static Sqe poll(Sqe sqe, int slot) {
        return PollOps.poll(sqe, Descriptor.direct(slot), PollOps.OUT);
    }

    private static void assertResult(TestRing test, int expected, UnaryOperator<Sqe> preparation) {
        preparation.apply(test.sqe()).userData(77);
        test.take(77, expected);
    }

    @Test
    @Behaviour("SUB-12")
    void entryOfTheIndexArrayOutOfRangeIsDroppedAndStopsTheSubmission() {
        try (IndexedRing ring = IndexedRing.open(4)) {
            ring.nop(0, 1);
            ring.nop(1, 2);
            ring.nop(2, 3);
            ring.index(1, 99);
            ring.tail(3);
            assertEquals(0, ring.dropped());
            assertEquals(1, ring.submit(3));
            assertEquals(1, ring.dropped());
            assertEquals(1, ring.completions());
            assertEquals(1, ring.submit(3));
            assertEquals(1, ring.dropped());
            assertEquals(2, ring.completions());
            assertEquals(1, ring.userData(0));
            assertEquals(3, ring.userData(1));
        }
    }

    @Test
    @Behaviour("SUB-15")
    void callOnAWrongDescriptorOrWithAnUnknownFlagFails() {
        try (TestRing test = TestRing.open(PLAIN);
                Libc.Pair pipe = Libc.pipe()) {
            assertEquals(-Errno.EBADF, RawCalls.enter(-1, 0, 0, 0));
            assertEquals(-Errno.EOPNOTSUPP, RawCalls.enter(pipe.first(), 0, 0, 0));
            int fd = test.ring().fd();
            assertEquals(-Errno.EINVAL, RawCalls.enter(fd, 0, 0, UNKNOWN_ENTER_FLAG));
            assertEquals(0, RawCalls.enter(fd, 0, 0, 0));
        }
    }

    /** The descriptor is gone once the ring is closed. */
    @Test
    @Behaviour("SUB-15")
    void callOnAClosedRingIsABadDescriptor() {
        int fd;
        try (TestRing test = TestRing.open(PLAIN)) {
            fd = test.ring().fd();
            assertEquals(0, RawCalls.enter(fd, 0, 0, 0));
        }
        assertEquals(-Errno.EBADF, RawCalls.enter(fd, 0, 0, 0));
    }
}
