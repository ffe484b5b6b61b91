package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Waits with arguments in shared memory, and the region they are in. */
@ExtendWith(DescriptorsReturn.class)
final class RegisteredWaitsTest {
    private static final long MILLIS = 1_000_000;
    private static final int REGISTERED =
            Abi.ENTER_GETEVENTS | Abi.ENTER_EXT_ARG | Abi.ENTER_EXT_ARG_REG;

    private static void withRing(Consumer<Ring> use) {
        try (Ring ring = Ring.open(RingType.BEST.config(8, 32))) {
            use.accept(ring);
        }
    }

    private static void nop(Ring ring, long userData) {
        Sqe sqe = ring.nextSqe();
        if (sqe == null) {
            throw new AssertionError("the submission queue is full");
        }
        ControlOps.nop(sqe).userData(userData);
    }

    @Test
    @Behaviour("WAIT-14")
    void eachRecordIsAWaitOfItsOwn() {
        withRing(ring -> {
            RegisteredWaits waits = RegisteredWaits.register(ring, 2);
            ring.enable();
            waits.timeoutNanos(0, 10 * MILLIS).timeoutNanos(1, 40 * MILLIS);
            for (int index : new int[] {0, 1, 0}) {
                long start = System.nanoTime();
                assertEquals(-Errno.ETIME, ring.submitAndWait(1, waits, index));
                long nanos = System.nanoTime() - start;
                assertTrue(nanos >= (index == 0 ? 10 : 40) * MILLIS, nanos + " ns");
            }
            nop(ring, 1);
            assertEquals(1, ring.submitAndWait(1, waits, 1));
            assertEquals(1, ring.drain((u, r, f) -> {}));
        });
    }

    @Test
    @Behaviour("WAIT-14")
    void recordWithoutATimeoutWaitsForTheEvents() {
        withRing(ring -> {
            RegisteredWaits waits = RegisteredWaits.register(ring, 1);
            ring.enable();
            waits.timeoutNanos(0, 1).timeoutNanos(0, Ring.FOREVER);
            TimeoutOps.timeout(
                            Objects.requireNonNull(ring.nextSqe()),
                            new Timespec(Arena.ofAuto()).nanos(30 * MILLIS),
                            0)
                    .userData(1);
            long start = System.nanoTime();
            ring.submit();
            assertEquals(0, ring.submitAndWait(1, waits, 0));
            assertTrue(System.nanoTime() - start >= 30 * MILLIS);
            assertEquals(1, ring.drain((u, r, f) -> {}));
        });
    }

    @Test
    @Behaviour({"WAIT-13", "WAIT-14"})
    void minimumOfARecordWithoutATimeoutEndsTheWait() {
        withRing(ring -> {
            RegisteredWaits waits = RegisteredWaits.register(ring, 1);
            ring.enable();
            waits.timeoutNanos(0, Ring.FOREVER).minWaitMicros(0, 20_000);
            long start = System.nanoTime();
            assertEquals(-Errno.ETIME, ring.submitAndWait(1, waits, 0));
            assertTrue(System.nanoTime() - start >= 20 * MILLIS);
        });
    }

    @Test
    @Behaviour("WAIT-14")
    void wrongRecordsAreRefused() {
        withRing(ring -> {
            MemorySegment memory = MemoryRegion.register(ring, 1, true).memory();
            ring.enable();
            int fd = ring.fd();
            for (long offset : new long[] {4, memory.byteSize(), memory.byteSize() - 56, -64}) {
                assertEquals(-Errno.EFAULT, raw(fd, offset, 64), "offset " + offset);
            }
            assertEquals(-Errno.EFAULT, raw(fd, Long.MAX_VALUE - 7, 64));
            for (int bytes : new int[] {0, 24, 63, 128}) {
                assertEquals(-Errno.EINVAL, raw(fd, 0, bytes), "bytes " + bytes);
            }
            memory.set(ValueLayout.JAVA_INT, Abi.REG_WAIT_FLAGS, 2);
            assertEquals(-Errno.EINVAL, raw(fd, 0, 64));
            memory.set(ValueLayout.JAVA_INT, Abi.REG_WAIT_FLAGS, Abi.REG_WAIT_TS);
            assertEquals(-Errno.ETIME, raw(fd, 0, 64)); // a time of zero
            long last = memory.byteSize() - Abi.REG_WAIT_BYTES;
            memory.set(ValueLayout.JAVA_INT, last + Abi.REG_WAIT_FLAGS, Abi.REG_WAIT_TS);
            assertEquals(-Errno.ETIME, raw(fd, last, 64));
        });
    }

    private static long raw(int fd, long offset, int bytes) {
        return RawCalls.enter(fd, 0, 1, REGISTERED, offset, bytes);
    }

    @Test
    @Behaviour("WAIT-15")
    void registeredArgumentWithoutAnExtendedOneIsIgnored() {
        withRing(ring -> {
            MemoryRegion.register(ring, 1, true);
            ring.enable();
            nop(ring, 1);
            ring.submit();
            int flags = Abi.ENTER_GETEVENTS | Abi.ENTER_EXT_ARG_REG;
            assertEquals(0, RawCalls.enter(ring.fd(), 0, 1, flags, 0, Abi.SIGSET_BYTES));
            assertEquals(1, ring.readyCqes());
            ring.drain((u, r, f) -> {});
        });
    }

