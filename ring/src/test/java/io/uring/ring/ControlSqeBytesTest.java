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

/** The preparations on time, other operations, rings, futexes and processes, byte for byte. */
final class ControlSqeBytesTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final MemorySegment WORDS = ARENA.allocate(64, 8);
    private static final Timespec TIME = new Timespec(ARENA);
    private static final EpollEvents EVENTS = new EpollEvents(ARENA, 16);
    private static final FutexVector FUTEXES =
            new FutexVector(ARENA, 4).add(WORDS, 0, 1, false).add(WORDS, 4, 2, true);
    private static final SignalInfo INFO = new SignalInfo(ARENA);

    private static final Fd FD = Descriptor.of(7);
    private static final DirectDescriptor SLOT = Descriptor.direct(7);

    private static final Map<String, Long> SYMBOLS =
            Map.of(
                    "WORDS", WORDS.address(),
                    "WORDS+8", WORDS.address() + 8,
                    "TIME", TIME.segment().address(),
                    "EVENTS", EVENTS.segment().address(),
                    "FUTEXES", FUTEXES.segment().address(),
                    "INFO", INFO.memory().address());

    static Stream<Arguments> time() {
        return Stream.of(
                of(
                        "absolute timeout on another clock",
                        s -> TimeoutOps.timeout(s, TIME, 2, 0x25),
                        "opcode@0/1=11 fd@4/4=-1 count@8/8=2 addr@16/8=TIME len@24/4=1"
                                + " flags@28/4=0x25"),
                of(
                        "multishot timeout",
                        s -> TimeoutOps.timeoutMultishot(s, TIME, 3, 8),
                        "opcode@0/1=11 fd@4/4=-1 count@8/8=3 addr@16/8=TIME len@24/4=1"
                                + " flags@28/4=0x48"),
                of(
                        "link timeout",
                        s -> TimeoutOps.linkTimeout(s, TIME, 1),
                        "opcode@0/1=15 fd@4/4=-1 addr@16/8=TIME len@24/4=1 flags@28/4=1"),
                of(
                        "timeout update",
                        s -> TimeoutOps.timeoutUpdate(s, 99, TIME, 1),
                        "opcode@0/1=12 fd@4/4=-1 time@8/8=TIME target@16/8=99 flags@28/4=3"),
                of(
                        "link timeout update",
                        s -> TimeoutOps.linkTimeoutUpdate(s, 99, TIME, 0),
                        "opcode@0/1=12 fd@4/4=-1 time@8/8=TIME target@16/8=99 flags@28/4=0x12"));
    }

    static Stream<Arguments> cancellations() {
        return Stream.of(
                of(
                        "cancel by user data",
                        s -> CancelOps.cancel(s, Cancellation.of(99)),
                        "opcode@0/1=14 fd@4/4=-1 target@16/8=99"),
                of(
                        "cancel all by descriptor",
                        s -> CancelOps.cancel(s, Cancellation.of(FD).all()),
                        "opcode@0/1=14 fd@4/4=7 flags@28/4=3"),
                of(
                        "cancel by slot, user data and operation",
                        s ->
                                CancelOps.cancel(
                                        s, Cancellation.of(SLOT).userData(99).opcode(Opcode.RECV)),
                        "opcode@0/1=14 fd@4/4=7 target@16/8=99 opcode@24/4=27 flags@28/4=0x3A"),
                of(
                        "cancel by user data and operation",
                        s -> CancelOps.cancel(s, Cancellation.of(99).opcode(Opcode.READ)),
                        "opcode@0/1=14 fd@4/4=-1 target@16/8=99 opcode@24/4=22 flags@28/4=0x30"),
                of(
                        "cancel all by operation",
                        s -> CancelOps.cancel(s, Cancellation.of(Opcode.POLL_ADD).all()),
                        "opcode@0/1=14 fd@4/4=-1 opcode@24/4=6 flags@28/4=0x21"),
                of(
                        "cancel any",
                        s -> CancelOps.cancel(s, Cancellation.any()),
                        "opcode@0/1=14 fd@4/4=-1 flags@28/4=4"));
    }

    static Stream<Arguments> ringAndFiles() {
        return Stream.of(
                of(
                        "nop with a result",
                        s -> ControlOps.nop(s, -5),
                        "opcode@0/1=0 fd@4/4=-1 result@24/4=-5 flags@28/4=1"),
                of(
                        "nop with a file",
                        s -> ControlOps.nopFile(s, FD),
                        "opcode@0/1=0 fd@4/4=7 flags@28/4=2"),
                of(
                        "nop with a slot",
                        s -> ControlOps.nopFile(s, SLOT),
                        "opcode@0/1=0 fd@4/4=7 flags@28/4=6"),
                of(
                        "nop with a buffer",
                        s -> ControlOps.nopBuffer(s, 3),
                        "opcode@0/1=0 fd@4/4=-1 flags@28/4=8 buf_index@40/2=3"),
                of(
                        "nop through task work",
                        ControlOps::nopTaskWork,
                        "opcode@0/1=0 fd@4/4=-1 flags@28/4=16"),
                of(
                        "nop with a large completion",
                        s -> ControlOps.nopExtended(s, 11, 22),
                        "opcode@0/1=0 fd@4/4=-1 off@8/8=11 addr@16/8=22 flags@28/4=32"),
                of(
                        "files update",
                        s -> ControlOps.filesUpdate(s, WORDS.asSlice(0, 12), 5),
                        "opcode@0/1=20 fd@4/4=-1 first@8/8=5 addr@16/8=WORDS count@24/4=3"),
                of(
                        "files allocate",
                        s -> ControlOps.filesAllocate(s, WORDS.asSlice(0, 12)),
                        "opcode@0/1=20 fd@4/4=-1 first@8/8=0xFFFFFFFF addr@16/8=WORDS count@24/4=3"),
                of(
                        "fixed fd install",
                        s -> ControlOps.fixedFdInstall(s, SLOT, false),
                        "opcode@0/1=54 flags@1/1=1 fd@4/4=7 flags@28/4=1"),
                of(
                        "message with flags",
                        s -> MessageOps.send(s, FD, 99, 5, 0xABCD),
                        "opcode@0/1=40 fd@4/4=7 data@8/8=99 result@24/4=5 flags@28/4=2"
                                + " cqe_flags@44/4=0xABCD"),
                of(
                        "file to a ring",
                        s ->
                                MessageOps.sendFile(
                                        s,
                                        FD,
                                        Descriptor.direct(3),
                                        Descriptor.direct(4),
                                        99,
                                        true),
                        "opcode@0/1=40 fd@4/4=7 data@8/8=99 command@16/8=1 flags@28/4=1"
                                + " target@44/4=5 source@48/8=3"),
                of(
                        "file to any slot of a ring",
                        s ->
                                MessageOps.sendFile(
                                        s,
                                        FD,
                                        Descriptor.direct(3),
                                        DirectDescriptor.ANY,
                                        99,
                                        false),
                        "opcode@0/1=40 fd@4/4=7 data@8/8=99 command@16/8=1"
                                + " target@44/4=0xFFFFFFFF source@48/8=3"));
    }

    static Stream<Arguments> readiness() {
        return Stream.of(
                of(
                        "poll update of events",
                        s -> PollOps.pollUpdate(s, 99, 4),
                        "opcode@0/1=7 fd@4/4=-1 target@16/8=99 flags@24/4=2 events@28/4=4"),
                of(
                        "poll update of user data",
                        s -> PollOps.pollUpdate(s, 99, 100L),
                        "opcode@0/1=7 fd@4/4=-1 new@8/8=100 target@16/8=99 flags@24/4=4"),
                of(
                        "poll update of both",
                        s -> PollOps.pollUpdate(s, 99, 100L, 4),
                        "opcode@0/1=7 fd@4/4=-1 new@8/8=100 target@16/8=99 flags@24/4=6"
                                + " events@28/4=4"),
                of(
                        "epoll add",
                        s -> EpollOps.add(s, FD, Descriptor.of(8), EVENTS),
                        "opcode@0/1=29 fd@4/4=7 target@8/8=8 addr@16/8=EVENTS op@24/4=1"),
                of(
                        "epoll modify",
                        s -> EpollOps.modify(s, FD, Descriptor.of(8), EVENTS),
                        "opcode@0/1=29 fd@4/4=7 target@8/8=8 addr@16/8=EVENTS op@24/4=3"),
                of(
                        "epoll delete",
                        s -> EpollOps.delete(s, FD, Descriptor.of(8)),
                        "opcode@0/1=29 fd@4/4=7 target@8/8=8 op@24/4=2"),
                of(
                        "epoll wait",
                        s -> EpollOps.await(s, FD, EVENTS),
                        "opcode@0/1=59 fd@4/4=7 addr@16/8=EVENTS max@24/4=16"));
    }

    static Stream<Arguments> futexesAndProcesses() {
        return Stream.of(
                of(
                        "futex wait",
                        s -> FutexOps.await(s, WORDS, 8, -1, 5, false),
                        "opcode@0/1=51 flags@4/4=0x82 expected@8/8=0xFFFFFFFF addr@16/8=WORDS+8"
                                + " mask@48/8=5"),
                of(
                        "shared futex wait for anybody",
                        s -> FutexOps.await(s, WORDS, 0, 7, true),
                        "opcode@0/1=51 flags@4/4=2 expected@8/8=7 addr@16/8=WORDS"
                                + " mask@48/8=0xFFFFFFFF"),
                of(
                        "futex wake",
                        s -> FutexOps.wake(s, WORDS, 8, 3, false),
                        "opcode@0/1=52 flags@4/4=0x82 count@8/8=3 addr@16/8=WORDS+8"
                                + " mask@48/8=0xFFFFFFFF"),
                of(
                        "futex waitv",
                        s -> FutexOps.awaitAny(s, FUTEXES),
                        "opcode@0/1=53 addr@16/8=FUTEXES count@24/4=2"),
                of(
                        "waitid",
                        s -> ProcessOps.waitid(s, 1, 1234, 4, INFO),
                        "opcode@0/1=50 id@4/4=1234 info@8/8=INFO type@24/4=1 options@44/4=4"),
                of(
                        "waitid without a report",
                        s -> ProcessOps.waitid(s, 0, 0, 5, null),
                        "opcode@0/1=50 options@44/4=5"));
    }

    static Stream<Arguments> common() {
        return Stream.of(
                of("link", s -> ControlOps.nop(s).link(), "opcode@0/1=0 flags@1/1=4 fd@4/4=-1"),
                of("hard", s -> ControlOps.nop(s).hardLink(), "opcode@0/1=0 flags@1/1=8 fd@4/4=-1"),
                of("drain", s -> ControlOps.nop(s).drain(), "opcode@0/1=0 flags@1/1=2 fd@4/4=-1"),
                of("async", s -> ControlOps.nop(s).async(), "opcode@0/1=0 flags@1/1=16 fd@4/4=-1"),
                of(
                        "skip",
                        s -> ControlOps.nop(s).skipSuccess().link(),
                        "opcode@0/1=0 flags@1/1=0x44 fd@4/4=-1"),
                of(
                        "select",
                        s -> ControlOps.nop(s).selectBuffer(258),
                        "opcode@0/1=0 flags@1/1=0x20 fd@4/4=-1 group@40/2=258"));
    }

    private static Arguments of(String name, Consumer<Sqe> preparation, String expectation) {
        return arguments(name, preparation, expectation);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({
        "time",
        "cancellations",
        "ringAndFiles",
        "readiness",
        "futexesAndProcesses",
        "common"
    })
    @Behaviour("SUB-14")
    void preparationSetsItsFieldsAndClearsAllOthers(
            String name, Consumer<Sqe> preparation, String expectation) {
        SqeBytes.assertPrepared(name, preparation, expectation, SYMBOLS);
    }
}
