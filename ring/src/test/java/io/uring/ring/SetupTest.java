package io.uring.ring;

import static io.uring.ring.RawRing.ATTACH_WQ;
import static io.uring.ring.RawRing.CLAMP;
import static io.uring.ring.RawRing.COOP_TASKRUN;
import static io.uring.ring.RawRing.CQE32;
import static io.uring.ring.RawRing.CQE_MIXED;
import static io.uring.ring.RawRing.CQSIZE;
import static io.uring.ring.RawRing.CQ_ENTRIES;
import static io.uring.ring.RawRing.CQ_OFFSET;
import static io.uring.ring.RawRing.DEFER_TASKRUN;
import static io.uring.ring.RawRing.ENABLE_RINGS;
import static io.uring.ring.RawRing.FEATURES;
import static io.uring.ring.RawRing.GETEVENTS;
import static io.uring.ring.RawRing.HYBRID_IOPOLL;
import static io.uring.ring.RawRing.IOPOLL;
import static io.uring.ring.RawRing.NO_SQARRAY;
import static io.uring.ring.RawRing.R_DISABLED;
import static io.uring.ring.RawRing.SINGLE_ISSUER;
import static io.uring.ring.RawRing.SQE128;
import static io.uring.ring.RawRing.SQPOLL;
import static io.uring.ring.RawRing.SQ_AFF;
import static io.uring.ring.RawRing.SQ_ARRAY;
import static io.uring.ring.RawRing.SQ_THREAD_CPU;
import static io.uring.ring.RawRing.TASKRUN_FLAG;
import static io.uring.ring.RawRing.WQ_FD;
import static io.uring.ring.RawRing.params;
import static io.uring.ring.RawRing.trial;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import io.uring.testkit.RequiresKernel;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the kernel makes of the arguments of io_uring_setup. */
@ExtendWith(DescriptorsReturn.class)
final class SetupTest {
    private static final long PAGE = 65536;

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "3, 4", "5, 8", "100, 128", "32768, 32768"})
    @Behaviour("SET-01")
    void sizesAreThePowerOfTwoAndTwiceThatAndTheMasksFollow(int entries, int rounded) {
        try (RawRing ring = RawRing.open(entries, 0)) {
            assertEquals(rounded, ring.sqEntries());
            assertEquals(2 * rounded, ring.cqEntries());
            assertEquals(rounded, ring.sqRingEntries());
            assertEquals(2 * rounded, ring.cqRingEntries());
            assertEquals(rounded - 1, ring.sqMask());
            assertEquals(2 * rounded - 1, ring.cqMask());
        }
    }

    @Test
    @Behaviour("SET-02")
    void noEntriesIsEinval() {
        assertEquals(-Errno.EINVAL, trial(0, 0));
        assertEquals(-Errno.EINVAL, trial(0, CLAMP));
    }

    @Test
    @Behaviour("SET-03")
    void moreEntriesThanTheMaximumIsEinvalOrClamped() {
        assertEquals(-Errno.EINVAL, trial(32769, 0));
        try (RawRing ring = RawRing.open(32769, CLAMP)) {
            assertEquals(32768, ring.sqEntries());
            assertEquals(65536, ring.cqEntries());
        }
    }

    @ParameterizedTest
    @CsvSource({"0, -22", "4, -22", "65537, -22", "8, 8", "9, 16", "65536, 65536"})
    @Behaviour("SET-04")
    void completionQueueIsAtLeastAsLargeAsTheSubmissionQueue(int wanted, int outcome) {
        MemorySegment params = params(CQSIZE, CQ_ENTRIES, wanted);
        int result = trial(8, params);
        assertEquals(outcome, result < 0 ? result : params.get(JAVA_INT, CQ_ENTRIES));
    }

    @ParameterizedTest
    @ValueSource(ints = {65537, 1 << 20, Integer.MAX_VALUE, -1})
    @Behaviour("SET-05")
    void completionQueueBeyondTheMaximumIsClamped(int wanted) {
        MemorySegment params = params(CQSIZE | CLAMP, CQ_ENTRIES, wanted);
        assertEquals(0, trial(8, params));
        assertEquals(65536, params.get(JAVA_INT, CQ_ENTRIES));
    }

    @ParameterizedTest
    @ValueSource(ints = {28, 32, 36})
    @Behaviour("SET-06")
    void reservedWordThatIsNotZeroIsEinval(int offset) {
        assertEquals(-Errno.EINVAL, trial(8, params(0, offset, 1)));
        assertEquals(-Errno.EINVAL, trial(8, params(0, offset, 1 << 31)));
    }

    @Test
    @Behaviour("SET-06")
    void noParamsIsEfault() {
        assertEquals(-Errno.EFAULT, LinuxKernel.instance().setup(8, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {26, 27, 28, 29, 30, 31})
    @Behaviour("SET-07")
    void unknownFlagIsEinval(int bit) {
        assertEquals(-Errno.EINVAL, trial(8, 1 << bit));
    }

    @Test
    @Behaviour("SET-08")
    void processorNeedsSqpollAndMustExist() {
        assertEquals(-Errno.EINVAL, trial(8, SQ_AFF));
        assertEquals(-Errno.EINVAL, trial(8, params(SQPOLL | SQ_AFF, SQ_THREAD_CPU, 1 << 20)));
        assertEquals(0, trial(8, params(SQPOLL | SQ_AFF, SQ_THREAD_CPU, 0)));
        RingConfig config = RingType.PLAIN.config().sqPoll(50, 1 << 20);
        RingException e = assertThrows(RingException.class, () -> Ring.open(config));
        assertEquals(Errno.EINVAL, e.errno());
    }

    @Test
    @Behaviour("SET-09")
    void deferredTaskWorkNeedsASingleIssuerAndNoPollingThread() {
        assertEquals(-Errno.EINVAL, trial(8, DEFER_TASKRUN));
        assertEquals(-Errno.EINVAL, trial(8, DEFER_TASKRUN | SINGLE_ISSUER | SQPOLL));
        assertEquals(0, trial(8, DEFER_TASKRUN | SINGLE_ISSUER));
        assertEquals(0, trial(8, SINGLE_ISSUER | SQPOLL));
    }

    @Test
    @Behaviour("SET-10")
    void taskWorkFlagNeedsAModeThatHasIt() {
        assertEquals(-Errno.EINVAL, trial(8, TASKRUN_FLAG));
        assertEquals(-Errno.EINVAL, trial(8, TASKRUN_FLAG | SQPOLL));
        assertEquals(-Errno.EINVAL, trial(8, COOP_TASKRUN | SQPOLL));
        assertEquals(0, trial(8, TASKRUN_FLAG | COOP_TASKRUN));
        assertEquals(0, trial(8, TASKRUN_FLAG | DEFER_TASKRUN | SINGLE_ISSUER));
    }

    @Test
    @Behaviour("SET-11")
    @RequiresKernel("6.13")
    void hybridPollingNeedsPolling() {
        assertEquals(-Errno.EINVAL, trial(8, HYBRID_IOPOLL));
        assertEquals(0, trial(8, HYBRID_IOPOLL | IOPOLL));
        try (Ring ring = Ring.open(RingType.PLAIN.config().hybridIoPoll())) {
            int bits = HYBRID_IOPOLL | IOPOLL;
            assertEquals(bits, ring.capabilities().setupFlags() & bits);
        }
    }

    /** No device here can be polled, but a no-op completes when the owner asks for events. */
    @Test
    void noopCompletesOnAPollingRing() {
        try (TestRing test = TestRing.open(RingType.PLAIN.config().ioPoll())) {
            assertTrue(test.ring().needsEnter());
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0);
        }
    }

    @Test
    @Behaviour("SET-12")
    @RequiresKernel("6.18")
    void mixedCompletionsNeedTwoPlacesAndNoWideEntries() {
        assertEquals(-Errno.EINVAL, trial(8, CQE32 | CQE_MIXED));
        assertEquals(-75, trial(1, params(CQE_MIXED | CQSIZE, CQ_ENTRIES, 1)));
        assertEquals(0, trial(1, params(CQE_MIXED | CQSIZE, CQ_ENTRIES, 2)));
        RingConfig both = RingType.BEST.config().cqe32().mixedCqes();
        assertThrows(RingException.class, () -> Ring.open(both));
    }

    @Test
    @Behaviour("SET-15")
    void attachingNeedsARing() {
        int closed;
        try (Libc.Pair pipe = Libc.pipe()) {
            closed = pipe.second();
            assertEquals(-Errno.EINVAL, trial(8, params(ATTACH_WQ, WQ_FD, pipe.first())));
        }
        assertEquals(-6, trial(8, params(ATTACH_WQ, WQ_FD, closed)), "ENXIO");
        try (TestRing first = RingType.BEST.open();
                TestRing second = TestRing.open(RingType.BEST.config().attachedTo(first.ring()))) {
            for (TestRing test : new TestRing[] {first, second}) {
                ControlOps.nop(test.sqe()).userData(1).async();
                test.take(1, 0);
            }
        }
    }

    @Test
    @Behaviour("SET-16")
    void oneMappingServesBothQueues() {
        try (RawRing ring = RawRing.open(8, 0)) {
            int features = ring.param(FEATURES);
            assertEquals(1, features & 1);
            long bytes = ring.ringsBytes();
            long alias = LinuxKernel.instance().map(bytes, ring.fd, CQ_OFFSET);
            assertTrue(alias > 0);
            ring.nop(7);
            assertEquals(1, ring.enter(1, 1, GETEVENTS));
            MemorySegment seen = MemorySegment.ofAddress(alias).reinterpret(bytes);
            assertEquals(ring.cqTail(), seen.get(JAVA_INT, ring.param(80 + 4)));
            assertEquals(7, seen.get(JAVA_LONG, ring.param(80 + 20)));
            assertEquals(new RawRing.Completion(7, 0), ring.take());
            assertEquals(0, LibcProcess.unmap(alias, bytes));
        }
    }

    @Test
    @Behaviour("SET-16")
    @RequiresKernel("6.18")
    void kernelHasAllFeatureBits() {
        try (RawRing ring = RawRing.open(8, 0)) {
            assertEquals(0x3FFFF, ring.param(FEATURES) & 0x3FFFF);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SET-17")
    void descriptorIsClosedOnExec(RingType type) {
        try (TestRing test = type.open()) {
            String flags = LibcProcess.descriptorField(test.ring().fd(), "flags");
            assertNotEquals(0, Integer.parseInt(flags, 8) & 02000000, flags);
        }
    }

    @Test
    @Behaviour("SET-18")
    void mappingAtAWrongOffsetOrAChosenAddressFailsAndTheRingWorks() {
        try (RawRing ring = RawRing.open(8, 0)) {
            long bytes = ring.ringsBytes();
            long unknown = LinuxKernel.instance().map(bytes, ring.fd, 0x18000000L);
            assertTrue(unknown == -Errno.ENOMEM || unknown == -Errno.EINVAL, "" + unknown);
            long free = LinuxKernel.instance().map(PAGE, -1, 0);
            assertEquals(0, LibcProcess.unmap(free, PAGE));
            int shared = LibcProcess.MAP_SHARED;
            assertEquals(-Errno.EINVAL, LibcProcess.map(free, bytes, shared, ring.fd, 0));
            int fixed = shared | LibcProcess.MAP_FIXED;
            assertEquals(-Errno.EINVAL, LibcProcess.map(free, bytes, fixed, ring.fd, 0));
            ring.nop(1);
            assertEquals(1, ring.enter(1, 1, GETEVENTS));
            assertEquals(new RawRing.Completion(1, 0), ring.take());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {NO_SQARRAY, 0, SQE128, CQE32, SQE128 | CQE32, NO_SQARRAY | SQE128 | CQE32})
    @Behaviour({"SET-19", "SET-20"})
    void slotFollowsTheTailAcrossWraps(int flags) {
        try (RawRing ring = RawRing.open(4, flags)) {
            assertEquals((flags & NO_SQARRAY) != 0, ring.param(SQ_ARRAY) == 0);
            for (int i = 1; i <= 60; i++) {
                ring.nop(i);
                if (i % 3 == 0) { // batches that no power of two divides
                    assertEquals(3, ring.enter(3, 3, GETEVENTS));
                    for (int expected = i - 2; expected <= i; expected++) {
                        assertEquals(new RawRing.Completion(expected, 0), ring.take());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"SET-19", "SET-20"})
    void libraryFindsEntriesOfEveryKindOfRingAcrossWraps(RingType type) {
        try (TestRing test = TestRing.open(type.config(4, 8))) {
            for (int i = 1; i <= 60; i++) {
                ControlOps.nop(test.sqe()).userData(i);
                test.take(i, 0);
            }
        }
    }

    @Test
    @Behaviour("SET-22")
    void disabledRingRefusesToSubmitAndToWaitUntilEnabledOnce() {
        try (RawRing ring = RawRing.open(8, R_DISABLED)) {
            ring.nop(1);
            assertEquals(-77, ring.enter(1, 0, 0), "EBADFD");
            assertEquals(-77, ring.enter(0, 1, GETEVENTS), "EBADFD");
            assertEquals(0, ring.register(ENABLE_RINGS, 0, 0));
            assertEquals(-77, ring.register(ENABLE_RINGS, 0, 0), "EBADFD");
            assertEquals(1, ring.enter(1, 1, GETEVENTS));
            assertEquals(new RawRing.Completion(1, 0), ring.take());
        }
    }

    @Test
    @Behaviour("SET-23")
    void threadThatEnablesOwnsTheRingAndTheCreatorIsRefused() throws Throwable {
        try (RawRing ring = RawRing.open(8, R_DISABLED | SINGLE_ISSUER)) {
            RingLifecycleTest.onThread(() -> {
                assertEquals(0, ring.register(ENABLE_RINGS, 0, 0));
                ring.nop(1);
                assertEquals(1, ring.enter(1, 1, GETEVENTS));
            });
            assertEquals(new RawRing.Completion(1, 0), ring.take());
            ring.nop(2);
            assertEquals(-17, ring.enter(1, 0, 0), "EEXIST");
        }
    }
}