    @Test
    @Behaviour("WAIT-16")
    void regionForWaitsIsRegisteredBeforeTheRingIsEnabledOrNever() {
        withRing(ring -> {
            ring.enable();
            assertThrows(IllegalStateException.class, () -> RegisteredWaits.register(ring, 1));
            assertEquals(-Errno.EINVAL, rawRegister(ring, Abi.MEM_REGION_REG_WAIT_ARG));
        });
        try (Ring ring = Ring.open(RingType.PLAIN.config())) { // the kernel has enabled it
            RingException e =
                    assertThrows(RingException.class, () -> RegisteredWaits.register(ring, 1));
            assertEquals(Errno.EINVAL, e.errno());
        }
    }

    private static long rawRegister(Ring ring, long flags) {
        MemorySegment memory = ring.allocate(NativeMemory.PAGE_BYTES);
        try (Arena arena = Arena.ofConfined()) {
            long region = arena.allocate(Abi.REGION_BYTES, 8).address();
            NativeMemory.putLong(region + Abi.REGION_USER_ADDR, memory.address());
            NativeMemory.putLong(region + Abi.REGION_SIZE, memory.byteSize());
            NativeMemory.putInt(region + Abi.REGION_FLAGS, Abi.REGION_TYPE_USER);
            long argument = arena.allocate(Abi.MEM_REGION_BYTES, 8).address();
            NativeMemory.putLong(argument + Abi.MEM_REGION_UPTR, region);
            NativeMemory.putLong(argument + Abi.MEM_REGION_FLAGS, flags);
            return RawCalls.register(ring.fd(), Abi.REGISTER_MEM_REGION, argument, 1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @Behaviour("WAIT-16")
    void secondRegionIsRefused(boolean kernelMemory) {
        withRing(ring -> {
            MemoryRegion first =
                    kernelMemory
                            ? MemoryRegion.registerKernelMemory(ring, 100, false)
                            : MemoryRegion.register(ring, 100, false);
            assertTrue(first.memory().byteSize() >= 100);
            first.memory().fill((byte) 1); // it is there
            RingException e =
                    assertThrows(RingException.class, () -> MemoryRegion.register(ring, 1, false));
            assertEquals(Errno.EBUSY, e.errno());
        });
    }

    @Test
    @Behaviour("WAIT-14")
    void kernelMemoryServesWaitsToo() {
        withRing(ring -> {
            MemorySegment memory = MemoryRegion.registerKernelMemory(ring, 64, true).memory();
            ring.enable();
            memory.set(ValueLayout.JAVA_INT, Abi.REG_WAIT_FLAGS, Abi.REG_WAIT_TS);
            memory.set(ValueLayout.JAVA_LONG, Long.BYTES, 20 * MILLIS);
            long start = System.nanoTime();
            assertEquals(-Errno.ETIME, raw(ring.fd(), 0, 64));
            assertTrue(System.nanoTime() - start >= 20 * MILLIS);
        });
    }

    @Test
    void recordsOfOthersAndOutOfRangeAreRefused() {
        withRing(ring -> {
            RegisteredWaits waits = RegisteredWaits.register(ring, 2);
            ring.enable();
            assertThrows(IndexOutOfBoundsException.class, () -> ring.submitAndWait(1, waits, 2));
            assertThrows(IndexOutOfBoundsException.class, () -> ring.submitAndWait(1, waits, -1));
            assertThrows(IndexOutOfBoundsException.class, () -> waits.timeoutNanos(2, 1));
            assertThrows(IllegalArgumentException.class, () -> waits.minWaitMicros(0, -1));
            try (TestRing other = TestRing.open()) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> other.ring().submitAndWait(1, waits, 0));
            }
            ring.close();
            assertThrows(IllegalStateException.class, () -> waits.timeoutNanos(0, 1));
        });
        withRing(ring ->
                assertThrows(
                        IllegalArgumentException.class, () -> RegisteredWaits.register(ring, 0)));
    }

    @Test
    @Behaviour("WAIT-17")
    void registeredIndexIsKnownToItsThreadOnly() throws Throwable {
        try (TestRing test = TestRing.open(RingType.PLAIN.config());
                Arena arena = Arena.ofConfined()) {
            long update = arena.allocate(Abi.RSRC_UPDATE_BYTES, 8).address();
            NativeMemory.putInt(update + Abi.RSRC_UPDATE_OFFSET, -1);
            NativeMemory.putLong(update + Abi.RSRC_UPDATE_DATA, test.ring().fd());
            int fd = test.ring().fd();
            assertEquals(1, RawCalls.register(fd, Abi.REGISTER_RING_FDS, update, 1));
            int index = NativeMemory.getInt(update + Abi.RSRC_UPDATE_OFFSET);
            assertTrue(index >= 0 && index < 16);
            assertEquals(0, byIndex(index));
            RingLifecycleTest.onThread(() -> {
                assertEquals(-Errno.EINVAL, byIndex(index)); // no table before the first ring
                try (TestRing own = TestRing.open(8, 32, Feature.RING_FDS)) {
                    ControlOps.nop(own.sqe()).userData(1);
                    own.take(1, 0);
                    assertEquals(-Errno.EBADF, byIndex(index));
                }
            });
            assertEquals(0, byIndex(index));
            assertEquals(-Errno.EINVAL, byIndex(16));
            assertEquals(-Errno.EINVAL, byIndex(Integer.MAX_VALUE));
            NativeMemory.putLong(update + Abi.RSRC_UPDATE_DATA, 0);
            assertEquals(1, RawCalls.register(fd, Abi.UNREGISTER_RING_FDS, update, 1));
            assertEquals(-Errno.EBADF, byIndex(index));
        }
    }

    private static long byIndex(int index) {
        return RawCalls.enter(index, 0, 0, Abi.ENTER_GETEVENTS | Abi.ENTER_REGISTERED_RING);
    }
}
