package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(DescriptorsReturn.class)
final class BufferRingTest {
    private static final int ENOBUFS = -105;

    @Test
    @Behaviour("BUF-01")
    void registrationAndEntriesHaveTheKernelsLayout() {
        FaultyKernel kernel = new FaultyKernel();
        try (TestRing test = TestRing.open(new RingConfig(8, 32, Set.of()), kernel)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0xFFFE, 4, 1000, true);
            MemorySegment registration = kernel.bufferRegistration;
            long address = registration.get(ValueLayout.JAVA_LONG, 0);
            assertEquals(0, address % 4096);
            assertEquals(4, registration.get(ValueLayout.JAVA_INT, 8));
            assertEquals((short) 0xFFFE, registration.get(ValueLayout.JAVA_SHORT, 12));
            assertEquals(2, registration.get(ValueLayout.JAVA_SHORT, 14)); // INC
            assertArrayEquals(
                    new byte[24], registration.asSlice(16).toArray(ValueLayout.JAVA_BYTE));

            MemorySegment ring = MemorySegment.ofAddress(address).reinterpret(64);
            assertEquals(4, ring.get(ValueLayout.JAVA_SHORT, 14), "the tail");
            for (int id = 0; id < 4; id++) {
                long base = buffers.memory().address();
                assertEquals(base + id * 1000L, ring.get(ValueLayout.JAVA_LONG, id * 16L));
                assertEquals(1000, ring.get(ValueLayout.JAVA_INT, id * 16L + 8));
                assertEquals(id, ring.get(ValueLayout.JAVA_SHORT, id * 16L + 12));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 8",
        "0, 3, 8",
        "0, -4, 8",
        "0, 65536, 8",
        "0, -2147483648, 8",
        "0, 4, 0",
        "0, 4, -1",
        "-1, 4, 8",
        "65536, 4, 8"
    })
    @Behaviour("BUF-01")
    void wrongSizesAndGroupsAreRefused(int group, int entries, int bytes) {
        try (TestRing test = TestRing.open()) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> BufferRing.register(test.ring(), group, entries, bytes, false));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 1024, 32768})
    @Behaviour("BUF-01")
    void everyPowerOfTwoWorks(int entries) {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 65535, entries, 16, false);
            assertEquals(entries, buffers.entries());
            assertEquals(16L * entries, buffers.memory().byteSize());
            Libc.write(ends.second(), "x");
            receive(test, ends.first(), buffers);
            assertEquals("x", text(buffers, test.take(1)));
        }
    }

    @Test
    @Behaviour("BUF-01")
    void groupThatExistsAndGroupThatDoesNotAreErrorsOfTheKernel() {
        try (TestRing test = TestRing.open()) {
            BufferRing buffers = BufferRing.register(test.ring(), 5, 4, 8, false);
            RingException e =
                    assertThrows(
                            RingException.class,
                            () -> BufferRing.register(test.ring(), 5, 4, 8, false));
            assertEquals(17, e.errno());
            assertTrue(String.valueOf(e.getMessage()).contains("group 5"));
            buffers.unregister();
            assertThrows(IllegalStateException.class, buffers::unregister);
            BufferRing.register(test.ring(), 5, 4, 8, false);
        }
    }

    @Test
    @Behaviour("BUF-03")
    void buffersAreUsedInTheOrderOfTheRing() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 4, 16, false);
            for (int id = 0; id < 4; id++) {
                Libc.write(ends.second(), "message " + id);
                receive(test, ends.first(), buffers);
                TestRing.Event event = test.take(1, 9);
                assertTrue(event.hasBuffer());
                assertEquals(id, event.bufferId());
                assertEquals("message " + id, text(buffers, event));
            }
        }
    }

    @Test
    @Behaviour({"BUF-04", "BUF-05"})
    void eachReceiveTakesAWholeBufferUntilThereAreNone() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 2, 4, false);
            Libc.write(ends.second(), "abcdefghij");
            for (String expected : List.of("abcd", "efgh")) {
                receive(test, ends.first(), buffers);
                assertEquals(expected, text(buffers, test.take(1, 4)));
            }
            receive(test, ends.first(), buffers);
            assertFalse(test.take(1, ENOBUFS).hasBuffer());
            buffers.advance(1, 4);
            buffers.recycle(1);
            buffers.publish();
            receive(test, ends.first(), buffers);
            TestRing.Event event = test.take(1, 2);
            assertEquals(1, event.bufferId());
            assertEquals("ij", text(buffers, event));
        }
    }

    @Test
    @Behaviour("BUF-05")
    void recycledBufferIsInvisibleUntilPublished() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 1, 4, false);
            Libc.write(ends.second(), "a");
            Libc.write(ends.second(), "b");
            receive(test, ends.first(), buffers);
            test.take(1, 1);
            buffers.advance(0, 1);
            buffers.recycle(0);
            receive(test, ends.first(), buffers);
            test.take(1, ENOBUFS);
            buffers.publish();
            receive(test, ends.first(), buffers);
            assertEquals("b", text(buffers, test.take(1, 1)));
        }
    }

    @Test
    @Behaviour("BUF-05")
    void groupThatWasNeverRegisteredHasNoBuffers() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            Libc.write(ends.second(), "x");
            SocketOps.recvSelect(test.sqe(), Descriptor.of(ends.first()), 77, 0).userData(1);
            test.take(1, ENOBUFS);
        }
    }

    @Test
    @Behaviour("BUF-06")
    void endOfStreamTakesNoBuffer() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 1, 4, false);
            Libc.write(ends.second(), "x");
            SocketOps.shutdown(test.sqe(), Descriptor.of(ends.second()), 1).userData(2);
            test.take(2, 0);
            receive(test, ends.first(), buffers);
            assertTrue(test.take(1, 1).hasBuffer());
            buffers.advance(0, 1);
            buffers.recycle(0);
            buffers.publish();
            for (int i = 0; i < 3; i++) {
                receive(test, ends.first(), buffers);
                assertFalse(test.take(1, 0).hasBuffer());
            }
        }
    }

    @Test
    @Behaviour({"BUF-07", "BUF-08", "BUF-20"})
    void hundredThousandMessagesGoThroughASmallPoolRecycledInAnyOrder() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 3, 8, 8, false);
            MemorySegment message = test.ring().allocate(8);
            List<Integer> owned = new ArrayList<>();
            for (int n = 0; n < 100_000; n++) {
                message.set(ValueLayout.JAVA_LONG, 0, n);
                SocketOps.send(test.sqe(), Descriptor.of(ends.second()), message.asSlice(0, 8), 0)
                        .userData(2);
                receive(test, ends.first(), buffers);
                test.take(2, 8);
                TestRing.Event event = test.take(1, 8);
                int id = event.bufferId();
                assertFalse(owned.contains(id), () -> id + " given twice, seed " + seed);
                assertEquals(n, buffers.memory().get(ValueLayout.JAVA_LONG, buffers.offset(id)));
                buffers.advance(id, 8);
                owned.add(id);
                while (owned.size() == 8 || (!owned.isEmpty() && random.nextInt(3) == 0)) {
                    buffers.recycle(owned.remove(/* index */ random.nextInt(owned.size())));
                }
                buffers.publish();
            }
        }
    }

    @Test
    @Behaviour("BUF-09")
    void groupsDoNotMix() {
        try (TestRing test = TestRing.open();
                Libc.Pair one = Libc.socketPair(Libc.DATAGRAM);
                Libc.Pair two = Libc.socketPair(Libc.DATAGRAM)) {
            BufferRing first = BufferRing.register(test.ring(), 1, 2, 8, false);
            BufferRing second = BufferRing.register(test.ring(), 2, 2, 8, false);
            for (int i = 0; i < 2; i++) {
                Libc.write(one.second(), "first" + i);
                Libc.write(two.second(), "second" + i);
                receive(test, two.first(), second);
                assertEquals("second" + i, text(second, test.take(1)));
                receive(test, one.first(), first);
                assertEquals("first" + i, text(first, test.take(1)));
            }
            first.advance(0, 6);
            first.recycle(0);
            first.publish();
            Libc.write(two.second(), "x");
            receive(test, two.first(), second);
            test.take(1, ENOBUFS);
        }
    }

    @Test
    @Behaviour("BUF-11")
    void receiveThatWaitsWhileItsGroupGoesHasNoBuffers() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 4, 8, false);
            receive(test, ends.first(), buffers);
            test.ring().submit();
            buffers.unregister();
            Libc.write(ends.second(), "x");
            test.take(1, ENOBUFS);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 2, 65536, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void bufferIdThatIsNoneIsRefusedAndChangesNothing(int id) {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.DATAGRAM)) {
            BufferRing buffers = BufferRing.register(test.ring(), 0, 2, 8, false);
            assertThrows(IndexOutOfBoundsException.class, () -> buffers.recycle(id));
            assertThrows(IndexOutOfBoundsException.class, () -> buffers.offset(id));
            assertThrows(IndexOutOfBoundsException.class, () -> buffers.advance(id, 1));
            buffers.publish();
            for (String text : List.of("zero", "one")) {
                Libc.write(ends.second(), text);
                receive(test, ends.first(), buffers);
                assertEquals(text, text(buffers, test.take(1, text.length())));
            }
            receive(test, ends.first(), buffers);
            Libc.write(ends.second(), "x");
            test.take(1, ENOBUFS);
        }
    }

    static void receive(TestRing test, int socket, BufferRing buffers) {
        SocketOps.recvSelect(test.sqe(), Descriptor.of(socket), buffers.group(), 0).userData(1);
    }

    static String text(BufferRing buffers, TestRing.Event event) {
        long offset = buffers.offset(event.bufferId());
        return Libc.string(buffers.memory(), offset, event.result());
    }
}
