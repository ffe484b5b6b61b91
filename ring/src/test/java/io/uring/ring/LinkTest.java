package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Chains and drains. */
@ExtendWith(DescriptorsReturn.class)
final class LinkTest {
    private static final int ECANCELED = -125;

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("LNK-01")
    void membersOfAChainRunInOrder(RingType type) {
        try (TestRing test = type.open()) {
            ControlOps.nop(test.sqe()).userData(1).link();
            ControlOps.nop(test.sqe()).userData(2).async().link();
            ControlOps.nop(test.sqe()).userData(3);
            assertEquals(List.of(1L, 2L, 3L), inOrder(test, 3, 0));
        }
    }

    private static List<Long> inOrder(TestRing test, int count, int result) {
        return test.takeNext(count).stream()
                .peek(event -> assertEquals(result, event.result()))
                .map(TestRing.Event::userData)
                .toList();
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("LNK-02")
    void failureBreaksASoftChainAndNotAHardOne(RingType type) {
        try (TestRing test = type.open()) {
            ControlOps.nop(test.sqe(), -5).userData(1).link();
            ControlOps.nop(test.sqe()).userData(2).link();
            ControlOps.nop(test.sqe()).userData(3);
            ControlOps.nop(test.sqe(), -5).userData(4).hardLink();
            ControlOps.nop(test.sqe()).userData(5);
            test.take(1, -5);
            test.take(2, ECANCELED);
            test.take(3, ECANCELED);
            test.take(4, -5);
            test.take(5, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("LNK-03")
    void shortReadBreaksASoftChainAndNotAHardOne(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            Descriptor end = Descriptor.of(pipe.first());
            MemorySegment buffer = test.ring().allocate(8);
            Libc.write(pipe.second(), "abc");
            FileOps.read(test.sqe(), end, buffer, 0, 8, 0).userData(1).link();
            ControlOps.nop(test.sqe()).userData(2);
            test.take(1, 3);
            test.take(2, ECANCELED);
            Libc.write(pipe.second(), "abc");
            FileOps.read(test.sqe(), end, buffer, 0, 8, 0).userData(3).hardLink();
            ControlOps.nop(test.sqe()).userData(4);
            test.take(3, 3);
            test.take(4, 0);
        }
    }

    @Test
    @Behaviour("LNK-04")
    void shortReceiveBreaksAChainOnlyWhenAllWasWaitedFor() {
        try (TestRing test = TestRing.open();
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            Descriptor socket = Descriptor.of(ends.first());
            MemorySegment buffer = test.ring().allocate(8);
            Libc.write(ends.second(), "abc");
            SocketOps.recv(test.sqe(), socket, buffer, 0, 8, 0).userData(1).link();
            ControlOps.nop(test.sqe()).userData(2);
            test.take(1, 3);
            test.take(2, 0);
            SocketOps.recv(test.sqe(), socket, buffer, 0, 8, SocketOps.MSG_WAITALL)
                    .userData(3)
                    .link();
            ControlOps.nop(test.sqe()).userData(4);
            test.ring().submit();
            Libc.write(ends.second(), "abc");
            SocketOps.shutdown(test.sqe(), Descriptor.of(ends.second()), SocketOps.SHUT_WR)
                    .userData(5);
            test.take(5, 0);
            test.take(3, 3);
            test.take(4, ECANCELED);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("LNK-05")
    void entryThatIsRefusedFailsItsWholeChain(RingType type) {
        try (TestRing test = type.open()) {
            for (boolean hard : new boolean[] {false, true}) {
                chained(ControlOps.nop(test.sqe()).userData(1), hard);
                chained(ControlOps.nop(test.sqe()).opFlags(1 << 30).userData(2), hard);
                ControlOps.nop(test.sqe()).userData(3);
                assertEquals(3, test.ring().submit());
                test.take(1, ECANCELED);
                test.take(2, -22);
                test.take(3, ECANCELED);
            }
        }
    }

    private static void chained(Sqe sqe, boolean hard) {
        if (hard) {
            sqe.hardLink();
        } else {
            sqe.link();
        }
    }

    @Test
    @Behaviour("LNK-06")
    void chainEndsWithItsBatch() {
        try (TestRing test = TestRing.open()) {
            ControlOps.nop(test.sqe(), -5).userData(1).link();
            test.ring().submit();
            ControlOps.nop(test.sqe()).userData(2);
            test.take(1, -5);
            test.take(2, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("LNK-07")
    void chainUsesTheSlotThatItsFirstMemberOpened(RingType type, @TempDir Path directory)
            throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "contents");
        try (TestRing test = type.open();
                Arena arena = Arena.ofShared()) {
            FileTable files = FileTable.sparse(test.ring(), 4);
            MemorySegment path = arena.allocateFrom(file.toString());
            MemorySegment buffer = test.ring().allocate(8).asSlice(0, 8);
            PathOps.openatDirect(test.sqe(), Fd.CWD, path, OpenFlags.O_RDONLY, 0, files.slot(2))
                    .userData(1)
                    .link();
            FileOps.read(test.sqe(), files.slot(2), buffer, 0).userData(2).link();
            ControlOps.close(test.sqe(), files.slot(2)).userData(3);
            test.take(1, 0);
            test.take(2, 8);
            test.take(3, 0);
            assertEquals("contents", Libc.string(buffer, 0, 8));
        }
    }

    @Test
    @Behaviour("LNK-08")
    void writeSyncAndRenameKeepTheirOrder(@TempDir Path directory) throws Exception {
        Path temporary = Files.createFile(directory.resolve("temporary"));
        Path target = directory.resolve("target");
        try (TestRing test = TestRing.open();
                Arena arena = Arena.ofShared()) {
            int fd = Libc.create(temporary);
            MemorySegment data = arena.allocateFrom("data").asSlice(0, 4);
            FileOps.write(test.sqe(), Descriptor.of(fd), data, 0).userData(1).link();
            StorageOps.fsync(test.sqe(), Descriptor.of(fd)).userData(2).link();
            PathOps.renameat(
                            test.sqe(),
                            Fd.CWD,
                            arena.allocateFrom(temporary.toString()),
                            Fd.CWD,
                            arena.allocateFrom(target.toString()),
                            0)
                    .userData(3);
            assertEquals(
                    List.of(1L, 2L, 3L),
                    test.takeNext(3).stream().map(TestRing.Event::userData).toList());
            Libc.close(fd);
        }
        assertEquals("data", Files.readString(target));
    }

    @Test
    @Behaviour("LNK-09")
    void cancellingTheHeadEndsTheChainAndAMemberIsNotFound() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), test.ring().allocate(8), 0)
                    .userData(1)
                    .link();
            ControlOps.nop(test.sqe()).userData(2).link();
            ControlOps.nop(test.sqe()).userData(3);
            test.ring().submit();
            CancelOps.cancel(test.sqe(), 2).userData(4);
            test.take(4, -2);
            CancelOps.cancel(test.sqe(), 1).userData(5);
            test.take(5, 0);
            test.take(1, ECANCELED);
            test.take(2, ECANCELED);
            test.take(3, ECANCELED);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("LNK-10")
    void drainWaitsForWhatIsBeforeAndBlocksWhatIsBehind(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), test.ring().allocate(8), 0)
                    .userData(1);
            ControlOps.nop(test.sqe()).userData(2).drain();
            ControlOps.nop(test.sqe()).userData(3);
            test.ring().submit();
            assertEquals(List.of(), test.takeReady());
            Libc.write(pipe.second(), "x");
            assertEquals(
                    List.of(1L, 2L, 3L),
                    test.takeNext(3).stream().map(TestRing.Event::userData).toList());
        }
    }

    @Test
    @Behaviour("LNK-11")
    void drainWaitsForTheLastCompletionOfAMultishotOperation() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            PollOps.pollMultishot(test.sqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(1);
            test.ring().submit();
            ControlOps.nop(test.sqe()).userData(2).drain();
            test.ring().submit();
            Libc.write(pipe.second(), "x");
            assertTrue(test.take(1).more());
            assertEquals(List.of(), test.takeReady());
            assertEquals(1, SyncCancel.cancel(test.ring(), Cancellation.of(1).all(), Ring.FOREVER));
            test.take(1, ECANCELED);
            test.take(2, 0);
        }
    }

