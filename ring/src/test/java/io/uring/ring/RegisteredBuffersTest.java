package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(DescriptorsReturn.class)
final class RegisteredBuffersTest {
    private static final int ENXIO = 6;
    private static final int EFAULT = 14;
    private static final int EBUSY = 16;
    private static final int EINVAL = 22;
    private static final int EOPNOTSUPP = 95;

    private static final int REGISTER_BUFFERS = 0;
    private static final int UNREGISTER_BUFFERS = 1;
    private static final int CLONE_BUFFERS = 30;

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("REGB-01")
    void fixedOperationsReachEveryByteOfTheBufferAndNoneBeside(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            MemorySegment memory = test.ring().allocate(3000);
            RegisteredBuffers.register(test.ring(), memory.asSlice(1000, 1000));
            memory.setString(1000, "first");
            memory.setString(1994, "final");
            write(test, pipe, memory.asSlice(1000, 5), 0);
            test.take(1, 5);
            assertEquals("first", Libc.read(pipe.first()));
            write(test, pipe, memory.asSlice(1994, 6), 0);
            test.take(1, 6);
            assertEquals("final\0", Libc.read(pipe.first()));

            Libc.write(pipe.second(), "middle");
            read(test, pipe, memory.asSlice(1500, 6), 0);
            test.take(1, 6);
            assertEquals("middle", Libc.string(memory, 1500, 6));
        }
    }

    @Test
    @Behaviour("REGB-02")
    void memoryOutsideOfTheBufferIsAFault() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            MemorySegment memory = test.ring().allocate(3000);
            Libc.write(pipe.second(), "x");
            read(test, pipe, memory.asSlice(1000, 10), 0);
            test.take(1, -EFAULT); // nothing is registered
            RegisteredBuffers.register(test.ring(), memory.asSlice(1000, 1000));
            for (long from : new long[] {0, 999, 1991, 2000}) {
                read(test, pipe, memory.asSlice(from, 10), 0);
                test.take(1, -EFAULT);
            }
            read(test, pipe, memory.asSlice(1000, 10), 1);
            test.take(1, -EFAULT);
            read(test, pipe, memory.asSlice(1990, 10), 0);
            test.take(1, 1);
        }
    }

    @Test
    @Behaviour("REGB-03")
    void ringHasOneTable() {
        try (TestRing test = TestRing.open()) {
            Ring ring = test.ring();
            RegisteredBuffers first = RegisteredBuffers.register(ring, ring.allocate(10));
            RingException busy =
                    assertThrows(
                            RingException.class,
                            () -> RegisteredBuffers.register(ring, ring.allocate(10)));
            assertEquals(EBUSY, busy.errno());
            assertTrue(String.valueOf(busy.getMessage()).contains("close it first"));
            first.close();
            first.close();
            assertThrows(IllegalStateException.class, () -> first.segment(0));
            assertEquals(-ENXIO, ring.tryRegister(UNREGISTER_BUFFERS, 0, 0));
            RegisteredBuffers.register(ring, ring.allocate(10)).close();
        }
    }

    @Test
    @Behaviour("REGB-03")
    void tableHasAtMost16384Buffers() {
        try (TestRing test = TestRing.open()) {
            Ring ring = test.ring();
            MemorySegment[] buffers = new MemorySegment[16385];
            java.util.Arrays.fill(buffers, ring.allocate(10));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> RegisteredBuffers.register(ring, buffers));
            assertThrows(IllegalArgumentException.class, () -> RegisteredBuffers.register(ring));
            assertThrows(
                    IllegalArgumentException.class, () -> RegisteredBuffers.sparse(ring, 16385));
            RegisteredBuffers.register(ring, java.util.Arrays.copyOf(buffers, 16384)).close();
            MemorySegment vectors = ring.allocate(16L * 16385);
            assertEquals(-EINVAL, register(test, vectors, 16385));
            assertEquals(-EINVAL, register(test, vectors, 0));
        }
    }

    @Test
    @Behaviour("REGB-04")
    void kernelRefusesMemoryItCannotPin() {
        try (TestRing test = TestRing.open();
                Arena arena = Arena.ofConfined()) {
            long good = test.ring().allocate(4096).address();
            MemorySegment forbidden = Pages.anonymous(arena, 4096, Pages.PROT_NONE);
            MemorySegment readOnly = Pages.anonymous(arena, 4096, Pages.PROT_READ);
            assertEquals(-EFAULT, registerVector(test, 0, 10));
            assertEquals(-EFAULT, registerVector(test, good, 0));
            assertEquals(-EFAULT, registerVector(test, good, (1L << 30) + 1));
            assertEquals(-EFAULT, registerVector(test, 4096, 10)); // never mapped
            assertEquals(-EFAULT, registerVector(test, forbidden.address(), 10));
            RingException fault =
                    assertThrows(
                            RingException.class,
                            () -> RegisteredBuffers.register(test.ring(), readOnly));
            assertEquals(EFAULT, fault.errno());
            assertTrue(String.valueOf(fault.getMessage()).contains("writable"));
            assertEquals(0, registerVector(test, 0, 0));
        }
    }

    @Test
    void memoryThatTheKernelCannotUseIsRefusedBeforeItIsAsked() {
        try (TestRing test = TestRing.open()) {
            Ring ring = test.ring();
            MemorySegment closed;
            try (Arena arena = Arena.ofConfined()) {
                closed = arena.allocate(10);
            }
            assertThrows(
                    IllegalStateException.class, () -> RegisteredBuffers.register(ring, closed));
            MemorySegment memory = ring.allocate(10);
            for (MemorySegment wrong :
                    List.of(
                            memory.asReadOnly(),
                            memory.asSlice(0, 0),
                            MemorySegment.ofArray(new byte[10]),
                            MemorySegment.ofAddress(4096).reinterpret((1L << 30) + 1))) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> RegisteredBuffers.register(ring, wrong));
            }
            assertEquals(-ENXIO, ring.tryRegister(UNREGISTER_BUFFERS, 0, 0));
        }
    }

    @Test
    @Behaviour("REGB-05")
    void placesOfASparseTableAreFilledChangedAndEmptied() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            Ring ring = test.ring();
            RegisteredBuffers table = RegisteredBuffers.sparse(ring, 4);
            MemorySegment one = ring.allocate(8);
            MemorySegment two = ring.allocate(8);
            assertThrows(IllegalStateException.class, () -> table.segment(2));
            assertEquals(2, table.update(1, new MemorySegment[] {one, two}, null));
            assertEquals(two, table.segment(2));
            write(test, pipe, two, 2);
            test.take(1, 8);
            table.update(2, one);
            write(test, pipe, two, 2);
            test.take(1, -EFAULT);
            write(test, pipe, one, 2);
            test.take(1, 8);
            table.update(2, null);
            write(test, pipe, one, 2);
            test.take(1, -EFAULT);
            write(test, pipe, one, 1);
            test.take(1, 8);
            assertThrows(IndexOutOfBoundsException.class, () -> table.update(4, one));
            assertThrows(
                    IndexOutOfBoundsException.class,
                    () -> table.update(3, new MemorySegment[] {one, two}, null));
        }
    }

    @Test
    @Behaviour("REGB-05")
    void updateStopsAtTheFirstBufferThatCannotBePinned() {
        try (TestRing test = TestRing.open();
                Arena arena = Arena.ofConfined()) {
            Ring ring = test.ring();
            RegisteredBuffers table = RegisteredBuffers.sparse(ring, 3);
            MemorySegment good = ring.allocate(8);
            MemorySegment bad = Pages.anonymous(arena, 4096, Pages.PROT_READ);
            assertEquals(1, table.update(0, new MemorySegment[] {good, bad, good}, null));
            assertEquals(good, table.segment(0));
            assertThrows(IllegalStateException.class, () -> table.segment(1));
            assertThrows(RingException.class, () -> table.update(2, bad));
            assertThrows(IllegalStateException.class, () -> table.segment(2));
        }
    }

    @Test
    @Behaviour("REGB-06")
    void tagTellsThatABufferIsFreeOnceItsOperationHasEnded() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            Ring ring = test.ring();
            MemorySegment[] memory = {ring.allocate(8), ring.allocate(8)};
            RegisteredBuffers table = RegisteredBuffers.register(ring, memory, new long[] {71, 72});
            read(test, pipe, memory[0], 0);
            ring.submit();
            table.update(0, ring.allocate(8), 73);
            assertEquals(List.of(), test.takeReady());
            Libc.write(pipe.second(), "x");
            List<TestRing.Event> events = test.takeNext(2);
            assertEquals(new TestRing.Event(1, 1, 0), events.get(0));
            assertEquals(new TestRing.Event(71, 0, 0), events.get(1));
            assertEquals("x", Libc.string(memory[0], 0, 1));
            table.close();
            test.take(72, 0);
            test.take(73, 0);
        }
    }

    @Test
    @Behaviour("REGB-07")
    void severalPartsOfOneBufferAreReadAndWrittenAtOnce() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe();
                Arena arena = test.ring().newArena()) {
            Descriptor in = Descriptor.of(pipe.first());
            Descriptor out = Descriptor.of(pipe.second());
            MemorySegment memory = test.ring().allocate(64);
            RegisteredBuffers.register(test.ring(), memory.asSlice(0, 32));
            memory.setString(0, "abcdefgh");
            IoVectors parts = new IoVectors(arena, 2).add(memory, 4, 2).add(memory, 1, 3);
            FixedOps.writev(test.sqe(), out, parts, 0, 0).userData(1);
            test.take(1, 5);
            assertEquals("efbcd", Libc.read(pipe.first()));
            Libc.write(pipe.second(), "12345");
            parts.clear().add(memory, 16, 1).add(memory, 28, 4);
            FixedOps.readv(test.sqe(), in, parts, 0, 0).userData(1);
            test.take(1, 5);
            assertEquals("1", Libc.string(memory, 16, 1));
            assertEquals("2345", Libc.string(memory, 28, 4));
            parts.clear().add(memory, 0, 1).add(memory, 31, 2);
            FixedOps.writev(test.sqe(), out, parts, 0, 0).userData(1);
            test.take(1, -EFAULT);
        }
    }

    @Test
    @Behaviour("REGB-08")
    void clonedBuffersOutliveTheRingTheyComeFrom() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe();
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(8);
            RegisteredBuffers copy;
            try (TestRing source = TestRing.open()) {
                RegisteredBuffers original = RegisteredBuffers.sparse(source.ring(), 3);
                original.update(1, memory);
                copy = RegisteredBuffers.cloneOf(test.ring(), original);
            }
            assertEquals(3, copy.size());
            memory.setString(0, "copied");
            write(test, pipe, copy.segment(1), 1);
            test.take(1, 8);
            assertEquals("copied\0\0", Libc.read(pipe.first()));
            write(test, pipe, memory, 0);
            test.take(1, -EFAULT);
            copy.close();
        }
    }

    @Test
    @Behaviour("REGB-08")
    void rangesAreClonedIntoANewTableOrReplaceBuffers() {
        try (TestRing source = TestRing.open();
                TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            MemorySegment[] memory = new MemorySegment[4];
            for (int i = 0; i < 4; i++) {
                memory[i] = source.ring().allocate(8);
                memory[i].set(ValueLayout.JAVA_BYTE, 0, (byte) ('0' + i));
            }
            RegisteredBuffers original = RegisteredBuffers.register(source.ring(), memory);
            RegisteredBuffers copy = RegisteredBuffers.cloneOf(test.ring(), original, 1, 2);
            assertEquals(2, copy.size());
            assertEquals("1", written(test, pipe, copy, 0));
            assertEquals("2", written(test, pipe, copy, 1));
            copy.cloneFrom(original, 3, 0, 1);
            assertEquals("3", written(test, pipe, copy, 0));
            assertEquals("2", written(test, pipe, copy, 1));
            RingException busy =
                    assertThrows(
                            RingException.class,
                            () -> RegisteredBuffers.cloneOf(test.ring(), original));
            assertEquals(EBUSY, busy.errno());
            assertThrows(IndexOutOfBoundsException.class, () -> copy.cloneFrom(original, 3, 0, 2));
            assertThrows(IndexOutOfBoundsException.class, () -> copy.cloneFrom(original, 0, 1, 2));
            assertThrows(IllegalArgumentException.class, () -> copy.cloneFrom(original, 0, 0, 0));
            original.close();
            assertThrows(IllegalStateException.class, () -> copy.cloneFrom(original, 0, 0, 1));
        }
    }

    @Test
    @Behaviour("REGB-08")
    void kernelRefusesToCloneFromNothing() {
        try (TestRing source = TestRing.open();
                TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            MemorySegment clone = test.ring().allocate(32);
            clone.set(ValueLayout.JAVA_INT, 0, source.ring().fd());
            assertEquals(-ENXIO, test.ring().tryRegister(CLONE_BUFFERS, clone.address(), 1));
            clone.set(ValueLayout.JAVA_INT, 0, pipe.first());
            assertEquals(-EOPNOTSUPP, test.ring().tryRegister(CLONE_BUFFERS, clone.address(), 1));
        }
    }

    @Test
    void closingOnAnotherThreadReleasesNothing() throws InterruptedException {
        try (TestRing test = TestRing.open()) {
            RegisteredBuffers table = RegisteredBuffers.sparse(test.ring(), 1);
            Throwable[] thrown = new Throwable[1];
            Thread other =
                    Thread.ofPlatform()
                            .start(() ->
                                    thrown[0] =
                                            assertThrows(
                                                    IllegalStateException.class, table::close));
            other.join(10_000);
            assertTrue(thrown[0] instanceof IllegalStateException);
            table.close();
            RegisteredBuffers.sparse(test.ring(), 1).close();
        }
    }

    private static String written(
            TestRing test, Libc.Pair pipe, RegisteredBuffers table, int index) {
        write(test, pipe, table.segment(index).asSlice(0, 1), index);
        test.take(1, 1);
        return Libc.read(pipe.first());
    }

    private static void write(TestRing test, Libc.Pair pipe, MemorySegment part, int index) {
        FixedOps.write(test.sqe(), Descriptor.of(pipe.second()), part, 0, index).userData(1);
    }

    private static void read(TestRing test, Libc.Pair pipe, MemorySegment part, int index) {
        FixedOps.read(test.sqe(), Descriptor.of(pipe.first()), part, 0, index).userData(1);
    }

    private static int registerVector(TestRing test, long base, long length) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment vector = arena.allocateFrom(ValueLayout.JAVA_LONG, base, length);
            return register(test, vector, 1);
        }
    }

    private static int register(TestRing test, MemorySegment vectors, int count) {
        return test.ring().tryRegister(REGISTER_BUFFERS, vectors.address(), count);
    }
}
