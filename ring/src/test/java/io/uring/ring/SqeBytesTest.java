package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every preparation, byte for byte. The expectations are written from the kernel's documentation:
 * {@code name@offset/bytes=value}, all other bytes zero. They share no constant with the code.
 */
final class SqeBytesTest {
    private static final int SQE_BYTES = 64;

    private static final Arena ARENA = Arena.ofAuto();
    private static final MemorySegment BUFFER = ARENA.allocate(100, 8);
    private static final Sockaddr ADDRESS = new Sockaddr(ARENA).length(28);
    private static final Timespec TIME = new Timespec(ARENA);
    private static final MessageHeader MESSAGE = new MessageHeader(ARENA, 2);

    /** Addresses that are known at run time only. */
    private static final Map<String, Long> SYMBOLS =
            Map.of(
                    "BUFFER", BUFFER.address(),
                    "BUFFER+10", BUFFER.address() + 10,
                    "ADDRESS", ADDRESS.segment().address(),
                    "TIME", TIME.segment().address(),
                    "MESSAGE", MESSAGE.segment().address());

    private static final Descriptor FD = Descriptor.of(7);
    private static final Descriptor SLOT = Descriptor.direct(7);

    static Stream<Arguments> socketOperations() {
        return Stream.of(
                prepared(
                        "socket",
                        s -> SocketOps.socket(s, 10, 0x80001, 6),
                        "opcode@0/1=45 domain@4/4=10 type@8/8=0x80001 protocol@24/4=6"),
                prepared(
                        "bind",
                        s -> SocketOps.bind(s, FD, ADDRESS),
                        "opcode@0/1=56 fd@4/4=7 addrlen@8/8=28 addr@16/8=ADDRESS"),
                prepared(
                        "bind of a slot",
                        s -> SocketOps.bind(s, SLOT, ADDRESS),
                        "opcode@0/1=56 flags@1/1=1 fd@4/4=7 addrlen@8/8=28 addr@16/8=ADDRESS"),
                prepared(
                        "listen",
                        s -> SocketOps.listen(s, FD, 4096),
                        "opcode@0/1=57 fd@4/4=7 backlog@24/4=4096"),
                prepared(
                        "accept",
                        s -> SocketOps.accept(s, FD),
                        "opcode@0/1=13 fd@4/4=7 flags@28/4=0x80000"),
                prepared(
                        "accept multishot",
                        s -> SocketOps.acceptMultishot(s, FD),
                        "opcode@0/1=13 ioprio@2/2=1 fd@4/4=7 flags@28/4=0x80000"),
                prepared(
                        "connect",
                        s -> SocketOps.connect(s, FD, ADDRESS),
                        "opcode@0/1=16 fd@4/4=7 addrlen@8/8=28 addr@16/8=ADDRESS"),
                prepared(
                        "recv",
                        s -> SocketOps.recv(s, FD, BUFFER, 0x100),
                        "opcode@0/1=27 fd@4/4=7 addr@16/8=BUFFER len@24/4=100 flags@28/4=0x100"),
                prepared(
                        "recv of a range",
                        s -> SocketOps.recv(s, SLOT, BUFFER, 10, 90, 0),
                        "opcode@0/1=27 flags@1/1=1 fd@4/4=7 addr@16/8=BUFFER+10 len@24/4=90"),
                prepared(
                        "recv select",
                        s -> SocketOps.recvSelect(s, FD, 0xFFFE, 0x40),
                        "opcode@0/1=27 flags@1/1=0x20 fd@4/4=7 flags@28/4=0x40 group@40/2=0xFFFE"),
                prepared(
                        "recv multishot",
                        s -> SocketOps.recvMultishot(s, FD, 3),
                        "opcode@0/1=27 flags@1/1=0x20 ioprio@2/2=2 fd@4/4=7 group@40/2=3"),
                prepared(
                        "recv multishot of a slot",
                        s -> SocketOps.recvMultishot(s, SLOT, 3),
                        "opcode@0/1=27 flags@1/1=0x21 ioprio@2/2=2 fd@4/4=7 group@40/2=3"),
                prepared(
                        "send",
                        s -> SocketOps.send(s, FD, BUFFER, 0x4000),
                        "opcode@0/1=26 fd@4/4=7 addr@16/8=BUFFER len@24/4=100 flags@28/4=0x4000"),
                prepared(
                        "send of a range",
                        s -> SocketOps.send(s, FD, BUFFER, 10, 5, 0x8000),
                        "opcode@0/1=26 fd@4/4=7 addr@16/8=BUFFER+10 len@24/4=5 flags@28/4=0x8000"),
                prepared(
                        "sendmsg",
                        s -> DatagramOps.sendmsg(s, FD, MESSAGE, 0x4000),
                        "opcode@0/1=9 fd@4/4=7 addr@16/8=MESSAGE len@24/4=1 flags@28/4=0x4000"),
                prepared(
                        "shutdown",
                        s -> SocketOps.shutdown(s, FD, 2),
                        "opcode@0/1=34 fd@4/4=7 how@24/4=2"));
    }

