package io.uring.ring;

import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The preparations on sockets beyond the simple ones, byte for byte. */
final class SocketSqeBytesTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final MemorySegment BUFFER = ARENA.allocate(100, 8);
    private static final Sockaddr ADDRESS = new Sockaddr(ARENA).length(28);
    private static final IoVectors PIECES = new IoVectors(ARENA, 4).add(BUFFER).add(BUFFER, 8, 4);
    private static final MessageHeader MESSAGE = new MessageHeader(ARENA, 2);

    private static final Fd FD = Descriptor.of(7);
    private static final DirectDescriptor SLOT = Descriptor.direct(7);

    private static final Map<String, Long> SYMBOLS =
            Map.of(
                    "BUFFER", BUFFER.address(),
                    "ADDRESS", ADDRESS.segment().address(),
                    "LENGTH", ADDRESS.segment().address() + 128,
                    "PIECES", PIECES.segment().address(),
                    "MESSAGE", MESSAGE.segment().address());

    static Stream<Arguments> connections() {
        return Stream.of(
                of(
                        "socket in a slot",
                        s -> SocketOps.socketDirect(s, 2, 1, 6, Descriptor.direct(0)),
                        "opcode@0/1=45 domain@4/4=2 type@8/8=1 protocol@24/4=6 file_index@44/4=1"),
                of(
                        "socket in any slot",
                        s -> SocketOps.socketDirect(s, 2, 1, 0, DirectDescriptor.ANY),
                        "opcode@0/1=45 domain@4/4=2 type@8/8=1 file_index@44/4=0xFFFFFFFF"),
                of(
                        "accept with an address",
                        s -> SocketOps.accept(s, FD, ADDRESS, 0x800),
                        "opcode@0/1=13 fd@4/4=7 addrlen@8/8=LENGTH addr@16/8=ADDRESS"
                                + " flags@28/4=0x800"),
                of(
                        "accept into a slot",
                        s -> SocketOps.acceptDirect(s, FD, SLOT),
                        "opcode@0/1=13 fd@4/4=7 file_index@44/4=8"),
                of(
                        "accept multishot into slots",
                        s -> SocketOps.acceptMultishotDirect(s, SLOT),
                        "opcode@0/1=13 flags@1/1=1 ioprio@2/2=1 fd@4/4=7 file_index@44/4=0xFFFFFFFF"),
                of(
                        "accept that does not wait",
                        s -> SocketOps.acceptDontWait(SocketOps.accept(s, FD)),
                        "opcode@0/1=13 ioprio@2/2=2 fd@4/4=7 flags@28/4=0x80000"),
                of(
                        "accept that polls first",
                        s -> SocketOps.pollFirst(SocketOps.accept(s, FD)),
                        "opcode@0/1=13 ioprio@2/2=4 fd@4/4=7 flags@28/4=0x80000"));
    }

    static Stream<Arguments> transfers() {
        return Stream.of(
                of(
                        "recv multishot with limits",
                        s -> SocketOps.recvMultishot(s, FD, 3, 8, 20),
                        "opcode@0/1=27 flags@1/1=0x20 ioprio@2/2=2 fd@4/4=7 len@24/4=8 group@40/2=3"
                                + " optlen@44/4=20"),
                of(
                        "recv that polls first",
                        s -> SocketOps.pollFirst(SocketOps.recv(s, FD, BUFFER, 0)),
                        "opcode@0/1=27 ioprio@2/2=1 fd@4/4=7 addr@16/8=BUFFER len@24/4=100"),
                of(
                        "recv bundle",
                        s -> SocketOps.bundle(SocketOps.recvMultishot(s, FD, 3)),
                        "opcode@0/1=27 flags@1/1=0x20 ioprio@2/2=0x12 fd@4/4=7 group@40/2=3"),
                of(
                        "send select",
                        s -> SocketOps.sendSelect(s, FD, 3, 0x100),
                        "opcode@0/1=26 flags@1/1=0x20 fd@4/4=7 flags@28/4=0x100 group@40/2=3"),
                of(
                        "send bundle",
                        s -> SocketOps.bundle(SocketOps.sendSelect(s, FD, 3, 0)),
                        "opcode@0/1=26 flags@1/1=0x20 ioprio@2/2=0x10 fd@4/4=7 group@40/2=3"),
                of(
                        "send of pieces",
                        s -> SocketOps.send(s, FD, PIECES, 0x4000),
                        "opcode@0/1=26 ioprio@2/2=0x20 fd@4/4=7 addr@16/8=PIECES len@24/4=2"
                                + " flags@28/4=0x4000"),
                of(
                        "send to an address",
                        s -> DatagramOps.sendTo(s, FD, BUFFER, ADDRESS, 0),
                        "opcode@0/1=26 fd@4/4=7 addr2@8/8=ADDRESS addr@16/8=BUFFER len@24/4=100"
                                + " addr_len@44/2=28"),
                of(
                        "send of a part to an address",
                        s -> DatagramOps.sendTo(s, FD, BUFFER, 0, 60, ADDRESS, 0x4000),
                        "opcode@0/1=26 fd@4/4=7 addr2@8/8=ADDRESS addr@16/8=BUFFER len@24/4=60"
                                + " flags@28/4=0x4000 addr_len@44/2=28"),
                of(
                        "recvmsg",
                        s -> DatagramOps.recvmsg(s, SLOT, MESSAGE, 0x20),
                        "opcode@0/1=10 flags@1/1=1 fd@4/4=7 addr@16/8=MESSAGE len@24/4=1"
                                + " flags@28/4=0x20"),
                of(
                        "recvmsg multishot",
                        s -> DatagramOps.recvmsgMultishot(s, FD, MESSAGE, 3, 0),
                        "opcode@0/1=10 flags@1/1=0x20 ioprio@2/2=2 fd@4/4=7 addr@16/8=MESSAGE"
                                + " len@24/4=1 group@40/2=3"));
    }

    static Stream<Arguments> zeroCopy() {
        return Stream.of(
                of(
                        "send without copies",
                        s -> ZeroCopyOps.send(s, FD, BUFFER, 0x4000),
                        "opcode@0/1=47 fd@4/4=7 addr@16/8=BUFFER len@24/4=100 flags@28/4=0x4000"),
                of(
                        "send without copies to an address",
                        s -> ZeroCopyOps.sendTo(s, FD, BUFFER, ADDRESS, 0),
                        "opcode@0/1=47 fd@4/4=7 addr2@8/8=ADDRESS addr@16/8=BUFFER len@24/4=100"
                                + " addr_len@44/2=28"),
                of(
                        "send of pieces without copies",
                        s -> ZeroCopyOps.send(s, FD, PIECES, 0),
                        "opcode@0/1=47 ioprio@2/2=0x20 fd@4/4=7 addr@16/8=PIECES len@24/4=2"),
                of(
                        "send of a registered buffer, with a report",
                        s ->
                                ZeroCopyOps.reportUsage(
                                        ZeroCopyOps.fixedBuffer(
                                                ZeroCopyOps.send(s, SLOT, BUFFER, 0), 5)),
                        "opcode@0/1=47 flags@1/1=1 ioprio@2/2=0x0C fd@4/4=7 addr@16/8=BUFFER"
                                + " len@24/4=100 buf_index@40/2=5"),
                of(
                        "sendmsg without copies in a registered buffer",
                        s -> ZeroCopyOps.fixedBuffer(ZeroCopyOps.sendmsg(s, FD, MESSAGE, 0), 5),
                        "opcode@0/1=48 ioprio@2/2=4 fd@4/4=7 addr@16/8=MESSAGE len@24/4=1"
                                + " buf_index@40/2=5"),
                of(
                        "recv without copies",
                        s -> ZeroCopyOps.recv(s, FD, 4, 5000),
                        "opcode@0/1=58 ioprio@2/2=2 fd@4/4=7 len@24/4=5000 zcrx_ifq_idx@44/4=4"));
    }

    static Stream<Arguments> commands() {
        return Stream.of(
                of("SIOCINQ", s -> CommandOps.unreadBytes(s, FD), "opcode@0/1=46 fd@4/4=7"),
                of(
                        "SIOCOUTQ",
                        s -> CommandOps.unsentBytes(s, SLOT),
                        "opcode@0/1=46 flags@1/1=1 fd@4/4=7 cmd_op@8/4=1"),
                of(
                        "getsockopt",
                        s -> CommandOps.getsockopt(s, FD, 1, 4, BUFFER),
                        "opcode@0/1=46 fd@4/4=7 cmd_op@8/4=2 level@16/4=1 optname@20/4=4"
                                + " optlen@44/4=100 optval@48/8=BUFFER"),
                of(
                        "setsockopt",
                        s -> CommandOps.setsockopt(s, FD, 6, 1, BUFFER),
                        "opcode@0/1=46 fd@4/4=7 cmd_op@8/4=3 level@16/4=6 optname@20/4=1"
                                + " optlen@44/4=100 optval@48/8=BUFFER"),
                of(
                        "transmit timestamps",
                        s -> CommandOps.transmitTimestamps(s, FD),
                        "opcode@0/1=46 fd@4/4=7 cmd_op@8/4=4"),
                of(
                        "driver's command",
                        s -> CommandOps.command(s, FD, 0xC0DE1234, payload(16)),
                        "opcode@0/1=46 fd@4/4=7 cmd_op@8/4=0xC0DE1234 cmd@48/8=0x0807060504030201"
                                + " cmd@56/8=0x100F0E0D0C0B0A09"),
                of(
                        "driver's command with a registered buffer",
                        s -> CommandOps.fixedBuffer(CommandOps.command(s, FD, 1, payload(0)), 9),
                        "opcode@0/1=46 fd@4/4=7 cmd_op@8/4=1 flags@28/4=1 buf_index@40/2=9"),
                of(
                        "driver's repeated command",
                        s -> CommandOps.multishot(CommandOps.command(s, FD, 1, payload(0)), 9),
                        "opcode@0/1=46 flags@1/1=0x20 fd@4/4=7 cmd_op@8/4=1 flags@28/4=2"
                                + " group@40/2=9"));
    }

    private static MemorySegment payload(int bytes) {
        byte[] values = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            values[i] = (byte) (i + 1);
        }
        return MemorySegment.ofArray(values);
    }

    private static Arguments of(String name, Consumer<Sqe> preparation, String expectation) {
        return arguments(name, preparation, expectation);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"connections", "transfers", "zeroCopy", "commands"})
    @Behaviour("SUB-14")
    void preparationSetsItsFieldsAndClearsAllOthers(
            String name, Consumer<Sqe> preparation, String expectation) {
        SqeBytes.assertPrepared(name, preparation, expectation, SYMBOLS);
    }
}