    @Test
    @Behaviour("LNK-12")
    void drainedChainWaitsAsAWhole() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), test.ring().allocate(8), 0)
                    .userData(1);
            ControlOps.nop(test.sqe()).userData(2).drain().link();
            ControlOps.nop(test.sqe()).userData(3);
            test.ring().submit();
            assertEquals(List.of(), test.takeReady());
            Libc.write(pipe.second(), "x");
            assertEquals(
                    List.of(1L, 2L, 3L),
                    test.takeNext(3).stream().map(TestRing.Event::userData).toList());
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"LNK-13", "CQ-11"})
    void onlyTheLastMemberOfASilentChainIsSeen(RingType type) {
        try (TestRing test = type.open()) {
            ControlOps.nop(test.sqe()).userData(1).skipSuccess().link();
            ControlOps.nop(test.sqe()).userData(2).skipSuccess().link();
            ControlOps.nop(test.sqe()).userData(3);
            assertEquals(List.of(3L), inOrder(test, 1, 0));
            ControlOps.nop(test.sqe(), -5).userData(4).skipSuccess();
            test.take(4, -5);
            assertEquals(List.of(), test.takeReady());
        }
    }

    @Test
    @Behaviour("CQ-12")
    void failingMemberDecidesWhetherItsFollowersAreSilent() {
        try (TestRing test = TestRing.open()) {
            ControlOps.nop(test.sqe(), -5).userData(1).skipSuccess().link();
            ControlOps.nop(test.sqe()).userData(2).link();
            ControlOps.nop(test.sqe()).userData(3);
            test.take(1, -5);
            assertEquals(List.of(), test.takeReady());
            ControlOps.nop(test.sqe(), -5).userData(4).link();
            ControlOps.nop(test.sqe()).userData(5).skipSuccess().link();
            ControlOps.nop(test.sqe()).userData(6);
            test.take(4, -5);
            test.take(5, ECANCELED);
            test.take(6, ECANCELED);
        }
    }

    @Test
    @Behaviour("CQ-13")
    void drainIsRefusedOnceASilentOperationWasUsed() {
        try (TestRing test = TestRing.open()) {
            ControlOps.nop(test.sqe()).userData(1).skipSuccess();
            test.ring().submit();
            ControlOps.nop(test.sqe()).userData(2).drain();
            test.take(2, -95);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("LNK-14")
    void chainAsLongAsTheQueueAndTwoChainsAtOnce(RingType type) {
        try (TestRing test = TestRing.open(type.config(32, 128))) {
            for (int i = 1; i <= 32; i++) {
                Sqe sqe = ControlOps.nop(test.sqe()).userData(i);
                if (i != 32) {
                    sqe.link();
                }
            }
            List<Long> whole = inOrder(test, 32, 0);
            for (int i = 0; i < 32; i++) {
                assertEquals(i + 1, whole.get(i));
            }
            for (int chain = 0; chain < 2; chain++) {
                ControlOps.nop(test.sqe()).userData(10 * chain + 1).async().link();
                ControlOps.nop(test.sqe()).userData(10 * chain + 2).link();
                ControlOps.nop(test.sqe()).userData(10 * chain + 3);
            }
            List<Long> both = inOrder(test, 6, 0);
            assertEquals(List.of(1L, 2L, 3L), both.stream().filter(u -> u < 10).toList());
            assertEquals(List.of(11L, 12L, 13L), both.stream().filter(u -> u > 10).toList());
        }
    }
}
