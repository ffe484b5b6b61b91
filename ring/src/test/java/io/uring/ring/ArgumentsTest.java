package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A wrong argument is an exception, and the entry it was meant for does nothing. */
@ExtendWith(DescriptorsReturn.class)
final class ArgumentsTest {
    private static final Descriptor FD = Descriptor.of(0);
    private static final MemorySegment BUFFER = Arena.ofAuto().allocate(16, 8);
    private static final Sockaddr ADDRESS = new Sockaddr(Arena.ofAuto());

    /** All that takes memory. */
    static Stream<Arguments> memoryOperations() {
        return Stream.of(
                memory("recv", (s, m) -> SocketOps.recv(s, FD, m, 0)),
                memory("recv of a range", (s, m) -> SocketOps.recv(s, FD, m, 0, 1, 0)),
                memory("send", (s, m) -> SocketOps.send(s, FD, m, 0)),
                memory("send of a range", (s, m) -> SocketOps.send(s, FD, m, 0, 1, 0)),
                memory("read", (s, m) -> FileOps.read(s, FD, m, 0)),
                memory("write", (s, m) -> FileOps.write(s, FD, m, 0)),
                memory(
                        "message header",
                        (s, m) -> new MessageHeader(Arena.ofAuto(), 1).add(m, 0, 1)));
    }

