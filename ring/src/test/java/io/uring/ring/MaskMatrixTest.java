package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Sockets, files, timeouts and buffers with each feature masked: the same results, or a refusal
 * that names the feature before anything is submitted.
 */
@ExtendWith(DescriptorsReturn.class)
final class MaskMatrixTest {
    private static final long MILLIS = 1_000_000;
    private static final int ECANCELED = -125;
    private static final int ETIME = -62;

    private static final Arena ARENA = Arena.ofAuto();

    private static TestRing open(Feature masked) {
        return TestRing.open(new RingConfig(16, 64, Set.of(masked)));
    }

    private static MemorySegment text(String text) {
        return ARENA.allocateFrom(
                ValueLayout.JAVA_BYTE, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Runs what needs a feature; with the feature masked it must be refused by its name. */
    private static boolean works(TestRing test, Feature needed, Runnable operation) {
        if (test.ring().capabilities().has(needed)) {
            operation.run();
            return true;
        }
        String message = assertThrows(UnavailableException.class, operation::run).getMessage();
        assertTrue(message.contains(needed.name()), message);
        test.sqe().clear(); // the refused entry stays a NOP, as this one
        test.takeNext(2);
        return false;
    }

    @ParameterizedTest
    @EnumSource(value = Feature.class, names = "IO_URING", mode = EnumSource.Mode.EXCLUDE)
    @Behaviour("ERR-08")
    void socketsConnectAndTransfer(Feature masked) {
        try (TestRing test = open(masked);
                Loopback tcp = Loopback.listen(test)) {
            boolean repeated =
                    works(
                            test,
                            Feature.MULTISHOT_ACCEPT,
                            () -> SocketOps.acceptMultishot(test.sqe(), tcp.listener).userData(1));
            if (!repeated) {
                SocketOps.accept(test.sqe(), tcp.listener).userData(1);
            }
            Descriptor client = tcp.connecting();
            test.take(1003, 0);
            Descriptor server = Descriptor.of(test.take(1).result());
            SocketOps.send(test.sqe(), client, text("there"), 0).userData(2);
            MemorySegment room = ARENA.allocate(16);
            SocketOps.recv(test.sqe(), server, room, 0).userData(3);
            test.take(2, 5);
            test.take(3, 5);
            assertEquals("there", Libc.string(room, 0, 5));
            MessageHeader message =
                    new MessageHeader(ARENA, 2).add(text("and "), 0, 4).add(text("back"), 0, 4);
            DatagramOps.sendmsg(test.sqe(), server, message, 0).userData(4).link();
            SocketOps.recv(test.sqe(), client, room, 0, 8, SocketOps.MSG_WAITALL).userData(5);
            test.take(4, 8);
            test.take(5, 8);
            assertEquals("and back", Libc.string(room, 0, 8));
            if (repeated) {
                CancelOps.cancel(test.sqe(), 1).userData(6);
                test.take(6, 0);
                test.take(1, ECANCELED);
            }
            for (Descriptor socket : List.of(client, server)) {
                ControlOps.close(test.sqe(), socket).userData(7);
                test.take(7, 0);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Feature.class, names = "IO_URING", mode = EnumSource.Mode.EXCLUDE)
    @Behaviour("ERR-08")
    void filesAreWrittenAndRead(Feature masked, @TempDir Path directory) {
        int fd = Libc.create(directory.resolve("file"));
        try (TestRing test = open(masked)) {
            Fd file = Descriptor.of(fd);
            IoVectors pieces = new IoVectors(ARENA, 2).add(text("two ")).add(text("pieces"));
            FileOps.writev(test.sqe(), file, pieces, 0).userData(1).link();
            StorageOps.fsync(test.sqe(), file).userData(2);
            test.take(1, 10);
            test.take(2, 0);
            MemorySegment room = ARENA.allocate(16);
            FileOps.read(test.sqe(), file, room, 4).userData(3);
            test.take(3, 6);
            assertEquals("pieces", Libc.string(room, 0, 6));
            boolean current =
                    works(
                            test,
                            Feature.RW_CUR_POS,
                            () ->
                                    FileOps.read(test.sqe(), file, room, FileOps.CURRENT_POSITION)
                                            .userData(4));
            if (current) {
                test.take(4, 10);
            }
            works(
                    test,
                    Feature.CQE_SKIP,
                    () -> {
                        FileOps.read(test.sqe(), file, room, 0, 4, 0).skipSuccess().userData(5);
                        ControlOps.nop(test.sqe()).userData(6);
                        test.take(6, 0);
                    });
        }
        Libc.close(fd);
    }

    @ParameterizedTest
    @EnumSource(value = Feature.class, names = "IO_URING", mode = EnumSource.Mode.EXCLUDE)
    @Behaviour("ERR-08")
    void timeoutsFireAndAreRemoved(Feature masked) {
        try (TestRing test = open(masked);
                Libc.Pair pipe = Libc.pipe()) {
            long start = System.nanoTime();
            Timespec soon = new Timespec(ARENA).nanos(5 * MILLIS);
            TimeoutOps.timeout(test.sqe(), soon, 0).userData(1);
            test.take(1, ETIME);
            assertTrue(System.nanoTime() - start >= 5 * MILLIS);
            Timespec never = new Timespec(ARENA).set(1_000_000, 0);
            TimeoutOps.timeout(test.sqe(), never, 0).userData(2);
            TimeoutOps.timeoutRemove(test.sqe(), 2).userData(3);
            test.take(3, 0);
            test.take(2, ECANCELED);
            FileOps.read(test.sqe(), Descriptor.of(pipe.first()), ARENA.allocate(8), 0)
                    .userData(4)
                    .link();
            TimeoutOps.linkTimeout(test.sqe(), soon, 0).userData(5);
            test.take(4, ECANCELED);
            test.take(5, ETIME);
            start = System.nanoTime();
            test.ring().submitAndWait(1, 5 * MILLIS);
            assertTrue(System.nanoTime() - start >= 5 * MILLIS);
            Wait wait = new Wait(ARENA).timeoutNanos(MILLIS).minWaitMicros(100);
            boolean extended =
                    test.ring().capabilities().has(Feature.EXT_ARG)
                            && test.ring().capabilities().has(Feature.MIN_TIMEOUT);
            if (extended) {
                assertEquals(ETIME, test.ring().submitAndWait(1, wait));
            } else {
                assertThrows(UnavailableException.class, () -> test.ring().submitAndWait(1, wait));
            }
            test.takeReady(); // without EXT_ARG the deadlines have completions
        }
    }

    @ParameterizedTest
    @EnumSource(value = Feature.class, names = "IO_URING", mode = EnumSource.Mode.EXCLUDE)
    @Behaviour("ERR-08")
    void buffersAreProvidedInEveryWayThatIsThere(Feature masked) {
        try (TestRing test = open(masked);
                Libc.Pair ends = Libc.socketPair(Libc.STREAM)) {
            Descriptor socket = Descriptor.of(ends.first());
            if (test.ring().capabilities().has(Feature.PBUF_RING)) {
                boolean incremental = test.ring().capabilities().has(Feature.PBUF_RING_INC);
                BufferRing buffers = BufferRing.register(test.ring(), 3, 4, 64, incremental);
                Libc.write(ends.second(), "ring");
                SocketOps.recvSelect(test.sqe(), socket, 3, 0).userData(1);
                assertEquals("ring", BufferRingTest.text(buffers, test.take(1, 4)));
            } else {
                assertThrows(
                        UnavailableException.class,
                        () -> BufferRing.register(test.ring(), 3, 4, 64, false));
            }
            MemorySegment memory = test.ring().allocate(64).asSlice(0, 64);
            BufferOps.provide(test.sqe(), memory, 64, 4, 9).userData(2);
            test.take(2, 0);
            Libc.write(ends.second(), "group");
            SocketOps.recvSelect(test.sqe(), socket, 4, 0).userData(3);
            TestRing.Event event = test.take(3, 5);
            assertEquals(9, event.bufferId());
            assertEquals("group", Libc.string(memory, 0, 5));
            works(
                    test,
                    Feature.RECVSEND_BUNDLE,
                    () -> {
                        SocketOps.sendSelect(test.sqe(), socket, 4, 0).userData(4);
                        test.take(4, -105);
                    });
        }
    }
}
