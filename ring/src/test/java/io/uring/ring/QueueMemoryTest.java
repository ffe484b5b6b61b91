package io.uring.ring;

import static io.uring.ring.RawRing.params;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import io.uring.testkit.OpenDescriptors;
import io.uring.testkit.RequiresKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Rings whose queues are in memory of the caller's, and rings without a descriptor. */
@ExtendWith(DescriptorsReturn.class)
@RequiresKernel("6.14")
final class QueueMemoryTest {
    private static final int PAGE = 65536;

    @Test
    @Behaviour("SET-13")
    void kernelChecksTheMemoryOfTheQueues() {
        long memory = LibcProcess.mapped(4 * PAGE).address();
        long free = LinuxKernel.instance().map(4 * PAGE, -1, 0);
        assertEquals(0, LibcProcess.unmap(free, 4 * PAGE));
        assertEquals(-Errno.EFAULT, RawRing.trial(8, params(0, 0, memory)));
        assertEquals(-Errno.EFAULT, RawRing.trial(8, params(0, memory, 0)));
        assertEquals(-Errno.EINVAL, RawRing.trial(8, params(0, memory + 64, memory + PAGE)));
        assertEquals(-Errno.EINVAL, RawRing.trial(8, params(0, memory, memory + PAGE + 64)));
        assertEquals(-Errno.EFAULT, RawRing.trial(8, params(0, free, memory)));
        assertEquals(-Errno.EFAULT, RawRing.trial(8, params(0, memory, free)));
        assertEquals(0, RawRing.trial(8, params(0, memory, memory + PAGE)));
    }

    @Test
    @Behaviour("SET-13")
    void memoryThatEndsTooEarlyIsEfault() {
        long memory = LinuxKernel.instance().map(4 * PAGE, -1, 0);
        assertEquals(0, LibcProcess.unmap(memory + 2 * PAGE, 2 * PAGE));
        long other = LibcProcess.mapped(32 * PAGE).address();
        // 16384 completions of 16 bytes are more than the two pages of 64 KiB that are left.
        assertEquals(-Errno.EFAULT, RawRing.trial(8192, params(0, memory, other)));
        assertEquals(-Errno.EFAULT, RawRing.trial(8192, params(0, other, memory)));
        assertEquals(0, LibcProcess.unmap(memory, 2 * PAGE));
    }

    static Stream<Arguments> kinds() {
        List<UnaryOperator<RingConfig>> kinds =
                List.of(
                        c -> c,
                        RingConfig::sqe128,
                        RingConfig::cqe32,
                        c -> c.sqe128().cqe32(),
                        RingConfig::mixedCqes,
                        c -> c.masking(Feature.NO_SQARRAY),
                        c -> c.masking(Feature.NO_SQARRAY).cqe32().sqe128());
        List<RingConfig> sizes =
                List.of(
                        new RingConfig(1, 2, Set.of()),
                        new RingConfig(3, 9, Set.of()),
                        new RingConfig(1000, 5000, Set.of()),
                        new RingConfig(2, 65536, Set.of()),
                        new RingConfig(32768, 65536, Set.of()));
        return kinds.stream()
                .flatMap(kind -> sizes.stream().map(kind))
                .map(config ->
                        Arguments.of(
                                Integer.toHexString(config.setupFlags())
                                        + " "
                                        + config.sqEntries()
                                        + " "
                                        + config.cqEntries()
                                        + " "
                                        + config.masked(),
                                config));
    }

