package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import io.uring.testkit.RequiresKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where a buffer ring's memory is, its head, and what the kernel refuses. */
@RequiresKernel("6.12")
@ExtendWith(DescriptorsReturn.class)
final class BufferRingKindsTest {
    private static final int ENOENT = 2;
    private static final int EFAULT = 14;
    private static final int EEXIST = 17;
    private static final int EINVAL = 22;
    private static final int E2BIG = 7;
    private static final int ENOBUFS = 105;

    private static final int REGISTER_PBUF_RING = 22;
    private static final int UNREGISTER_PBUF_RING = 23;
    private static final int PBUF_STATUS = 26;
    private static final int INC = 2;

    @Test
    @Behaviour("BUF-01")
    void kernelRefusesWrongRegistrations() {
        try (TestRing test = TestRing.open()) {
            long memory = test.ring().allocate(2 << 20).address();
            assertEquals(-EINVAL, register(test, memory, 0, 0, 0));
            assertEquals(-EINVAL, register(test, memory, 3, 0, 0));
            assertEquals(-EINVAL, register(test, memory, 65536, 0, 0));
            assertEquals(-EFAULT, register(test, 0, 4, 0, 0));
            assertEquals(-EINVAL, register(test, memory + 8, 4, 0, 0));
            assertEquals(-EINVAL, register(test, memory, 4, 0x8000, 0));
            for (int entries = 1; entries <= 32768; entries *= 2) {
                assertEquals(0, register(test, memory, entries, 0, 0), "entries " + entries);
                assertEquals(-EEXIST, register(test, memory, entries, 0, 0));
                assertEquals(0, call(test, UNREGISTER_PBUF_RING, 0, 0, 0, 0));
            }
            assertEquals(-ENOENT, call(test, UNREGISTER_PBUF_RING, 0, 0, 0, 0));
            provide(test, 7, 1, 16);
            test.take(1, 0);
            assertEquals(-EINVAL, call(test, UNREGISTER_PBUF_RING, 0, 0, 7, 0));
            BufferOps.remove(test.sqe(), 7, 1).userData(1);
            test.take(1, 1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Behaviour("BUF-02")
    void entriesInTheKernelsMemoryAreMappedUsedAndMappedAgain(boolean incremental) {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            BufferRingConfig config = BufferRingConfig.of(9, 4, 8).inKernelMemory();
            for (int round = 0; round < 3; round++) {
                BufferRing buffers =
                        BufferRing.register(
                                test.ring(), incremental ? config.incremental() : config);
                assertEquals(incremental, buffers.isIncremental());
                for (int i = 0; i < 10; i++) {
                    Libc.write(ends.second(), "number 0");
                    BufferRingTest.receive(test, ends.first(), buffers);
                    TestRing.Event event = test.take(1, 8);
                    assertEquals("number 0", BufferRingTest.text(buffers, event));
                    buffers.advance(event.bufferId(), 8);
                    buffers.recycle(event.bufferId());
                    buffers.publish();
                }
                buffers.unregister();
                assertThrows(IllegalStateException.class, buffers::publish);
                assertThrows(IllegalStateException.class, buffers::head);
                assertThrows(IllegalStateException.class, () -> buffers.recycle(0));
            }
        }
    }

    @Test
    @Behaviour("BUF-02")
    void groupIsFreeAgainWhenItsMemoryCannotBeMapped() {
        FaultyKernel kernel = new FaultyKernel();
        try (TestRing test = TestRing.open(RingConfig.ofEntries(8, 32), kernel)) {
            BufferRingConfig config = BufferRingConfig.of(9, 4, 8);
            for (BufferRingConfig kind : new BufferRingConfig[] {config, config.inKernelMemory()}) {
                for (int skipped = 0; skipped < 2; skipped++) {
                    kernel.failMapAfter(skipped);
                    RingException e =
                            assertThrows(
                                    RingException.class,
                                    () -> BufferRing.register(test.ring(), kind));
                    assertEquals(Errno.ENOMEM, e.errno());
                    BufferRing.register(test.ring(), kind).unregister();
                }
            }
        }
        assertEquals(0, kernel.openMappings());
    }

    @Test
    void buffersAreInTheCallersMemory() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            MemorySegment memory = test.ring().allocate(100).asSlice(10, 32);
            BufferRingConfig config = BufferRingConfig.of(0, 4, 8);
            BufferRing buffers = BufferRing.register(test.ring(), config.buffersIn(memory));
            assertSame(memory, buffers.memory());
            for (int i = 0; i < 4; i++) {
                Libc.write(ends.second(), "place " + i);
                BufferRingTest.receive(test, ends.first(), buffers);
                test.take(1, 7);
                assertEquals("place " + i, Libc.string(memory, i * 8L, 7));
            }
            assertThrows(IllegalArgumentException.class, () -> config.buffersIn(memory.asSlice(1)));
            BufferRingConfig heap = config.buffersIn(MemorySegment.ofArray(new byte[32]));
            assertThrows(
                    IllegalArgumentException.class, () -> BufferRing.register(test.ring(), heap));
            BufferRingConfig readOnly = config.buffersIn(memory.asReadOnly());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> BufferRing.register(test.ring(), readOnly));
        }
    }

    @Test
    @Behaviour("BUF-06")
    void headTellsWhichReceivesTookABuffer(@TempDir Path directory) {
        int file = Libc.create(directory.resolve("empty"));
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM);
                Libc.Pair pipe = Libc.pipe()) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 4, 8, false);
            assertEquals(0, buffers.head());
            BufferRingTest.receive(test, ends.first(), buffers);
            test.takeReady();
            assertEquals(0, buffers.head()); // it waits
            Libc.write(ends.second(), "x");
            test.take(1, 1);
            assertEquals(1, buffers.head());
            SocketOps.shutdown(test.sqe(), Descriptor.of(ends.second()), 1).userData(2);
            test.take(2, 0);
            BufferRingTest.receive(test, ends.first(), buffers);
            assertFalse(test.take(1, 0).hasBuffer());
            assertEquals(1, buffers.head());
            FileOps.readSelect(test.sqe(), Descriptor.of(file), 0, 8, 0).userData(3);
            TestRing.Event end = test.take(3, 0);
            assertTrue(end.hasBuffer());
            assertEquals(2, buffers.head());
            buffers.advance(end.bufferId(), 0);
            buffers.recycle(end.bufferId());
            buffers.publish();
            assertEquals(-ENOENT, status(test, 1));
            provide(test, 7, 1, 16);
            test.take(1, 0);
            assertEquals(-EINVAL, status(test, 7));
        } finally {
            Libc.close(file);
        }
    }

    @Test
    @Behaviour("BUF-08")
    void bufferThatTheKernelHasIsNotGivenAgain() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 2, 8, false);
            assertThrows(IllegalStateException.class, () -> buffers.recycle(0));
            for (int id : new int[] {0, 1}) {
                Libc.write(ends.second(), "x");
                BufferRingTest.receive(test, ends.first(), buffers);
                assertEquals(id, test.take(1, 1).bufferId());
                buffers.advance(id, 1);
            }
            buffers.recycle(1);
            assertThrows(IllegalStateException.class, () -> buffers.recycle(1));
            buffers.recycle(0);
            buffers.publish();
            for (int id : new int[] {1, 0}) {
                Libc.write(ends.second(), "x");
                BufferRingTest.receive(test, ends.first(), buffers);
                assertEquals(id, test.take(1, 1).bufferId());
            }
            Libc.write(ends.second(), "x");
            BufferRingTest.receive(test, ends.first(), buffers);
            test.take(1, -ENOBUFS);
        }
    }

    @Test
    @Behaviour("BUF-19")
    void bufferOfAFailedReceiveIsOursOnlyWhenTheCompletionNamesIt() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM);
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = Pages.anonymous(arena, 4096, Pages.PROT_READ);
            BufferRing buffers =
                    BufferRing.register(
                            test.ring(), BufferRingConfig.of(0, 2, 2048).buffersIn(memory));
            Libc.write(ends.second(), "x");
            int taken = 0;
            for (int i = 0; i < 10; i++) {
                BufferRingTest.receive(test, ends.first(), buffers);
                TestRing.Event event = test.take(1, -EFAULT);
                if (event.hasBuffer()) {
                    taken++;
                    buffers.advance(event.bufferId(), 0);
                    buffers.recycle(event.bufferId());
                    buffers.publish();
                }
                assertEquals(taken, buffers.head());
            }
            buffers.unregister();
        }
    }

    @Test
    @Behaviour("BUF-12")
    void wrongNumbersOfSingleBuffersAreRefused() {
        try (TestRing test = TestRing.open()) {
            provide(test, 3, 0, 16);
            test.take(1, -E2BIG);
            provide(test, 3, 1, 0);
            test.take(1, -EINVAL);
            provide(test, 3, 65537, 16);
            test.take(1, -E2BIG);
            provide(test, 3, 1, 16, 65536);
            test.take(1, -E2BIG);
            provide(test, 3, 2, 16, 65535);
            test.take(1, -EINVAL);
            BufferOps.remove(test.sqe(), 3, 1).userData(1);
            test.take(1, -ENOENT);
            BufferRing.register(test.ring(), 4, 2, 8, false);
            provide(test, 4, 1, 16);
            test.take(1, -EINVAL);
            BufferOps.remove(test.sqe(), 4, 1).userData(1);
            test.take(1, -EINVAL);
        }
    }

    @Test
    @Behaviour("BUF-12")
    void groupOfSingleBuffersBecomesARingOnceItIsEmpty() {
        try (TestRing test = TestRing.open()) {
            provide(test, 3, 5, 16);
            test.take(1, 0);
            BufferRingConfig config = BufferRingConfig.of(3, 2, 8);
            RingException e =
                    assertThrows(
                            RingException.class, () -> BufferRing.register(test.ring(), config));
            assertEquals(EEXIST, e.errno());
            BufferOps.remove(test.sqe(), 3, 100).userData(1);
            test.take(1, 5);
            BufferRing.register(test.ring(), config).unregister();
        }
    }

    @Test
    @Behaviour("BUF-15")
    void leastThatIsLeftIsForIncrementalRingsOfNewKernels() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            long memory = test.ring().allocate(4096).address();
            assertEquals(-EINVAL, register(test, memory, 4, 0, 16));
            BufferRingConfig config = BufferRingConfig.of(1, 2, 16);
            assertThrows(IllegalArgumentException.class, () -> config.incremental(-1));
            assertThrows(IllegalArgumentException.class, () -> config.incremental(17));
            if (register(test, memory, 4, INC, 16) == 0) {
                BufferRing buffers = BufferRing.register(test.ring(), config.incremental(8));
                Libc.write(ends.second(), "nine left");
                BufferRingTest.receive(test, ends.first(), buffers);
                assertFalse(test.take(1, 9).bufferMore());
            } else {
                RingException e =
                        assertThrows(
                                RingException.class,
                                () -> BufferRing.register(test.ring(), config.incremental(8)));
                assertEquals(EINVAL, e.errno());
                assertTrue(String.valueOf(e.getMessage()).contains("minLeftBytes"));
            }
        }
    }

    private static void provide(TestRing test, int group, int count, int bytes) {
        provide(test, group, count, bytes, 0);
    }

    /** What the library does not let through. */
    private static void provide(TestRing test, int group, int count, int bytes, int firstId) {
        MemorySegment memory = test.ring().allocate(4096);
        test.sqe()
                .opcode(Opcode.PROVIDE_BUFFERS)
                .fd(count)
                .addr(memory.address())
                .len(bytes)
                .off(firstId)
                .putShort(40, group)
                .userData(1);
    }

    private static int register(
            TestRing test, long memory, int entries, int flags, int minLeftBytes) {
        return call(test, REGISTER_PBUF_RING, memory, entries, flags << 16, minLeftBytes);
    }

    private static int call(
            TestRing test, int opcode, long memory, int entries, int group, int minLeftBytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment registration = arena.allocate(40, 8);
            registration.set(ValueLayout.JAVA_LONG, 0, memory);
            registration.set(ValueLayout.JAVA_INT, 8, entries);
            registration.set(ValueLayout.JAVA_INT, 12, group); // and the flags in the upper half
            registration.set(ValueLayout.JAVA_INT, 16, minLeftBytes);
            return test.ring().tryRegister(opcode, registration.address(), 1);
        }
    }

    private static int status(TestRing test, int group) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(40, 8);
            status.set(ValueLayout.JAVA_INT, 0, group);
            return test.ring().tryRegister(PBUF_STATUS, status.address(), 1);
        }
    }
}
