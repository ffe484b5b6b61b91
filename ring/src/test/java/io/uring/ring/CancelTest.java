package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Cancellations by every key, of every kind of operation, in the queue and by a call. */
@ExtendWith(DescriptorsReturn.class)
final class CancelTest {
    private static final long MILLIS = 1_000_000;
    private static final int ECANCELED = -125;
    private static final int ENOENT = -2;
    private static final int ETIME = -62;

    private static Timespec never() {
        return new Timespec(Arena.ofAuto()).set(1_000_000, 0);
    }

    private static void readForEver(TestRing test, Libc.Pair pipe, long userData) {
        FileOps.read(test.sqe(), Descriptor.of(pipe.first()), test.ring().allocate(8), 0)
                .userData(userData);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CAN-02")
    void allThatShareAKeyAreCountedAndNoneIsZero(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            for (int i = 0; i < 3; i++) {
                readForEver(test, pipe, 7);
            }
            test.ring().submit();
            CancelOps.cancel(test.sqe(), Cancellation.of(7).all()).userData(1);
            test.take(1, 3);
            for (TestRing.Event event : test.takeNext(3)) {
                assertEquals(7, event.userData());
                assertEquals(ECANCELED, event.result());
            }
            CancelOps.cancel(test.sqe(), Cancellation.of(7).all()).userData(2);
            test.take(2, 0);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CAN-03")
    void descriptorsAndSlotsAreKeys(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            FileTable files = FileTable.register(test.ring(), -1, pipe.first());
            readForEver(test, pipe, 1);
            readForEver(test, pipe, 2);
            FileOps.read(test.sqe(), files.slot(1), test.ring().allocate(8), 0).userData(3);
            test.ring().submit();
            CancelOps.cancel(test.sqe(), Cancellation.of(Descriptor.of(pipe.first()))).userData(4);
            test.take(4, 0);
            CancelOps.cancel(test.sqe(), Cancellation.of(files.slot(1)).all()).userData(5);
            int slotted = test.take(5).result();
            assertTrue(slotted == 1 || slotted == 2, "cancelled " + slotted); // the same file
            CancelOps.cancelAll(test.sqe(), Descriptor.of(pipe.first())).userData(6);
            test.take(6, 2 - slotted);
            for (TestRing.Event event : test.takeNext(3)) {
                assertEquals(ECANCELED, event.result());
            }
            CancelOps.cancel(test.sqe(), Cancellation.of(Descriptor.of(9999))).userData(7);
            test.take(7, -9);
        }
    }

    @Test
    @Behaviour("CAN-05")
    void operationIsAKeyAndKeysAreCombined() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe();
                Libc.Pair other = Libc.pipe()) {
            Descriptor end = Descriptor.of(pipe.first());
            readForEver(test, pipe, 1);
            PollOps.poll(test.sqe(), end, PollOps.IN).userData(1);
            PollOps.poll(test.sqe(), Descriptor.of(other.first()), PollOps.IN).userData(2);
            test.ring().submit();
            CancelOps.cancel(test.sqe(), Cancellation.of(end).opcode(Opcode.RECV).all())
                    .userData(10);
            test.take(10, 0);
            CancelOps.cancel(test.sqe(), Cancellation.of(end).opcode(Opcode.POLL_ADD).all())
                    .userData(11);
            test.take(11, 1);
            test.take(1, ECANCELED);
            CancelOps.cancel(test.sqe(), Cancellation.of(1).opcode(Opcode.POLL_ADD)).userData(12);
            test.take(12, ENOENT);
            CancelOps.cancel(test.sqe(), Cancellation.of(1).opcode(Opcode.READ)).userData(13);
            test.take(13, 0);
            test.take(1, ECANCELED);
            CancelOps.cancel(test.sqe(), Cancellation.of(Opcode.POLL_ADD)).userData(14);
            test.take(14, 0);
            test.take(2, ECANCELED);
            CancelOps.cancelEverything(test.sqe()).opFlags(4 | 32).userData(15); // ANY and OP
            test.take(15, -22);
            CancelOps.cancelEverything(test.sqe()).opFlags(4 | 2).userData(16); // ANY and FD
            test.take(16, -22);
            assertThrows(IllegalStateException.class, () -> Cancellation.any().opcode(Opcode.READ));
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"CAN-06", "CAN-04", "FTX-05"})
    void everyKindOfWaitingOperationIsCancelledWithOneCompletion(RingType type) throws Exception {
        MemorySegment word = Arena.ofAuto().allocate(4, 4);
        Process child = new ProcessBuilder("sleep", "60").start();
        try (TestRing test = type.open();
                Loopback tcp = Loopback.listen(test);
                Libc.Pair pipe = Libc.pipe();
                Libc.Pair sockets = Libc.socketPair(Libc.STREAM);
                EventFd event = EventFd.open(test.ring())) {
            Descriptor end = Descriptor.of(pipe.first());
            Descriptor socket = Descriptor.of(sockets.first());
            PollOps.poll(test.sqe(), end, PollOps.IN).userData(1);
            PollOps.pollMultishot(test.sqe(), end, PollOps.IN).userData(2);
            TimeoutOps.timeout(test.sqe(), never(), 0).userData(3);
            SocketOps.accept(test.sqe(), tcp.listener).userData(4);
            SocketOps.recv(test.sqe(), socket, test.ring().allocate(8), 0).userData(5);
            MessageHeader message = new MessageHeader(Arena.ofAuto(), 1);
            message.add(test.ring().allocate(8), 0, 8);
            DatagramOps.recvmsg(test.sqe(), socket, message, 0).userData(6);
            readForEver(test, pipe, 7);
            event.prepareRead(test.sqe()).userData(8);
            FileOps.read(test.sqe(), end, test.ring().allocate(8), 0).userData(9).async();
            FutexOps.await(test.sqe(), word, 0, 0, false).userData(10);
            int pid = Math.toIntExact(child.pid());
            ProcessOps.waitid(test.sqe(), ProcessOps.P_PID, pid, ProcessOps.WEXITED, null)
                    .userData(11);
            readForEver(test, pipe, 12);
            test.ring().submit();
            for (int i = 1; i <= 12; i++) {
                cancelUntilFound(test, i);
                TestRing.Event ended = endOf(test, i);
                assertTrue(CancelOps.isCancelled(ended.result()), "operation " + ended);
                assertFalse(ended.more());
            }
        } finally {
            child.destroyForcibly();
            child.waitFor();
        }
    }

    /** A worker that has only just begun may miss its signal: then it is asked again. */
    private static TestRing.Event endOf(TestRing test, long userData) {
        for (int i = 0; i < 50; i++) {
            TestRing.Event ended = test.takeWithin(userData, 200_000_000);
            if (ended != null) {
                return ended;
            }
            CancelOps.cancel(test.sqe(), userData).userData(100);
            test.take(100);
        }
        return test.take(userData);
    }

    /** With SQPOLL and workers an operation may not have started yet. */
    private static void cancelUntilFound(TestRing test, long userData) {
        int result;
        do {
            CancelOps.cancel(test.sqe(), userData).userData(100);
            result = test.take(100).result();
        } while (result == ENOENT);
        // Futexes and waits for processes are counted even when one is looked for.
        assertTrue(
                result == 0 || result == 1 || result == -114,
                "cancellation of " + userData + ": " + result);
    }

    @Test
    @Behaviour("CAN-08")
    void cancellingFileIoNeverHangs(@TempDir Path directory) {
        try (TestRing test = TestRing.open()) {
            int fd = Libc.create(directory.resolve("file"));
            MemorySegment data = test.ring().allocate(1 << 20);
            for (int i = 0; i < 20; i++) {
                FileOps.write(test.sqe(), Descriptor.of(fd), data, 0).userData(1).async();
                CancelOps.cancel(test.sqe(), 1).userData(2);
                int cancelled = test.take(2).result();
                assertTrue(List.of(0, ENOENT, -114).contains(cancelled), "result " + cancelled);
                int written = test.take(1).result();
                assertTrue(written > 0 || CancelOps.isCancelled(written), "result " + written);
            }
            Libc.close(fd);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CAN-09")
    void cancellationThatRacesWithCompletionLeavesOneCompletion(RingType type) {
        long seed = System.nanoTime();
        System.out.println("CancelTest seed " + seed);
        Random random = new Random(seed);
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            for (int i = 0; i < 300; i++) {
                readForEver(test, pipe, 1);
                boolean early = random.nextBoolean();
                if (early) {
                    Libc.write(pipe.second(), "12345678");
                }
                CancelOps.cancel(test.sqe(), 1).userData(2);
                test.ring().submit();
                if (!early) {
                    Libc.write(pipe.second(), "12345678");
                }
                int read = test.take(1).result();
                test.take(2);
                if (read < 0) {
                    assertEquals(ECANCELED, read, "seed " + seed);
                    assertEquals("12345678", Libc.read(pipe.first()));
                } else {
                    assertEquals(8, read, "seed " + seed);
                }
                assertEquals(List.of(), test.takeReady(), "seed " + seed);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = RingType.class, names = "SQPOLL", mode = EnumSource.Mode.EXCLUDE)
    @Behaviour("CAN-10")
    void callCancelsAndWaits(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            Ring ring = test.ring();
            for (int i = 1; i <= 4; i++) {
                readForEver(test, pipe, i);
            }
            ring.submit();
            Fd end = Descriptor.of(pipe.first());
            assertEquals(0, SyncCancel.cancel(ring, Cancellation.of(1), Ring.FOREVER));
            assertEquals(ENOENT, SyncCancel.cancel(ring, Cancellation.of(99), Ring.FOREVER));
            assertEquals(
                    0,
                    SyncCancel.cancel(
                            ring, Cancellation.of(end).opcode(Opcode.READ), Ring.FOREVER));
            // With DEFER_TASKRUN what was cancelled is counted until its completion is posted.
            ControlOps.nop(test.sqe()).userData(5);
            test.take(5, 0);
            assertEquals(2, SyncCancel.cancel(ring, Cancellation.any(), Ring.FOREVER));
            assertEquals(
                    List.of(ECANCELED, ECANCELED, ECANCELED, ECANCELED),
                    test.takeNext(4).stream().map(TestRing.Event::result).toList());
            assertThrows(
                    RingException.class,
                    () -> SyncCancel.cancel(ring, Cancellation.of(Descriptor.of(9999)), 0));
        }
    }

    @Test
    @Behaviour("CAN-10")
    void callGivesUpOnAWorkerThatDoesNotStop() {
        try (TestRing test = TestRing.open();
                Libc.Pair from = Libc.pipe();
                Libc.Pair to = Libc.pipe()) {
            Descriptor in = Descriptor.of(from.first());
            Descriptor out = Descriptor.of(to.second());
            PipeOps.splice(test.sqe(), in, -1, out, -1, 100, 0).userData(1);
            TimeoutOps.timeout(test.sqe(), new Timespec(Arena.ofAuto()).nanos(20 * MILLIS), 0)
                    .userData(2);
            test.take(2, ETIME); // by now the splice waits in its worker
            int result = SyncCancel.cancel(test.ring(), Cancellation.of(1), 100 * MILLIS);
            assertTrue(List.of(0, ENOENT, ETIME, -114).contains(result), "result " + result);
            int ended = test.take(1).result();
            assertTrue(CancelOps.isCancelled(ended), "ended with " + ended);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"CAN-11", "THR-06"})
    void closingADescriptorLeavesItsOperationWhichCanBeCancelled(RingType type) {
        try (TestRing test = type.open()) {
            Libc.Pair pipe = Libc.pipe();
            readForEver(test, pipe, 1);
            test.ring().submit();
            ControlOps.nop(test.sqe()).userData(3);
            test.take(3, 0);
            Libc.close(pipe.first());
            assertEquals(List.of(), test.takeReady());
            CancelOps.cancel(test.sqe(), 1).userData(2);
            test.take(2, 0);
            test.take(1, ECANCELED);
            Libc.close(pipe.second());
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("CAN-12")
    void closingARingReleasesWhatItsOperationsHeld(RingType type) {
        Libc.Pair pipe = Libc.pipe();
        Ring ring = Ring.open(type.config());
        ring.enable();
        FileOps.read(ring.nextSqe(), Descriptor.of(pipe.first()), ring.allocate(8), 0).userData(1);
        PollOps.poll(ring.nextSqe(), Descriptor.of(pipe.first()), PollOps.IN).userData(2);
        ring.submit();
        long start = System.nanoTime();
        ring.close();
        assertTrue(System.nanoTime() - start < 5_000 * MILLIS);
        Libc.close(pipe.first());
        Libc.awaitHangUp(pipe.second());
        Libc.close(pipe.second());
    }

    @Test
    @Behaviour("CAN-13")
    void processWithPendingOperationsOfEveryKindExits() {
        try (io.uring.testkit.ChildJvm child =
                io.uring.testkit.ChildJvm.start(
                        List.of("--enable-native-access=ALL-UNNAMED"), Pending.class)) {
            assertEquals(0, child.awaitExit(java.time.Duration.ofSeconds(30)), child::output);
        }
    }

    /** Leaves operations behind. */
    static final class Pending {
        private Pending() {}

        public static void main(String[] arguments) {
            Ring ring = Ring.open(new RingConfig(64, 256, java.util.Set.of()));
            ring.enable();
            Libc.Pair pipe = Libc.pipe();
            Libc.Pair sockets = Libc.socketPair(Libc.STREAM);
            Libc.Pair to = Libc.pipe();
            Descriptor end = Descriptor.of(pipe.first());
            Descriptor socket = Descriptor.of(sockets.first());
            FileOps.read(ring.nextSqe(), end, ring.allocate(8), 0);
            PollOps.pollMultishot(ring.nextSqe(), end, PollOps.IN);
            SocketOps.recv(ring.nextSqe(), socket, ring.allocate(8), 0);
            TimeoutOps.timeout(ring.nextSqe(), never(), 0);
            PipeOps.splice(ring.nextSqe(), end, -1, Descriptor.of(to.second()), -1, 100, 0);
            FutexOps.await(ring.nextSqe(), ring.allocate(4), 0, 0, false);
            FileOps.read(ring.nextSqe(), end, ring.allocate(8), 0).async();
            if (ring.submit() != 7) {
                throw new AssertionError("not all were submitted");
            }
        }
    }
}
