package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
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
    private static final byte POISON = (byte) 0xA5;

    private static final Arena ARENA = Arena.ofAuto();
    private static final MemorySegment BUFFER = ARENA.allocate(100, 8);
    private static final MemorySegment ADDRESS = ARENA.allocate(28, 8);
    private static final MemorySegment TIME = ARENA.allocate(16, 8);
    private static final MessageHeader MESSAGE = new MessageHeader(ARENA, 2);

    /** Addresses that are known at run time only. */
    private static final Map<String, Long> SYMBOLS =
            Map.of(
                    "BUFFER", BUFFER.address(),
                    "BUFFER+10", BUFFER.address() + 10,
                    "ADDRESS", ADDRESS.address(),
                    "TIME", TIME.address(),
                    "MESSAGE", MESSAGE.address());

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
                        s -> SocketOps.sendmsg(s, FD, MESSAGE, 0x4000),
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
                        s -> ControlOps.cancel(s, -2),
                        "opcode@0/1=14 fd@4/4=-1 target@16/8=-2"),
                prepared(
                        "cancel all of a descriptor",
                        s -> ControlOps.cancelAll(s, FD),
                        "opcode@0/1=14 fd@4/4=7 flags@28/4=3"),
                prepared(
                        "cancel all of a slot",
                        s -> ControlOps.cancelAll(s, SLOT),
                        "opcode@0/1=14 fd@4/4=7 flags@28/4=11"),
                prepared(
                        "cancel everything",
                        ControlOps::cancelEverything,
                        "opcode@0/1=14 fd@4/4=-1 flags@28/4=4"),
                prepared(
                        "timeout",
                        s -> ControlOps.timeout(s, TIME, 5),
                        "opcode@0/1=11 fd@4/4=-1 count@8/8=5 addr@16/8=TIME len@24/4=1"),
                prepared(
                        "timeout remove",
                        s -> ControlOps.timeoutRemove(s, 9),
                        "opcode@0/1=12 fd@4/4=-1 target@16/8=9"),
                prepared(
                        "msg_ring",
                        s -> ControlOps.msgRing(s, FD, 0xFEDCBA9876543210L, -5),
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
        MemorySegment slot = poisoned();
        preparation.accept(new Sqe().at(slot.address()));
        assertEquals(hex(expected(expectation)), hex(bytes(slot)), name);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"socketOperations", "fileAndPollOperations", "controlOperations"})
    void userDataFollowsEveryPreparation(
            String name, Consumer<Sqe> preparation, String expectation) {
        MemorySegment slot = poisoned();
        Sqe sqe = new Sqe().at(slot.address());
        preparation.accept(sqe);
        sqe.userData(0x8000000000000001L);
        String both = expectation + " user_data@32/8=0x8000000000000001";
        assertEquals(hex(expected(both)), hex(bytes(slot)), name);
    }

    @Test
    void clearForgetsAPreparationAndItsUserData() {
        MemorySegment slot = poisoned();
        SocketOps.recvMultishot(new Sqe().at(slot.address()), SLOT, 3).userData(-1).clear();
        assertEquals(hex(new byte[SQE_BYTES]), hex(bytes(slot)));
    }

    @Test
    void preparationStaysInsideItsSlot() {
        MemorySegment three = ARENA.allocate(3 * SQE_BYTES, 8).fill(POISON);
        SocketOps.recvMultishot(new Sqe().at(three.address() + SQE_BYTES), SLOT, 3).userData(-1);
        assertEquals("a5".repeat(SQE_BYTES), hex(bytes(three.asSlice(0, SQE_BYTES))));
        assertEquals("a5".repeat(SQE_BYTES), hex(bytes(three.asSlice(2 * SQE_BYTES, SQE_BYTES))));
    }

    @Test
    void lengthOfAHugeBufferIsTheMostTheKernelMoves() {
        MemorySegment slot = poisoned();
        // Never touched: only its address and size are used.
        MemorySegment huge = MemorySegment.ofAddress(0x1000).reinterpret(0x1_0000_0000L);
        FileOps.write(new Sqe().at(slot.address()), FD, huge, 0);
        assertEquals(
                hex(expected("opcode@0/1=23 fd@4/4=7 addr@16/8=0x1000 len@24/4=0x7FFFF000")),
                hex(bytes(slot)));
    }

    @Test
    void messageHeaderHasTheLayoutOfMsghdrAndIovec() {
        MessageHeader message = new MessageHeader(ARENA, 2);
        message.add(BUFFER, 10, 20).add(ADDRESS, 0, 28);
        MemorySegment header = MemorySegment.ofAddress(message.address()).reinterpret(56 + 2 * 16);
        ByteBuffer expected = ByteBuffer.allocate(56 + 2 * 16).order(ByteOrder.nativeOrder());
        expected.putLong(16, message.address() + 56).putLong(24, 2); // iov, iovlen
        expected.putLong(56, BUFFER.address() + 10).putLong(64, 20);
        expected.putLong(72, ADDRESS.address()).putLong(80, 28);
        assertEquals(hex(expected.array()), hex(bytes(header)));
    }

    private static MemorySegment poisoned() {
        return ARENA.allocate(SQE_BYTES, 8).fill(POISON);
    }

    private static byte[] expected(String fields) {
        ByteBuffer bytes = ByteBuffer.allocate(SQE_BYTES).order(ByteOrder.nativeOrder());
        for (String field : fields.split(" ", -1)) {
            int offset = Integer.parseInt(between(field, "@", "/"));
            int size = Integer.parseInt(between(field, "/", "="));
            long value = value(field.substring(field.indexOf('=') + 1));
            switch (size) {
                case 1 -> bytes.put(offset, (byte) value);
                case 2 -> bytes.putShort(offset, (short) value);
                case 4 -> bytes.putInt(offset, (int) value);
                case 8 -> bytes.putLong(offset, value);
                default -> throw new AssertionError(field);
            }
        }
        return bytes.array();
    }

    private static String between(String text, String from, String to) {
        return text.substring(text.indexOf(from) + 1, text.indexOf(to));
    }

    private static long value(String text) {
        Long symbol = SYMBOLS.get(text);
        if (symbol != null) {
            return symbol;
        }
        return text.startsWith("0x")
                ? Long.parseUnsignedLong(text.substring(2), 16)
                : Long.parseLong(text);
    }

    private static byte[] bytes(MemorySegment segment) {
        return segment.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