    private static Arguments memory(String name, BiConsumer<Sqe, MemorySegment> operation) {
        return arguments(name, operation);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("memoryOperations")
    void heapSegmentIsRefused(String name, BiConsumer<Sqe, MemorySegment> operation) {
        MemorySegment heap = MemorySegment.ofArray(new byte[16]);
        refuses(IllegalArgumentException.class, sqe -> operation.accept(sqe, heap));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("memoryOperations")
    void segmentOfAClosedArenaIsRefused(String name, BiConsumer<Sqe, MemorySegment> operation) {
        MemorySegment closed;
        try (Arena arena = Arena.ofConfined()) {
            closed = arena.allocate(16, 8);
        }
        refuses(IllegalStateException.class, sqe -> operation.accept(sqe, closed));
    }

    static Stream<Arguments> ranges() {
        return Stream.of(
                arguments(-1L, 1),
                arguments(0L, -1),
                arguments(0L, 17),
                arguments(16L, 1),
                arguments(17L, 0),
                arguments(Long.MAX_VALUE, 1),
                arguments(1L, Integer.MAX_VALUE));
    }

    @ParameterizedTest
    @MethodSource("ranges")
    void rangeOutsideOfTheSegmentIsRefused(long offset, int length) {
        Class<IndexOutOfBoundsException> expected = IndexOutOfBoundsException.class;
        refuses(expected, s -> SocketOps.recv(s, FD, BUFFER, offset, length, 0));
        refuses(expected, s -> SocketOps.send(s, FD, BUFFER, offset, length, 0));
        refuses(expected, s -> new MessageHeader(Arena.ofAuto(), 1).add(BUFFER, offset, length));
    }

    @Test
    void readOnlySegmentIsSentButNotReceivedInto() {
        MemorySegment readOnly = BUFFER.asReadOnly();
        Class<IllegalArgumentException> expected = IllegalArgumentException.class;
        refuses(expected, s -> SocketOps.recv(s, FD, readOnly, 0));
        refuses(expected, s -> SocketOps.recv(s, FD, readOnly, 0, 1, 0));
        refuses(expected, s -> FileOps.read(s, FD, readOnly, 0));
        SocketOps.send(entry(), FD, readOnly, 0);
        FileOps.write(entry(), FD, readOnly, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 65536, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void bufferGroupOutsideOf16BitsIsRefused(int group) {
        refuses(IllegalArgumentException.class, s -> SocketOps.recvSelect(s, FD, group, 0));
        refuses(IllegalArgumentException.class, s -> SocketOps.recvMultishot(s, FD, group));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE})
    void negativeDescriptorIsRefused(int number) {
        assertThrows(IllegalArgumentException.class, () -> Descriptor.of(number));
        assertThrows(IllegalArgumentException.class, () -> Descriptor.direct(number));
    }

    static Stream<Arguments> descriptorOperations() {
        return Stream.of(
                descriptor("bind", (s, d) -> SocketOps.bind(s, d, ADDRESS)),
                descriptor("listen", (s, d) -> SocketOps.listen(s, d, 1)),
                descriptor("accept", (s, d) -> SocketOps.accept(s, d)),
                descriptor("accept multishot", (s, d) -> SocketOps.acceptMultishot(s, d)),
                descriptor("connect", (s, d) -> SocketOps.connect(s, d, ADDRESS)),
                descriptor("recv", (s, d) -> SocketOps.recv(s, d, BUFFER, 0)),
                descriptor("recv multishot", (s, d) -> SocketOps.recvMultishot(s, d, 0)),
                descriptor("send", (s, d) -> SocketOps.send(s, d, BUFFER, 0)),
                descriptor("shutdown", (s, d) -> SocketOps.shutdown(s, d, 0)),
                descriptor("read", (s, d) -> FileOps.read(s, d, BUFFER, 0)),
                descriptor("write", (s, d) -> FileOps.write(s, d, BUFFER, 0)),
                descriptor("poll", (s, d) -> PollOps.poll(s, d, 1)),
                descriptor("poll multishot", (s, d) -> PollOps.pollMultishot(s, d, 1)),
                descriptor("close", (s, d) -> ControlOps.close(s, d)),
                descriptor("cancel all", (s, d) -> CancelOps.cancelAll(s, d)),
                descriptor("msg_ring", (s, d) -> MessageOps.send(s, d, 0, 0)));
    }

    private static Arguments descriptor(String name, BiConsumer<Sqe, Descriptor> operation) {
        return arguments(name, operation);
    }

    /** Half a preparation would work on descriptor 0. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("descriptorOperations")
    void missingDescriptorLeavesANop(String name, BiConsumer<Sqe, Descriptor> operation) {
        refuses(NullPointerException.class, sqe -> operation.accept(sqe, null));
    }

    @Test
    void refusedEntryCompletesAsANopWithoutUserData() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            Libc.write(ends.second(), "x");
            Descriptor socket = Descriptor.of(ends.first());
            MemorySegment heap = MemorySegment.ofArray(new byte[1]);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> SocketOps.recv(test.sqe(), socket, heap, 0).userData(7));
            test.take(Ring.NO_USER_DATA, 0);
            SocketOps.recv(test.sqe(), socket, test.ring().allocate(1), 0).userData(8);
            test.take(8, 1);
        }
    }

    @Test
    void directBufferIsMemoryLikeAnyOther() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            Libc.write(ends.second(), "abc");
            var buffer = java.nio.ByteBuffer.allocateDirect(8).position(2);
            SocketOps.recv(
                            test.sqe(),
                            Descriptor.of(ends.first()),
                            MemorySegment.ofBuffer(buffer),
                            0)
                    .userData(1);
            test.take(1, 3);
            assertEquals('a', buffer.get(2));
            assertEquals('c', buffer.get(4));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MAX_VALUE})
    void memoryThatCannotBeMappedIsAnException(long bytes) {
        try (TestRing test = TestRing.open()) {
            assertThrows(RingException.class, () -> test.ring().allocate(bytes));
        }
    }

    @Test
    void buffersThatDoNotFitIntoMemoryAreAnException() {
        try (TestRing test = TestRing.open()) {
            assertThrows(
                    RingException.class,
                    () -> BufferRing.register(test.ring(), 0, 32768, Integer.MAX_VALUE, false));
        }
    }

    private static Sqe entry() {
        return new Sqe().at(Arena.ofAuto().allocate(64, 8).address());
    }

    private static void refuses(Class<? extends Exception> expected, Consumer<Sqe> operation) {
        MemorySegment slot = Arena.ofAuto().allocate(64, 8).fill((byte) 0xA5);
        Sqe sqe = new Sqe().at(slot.address());
        assertThrows(expected, () -> operation.accept(sqe));
        assertEquals(0, slot.get(ValueLayout.JAVA_BYTE, 0), "opcode");
        assertEquals(0, slot.get(ValueLayout.JAVA_LONG, 32), "user data");
    }
}