    /** The bytes behind the memory keep their pattern, so the kernel stays inside. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    @Behaviour("SET-13")
    void queuesFitIntoWhatTheConfigurationSays(String name, RingConfig config) {
        long bytes = config.memoryBytes();
        MemorySegment memory = LibcProcess.mapped(bytes + PAGE);
        memory.fill((byte) 0x5A);
        MemorySegment behind = memory.asSlice(bytes);
        try (TestRing test = TestRing.open(config.inMemory(memory.asSlice(0, bytes)))) {
            Ring ring = test.ring();
            int rounds = 2 * ring.cqEntries() + 3;
            long[] next = {1};
            for (int i = 1; i <= rounds; ) {
                int batch = 0;
                for (Sqe sqe = ring.nextSqe(); sqe != null; sqe = ring.nextSqe()) {
                    ControlOps.nop(sqe).userData(i++);
                    batch++;
                }
                assertEquals(batch, ring.submitAndWait(batch, TestRing.LIMIT_NANOS));
                assertEquals(batch, ring.drain((u, r, f) -> assertEquals(next[0]++, u + r)));
            }
        }
        assertEquals(-1, behind.mismatch(filled(behind.byteSize())));
    }

    private static MemorySegment filled(long bytes) {
        return Arena.ofAuto().allocate(bytes).fill((byte) 0x5A);
    }

    @Test
    void memoryThatDoesNotFitIsRefusedBeforeTheKernelIsAsked() {
        RingConfig config = RingType.BEST.config();
        long bytes = config.memoryBytes();
        MemorySegment memory = LibcProcess.mapped(bytes + PAGE);
        List<MemorySegment> wrong =
                List.of(
                        memory.asSlice(0, bytes - 1),
                        memory.asSlice(64, bytes),
                        memory.asReadOnly(),
                        MemorySegment.ofArray(new byte[(int) bytes]));
        for (MemorySegment each : wrong) {
            assertThrows(IllegalArgumentException.class, () -> Ring.open(config.inMemory(each)));
        }
        MemorySegment gone;
        try (Arena arena = Arena.ofConfined()) {
            gone = arena.allocate(bytes, PAGE);
        }
        assertThrows(IllegalStateException.class, () -> Ring.open(config.inMemory(gone)));
        assertThrows(IllegalArgumentException.class, () -> Ring.open(config.withoutDescriptor()));
    }

    @Test
    @Behaviour("SET-14")
    void indexOfARingWithoutDescriptorWorksUntilUnregistered() {
        MemorySegment memory = LibcProcess.mapped(2 * PAGE);
        long address = memory.address();
        int only = RawRing.REGISTERED_FD_ONLY;
        assertEquals(-Errno.EINVAL, RawRing.trial(8, only));
        int before = OpenDescriptors.now().count();
        RawRing ring = RawRing.open(8, params(only, address, address + PAGE));
        assertEquals(before, OpenDescriptors.now().count());
        ring.nop(1);
        int flags = RawRing.GETEVENTS | RawRing.REGISTERED_RING;
        assertEquals(1, ring.enter(1, 1, flags));
        assertEquals(new RawRing.Completion(1, 0), ring.take());
        MemorySegment probe = Arena.ofAuto().allocate(16 + 8, 8);
        int named = 8 | RawRing.USE_REGISTERED_RING;
        assertEquals(0, ring.register(named, probe.address(), 1));
        ring.close();
        assertEquals(-Errno.EBADF, ring.enter(0, 0, flags));
        assertEquals(-Errno.EBADF, ring.register(named, probe.address(), 1));
    }

    @Test
    @Behaviour("SET-14")
    void libraryRunsARingWithoutDescriptor() {
        int before = OpenDescriptors.now().count();
        for (int i = 0; i < 40; i++) { // the table has 16 places
            try (TestRing test = TestRing.open(withoutDescriptor())) {
                Ring ring = test.ring();
                assertEquals(before, OpenDescriptors.now().count());
                for (int j = 0; j < 100; j++) {
                    ControlOps.nop(test.sqe()).userData(j);
                    test.take(j, 0);
                }
                assertThrows(IllegalStateException.class, ring::fd);
                assertThrows(IllegalStateException.class, () -> ring.message(1, 1));
            }
        }
    }

    private static RingConfig withoutDescriptor() {
        RingConfig config = RingType.BEST.config(8, 32);
        return config.inMemory(LibcProcess.mapped(config.memoryBytes())).withoutDescriptor();
    }

    @Test
    void ringWithoutDescriptorStaysOnItsThread() {
        try (Ring ring = Ring.open(withoutDescriptor())) {
            assertThrows(
                    IllegalStateException.class, () -> RingLifecycleTest.onThread(ring::enable));
            ring.enable();
            assertThrows(
                    IllegalStateException.class, () -> RingLifecycleTest.onThread(ring::close));
            assertNotNull(ring.nextSqe());
        }
        assertThrows(
                IllegalArgumentException.class, () -> ConcurrentRing.open(withoutDescriptor()));
    }

    @Test
    void ringWithoutDescriptorReads() {
        try (TestRing test = TestRing.open(withoutDescriptor());
                Libc.Pair pipe = Libc.pipe()) {
            MemorySegment buffer = test.ring().allocate(16);
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), buffer, -1).userData(1);
            test.ring().submit();
            Libc.write(pipe.second(), "hello");
            test.take(1, 5);
            assertEquals("hello", Libc.string(buffer, 0, 5));
        }
    }

    @Test
    void hugePagesThatAreNotReservedAreReportedWithARemedy() {
        FaultyKernel kernel = new FaultyKernel();
        RingConfig config = RingType.BEST.config(8, 32).inHugePages();
        try (TestRing test = TestRing.open(config, kernel)) {
            ControlOps.nop(test.sqe()).userData(1);
            test.take(1, 0);
        } catch (RingException e) {
            assertEquals(Errno.ENOMEM, e.errno());
            assertTrue(e.getMessage().contains("vm.nr_hugepages"), e.getMessage());
        }
        assertEquals(0, kernel.openDescriptors());
        assertEquals(0, kernel.openMappings());
    }
}