    static Stream<Arguments> fileAndPollOperations() {
        return Stream.of(
                prepared(
                        "read",
                        s -> FileOps.read(s, FD, BUFFER, 1L << 40),
                        "opcode@0/1=22 fd@4/4=7 off@8/8=0x10000000000 addr@16/8=BUFFER len@24/4=100"),
                prepared(
                        "read of a slot at the current position",
                        s -> FileOps.read(s, SLOT, BUFFER, -1),
                        "opcode@0/1=22 flags@1/1=1 fd@4/4=7 off@8/8=-1 addr@16/8=BUFFER len@24/4=100"),
                prepared(
                        "write",
                        s -> FileOps.write(s, FD, BUFFER, 4096),
                        "opcode@0/1=23 fd@4/4=7 off@8/8=4096 addr@16/8=BUFFER len@24/4=100"),
                prepared(
                        "poll",
                        s -> PollOps.poll(s, FD, 0x2001),
                        "opcode@0/1=6 fd@4/4=7 events@28/4=0x2001"),
                prepared(
                        "poll multishot",
                        s -> PollOps.pollMultishot(s, FD, 4),
                        "opcode@0/1=6 fd@4/4=7 multi@24/4=1 events@28/4=4"),
                prepared(
                        "poll remove",
                        s -> PollOps.pollRemove(s, 0x0123456789ABCDEFL),
                        "opcode@0/1=7 fd@4/4=-1 target@16/8=0x0123456789ABCDEF"));
    }

    static Stream<Arguments> controlOperations() {
        return Stream.of(
                prepared("cleared", Sqe::clear, "opcode@0/1=0"),
                prepared("nop", ControlOps::nop, "opcode@0/1=0 fd@4/4=-1"),
                prepared("close", s -> ControlOps.close(s, FD), "opcode@0/1=19 fd@4/4=7"),
                prepared(
                        "close of a slot",
                        s -> ControlOps.close(s, SLOT),
                        "opcode@0/1=19 file_index@44/4=8"),
                prepared(
                        "cancel",
                        s -> CancelOps.cancel(s, -2),
                        "opcode@0/1=14 fd@4/4=-1 target@16/8=-2"),
                prepared(
                        "cancel all of a descriptor",
                        s -> CancelOps.cancelAll(s, FD),
                        "opcode@0/1=14 fd@4/4=7 flags@28/4=3"),
                prepared(
                        "cancel all of a slot",
                        s -> CancelOps.cancelAll(s, SLOT),
                        "opcode@0/1=14 fd@4/4=7 flags@28/4=11"),
                prepared(
                        "cancel everything",
                        CancelOps::cancelEverything,
                        "opcode@0/1=14 fd@4/4=-1 flags@28/4=4"),
                prepared(
                        "timeout",
                        s -> TimeoutOps.timeout(s, TIME, 5),
                        "opcode@0/1=11 fd@4/4=-1 count@8/8=5 addr@16/8=TIME len@24/4=1"),
                prepared(
                        "timeout remove",
                        s -> TimeoutOps.timeoutRemove(s, 9),
                        "opcode@0/1=12 fd@4/4=-1 target@16/8=9"),
                prepared(
                        "msg_ring",
                        s -> MessageOps.send(s, FD, 0xFEDCBA9876543210L, -5),
                        "opcode@0/1=40 fd@4/4=7 data@8/8=0xFEDCBA9876543210 result@24/4=-5"));
    }

    private static Arguments prepared(String name, Consumer<Sqe> preparation, String expectation) {
        return arguments(name, preparation, expectation);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"socketOperations", "fileAndPollOperations", "controlOperations"})
    @Behaviour("SUB-14")
    void preparationSetsItsFieldsAndClearsAllOthers(
            String name, Consumer<Sqe> preparation, String expectation) {
        SqeBytes.assertPrepared(name, preparation, expectation, SYMBOLS);
    }

    @Test
    void clearForgetsAPreparationAndItsUserData() {
        MemorySegment slot = SqeBytes.poisoned(SQE_BYTES);
        SocketOps.recvMultishot(new Sqe().at(slot.address()), SLOT, 3).userData(-1).clear();
        assertEquals(SqeBytes.hex(new byte[SQE_BYTES]), SqeBytes.hex(slot));
    }

    @Test
    void preparationStaysInsideItsSlot() {
        MemorySegment three = SqeBytes.poisoned(3 * SQE_BYTES);
        SocketOps.recvMultishot(new Sqe().at(three.address() + SQE_BYTES), SLOT, 3).userData(-1);
        assertEquals("a5".repeat(SQE_BYTES), SqeBytes.hex(three.asSlice(0, SQE_BYTES)));
        assertEquals("a5".repeat(SQE_BYTES), SqeBytes.hex(three.asSlice(2 * SQE_BYTES, SQE_BYTES)));
    }

    @Test
    void lengthOfAHugeBufferIsTheMostTheKernelMoves() {
        // Never touched: only its address and size are used.
        MemorySegment huge = MemorySegment.ofAddress(0x1000).reinterpret(0x1_0000_0000L);
        SqeBytes.assertPrepared(
                "write",
                sqe -> FileOps.write(sqe, FD, huge, 0),
                "opcode@0/1=23 fd@4/4=7 addr@16/8=0x1000 len@24/4=0x7FFFF000",
                SYMBOLS);
    }

    @Test
    void messageHeaderHasTheLayoutOfMsghdrAndIovec() {
        MessageHeader message = new MessageHeader(ARENA, 2);
        message.add(BUFFER, 10, 20).add(ADDRESS.segment(), 0, 28);
        MemorySegment header = MemorySegment.ofAddress(message.address()).reinterpret(56 + 2 * 16);
        ByteBuffer expected = ByteBuffer.allocate(56 + 2 * 16).order(ByteOrder.nativeOrder());
        expected.putLong(16, message.address() + 56).putLong(24, 2); // iov, iovlen
        expected.putLong(56, BUFFER.address() + 10).putLong(64, 20);
        expected.putLong(72, ADDRESS.address()).putLong(80, 28);
        assertEquals(SqeBytes.hex(expected.array()), SqeBytes.hex(header));
    }
}
