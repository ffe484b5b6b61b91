package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.testkit.Behaviour;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(DescriptorsReturn.class)
final class FileTableTest {
    private static final int EPERM = 1;
    private static final int ENXIO = 6;
    private static final int EBADF = 9;
    private static final int EBUSY = 16;
    private static final int EINVAL = 22;
    private static final int ENFILE = 23;
    private static final int EMFILE = 24;
    private static final int EOVERFLOW = 75;

    private static final int UNREGISTER_FILES = 3;
    private static final int FILES_UPDATE = 6;
    private static final int REGISTER_FILES2 = 13;
    private static final int FILE_ALLOC_RANGE = 25;

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("REGF-01")
    void registeredFilesWorkWithoutTheirDescriptors(RingType type) {
        try (TestRing test = type.open()) {
            FileTable files;
            Libc.Pair ends = Libc.socketPair(Libc.STREAM);
            try (ends) {
                files =
                        FileTable.register(
                                test.ring(), FileTable.EMPTY, ends.first(), ends.second());
            }
            MemorySegment buffer = test.ring().allocate(8);
            buffer.setString(0, "direct");
            SocketOps.send(test.sqe(), files.slot(1), buffer.asSlice(0, 6), 0).userData(1);
            test.take(1, 6);
            buffer.fill((byte) 0);
            SocketOps.recv(test.sqe(), files.slot(2), buffer, 0).userData(2);
            test.take(2, 6);
            assertEquals("direct", Libc.string(buffer, 0, 6));
            SocketOps.recv(test.sqe(), files.slot(0), buffer, 0).userData(3);
            test.take(3, -EBADF);
            files.close();
            SocketOps.recv(test.sqe(), Descriptor.direct(1), buffer, 0).userData(4);
            test.take(4, -EBADF);
        }
    }

    @Test
    @Behaviour("REGF-01")
    void ringHasOneTableOfDescriptorsThatAreNoRings() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            Ring ring = test.ring();
            assertErrno(EBADF, () -> FileTable.register(ring, ring.fd()));
            assertErrno(EBADF, () -> FileTable.register(ring, pipe.first(), 1_000_000));
            assertThrows(IllegalArgumentException.class, () -> FileTable.register(ring));
            FileTable files = FileTable.register(ring, pipe.first());
            RingException busy = assertErrno(EBUSY, () -> FileTable.register(ring, pipe.first()));
            assertTrue(String.valueOf(busy.getMessage()).contains("close it first"));
            files.close();
            files.close();
            assertEquals(-ENXIO, ring.tryRegister(UNREGISTER_FILES, 0, 0));
            assertThrows(IllegalStateException.class, () -> files.update(0, pipe.first()));
            assertThrows(IllegalStateException.class, () -> files.allocationRange(0, 1));
            FileTable.sparse(ring, 1).close();
        }
    }

    @Test
    @Behaviour("REGF-02")
    void slotsAreSetClearedAndSkipped() {
        try (TestRing test = TestRing.open();
                Libc.Pair one = Libc.pipe();
                Libc.Pair two = Libc.pipe()) {
            FileTable files =
                    FileTable.register(test.ring(), one.second(), one.second(), one.second());
            assertEquals(3, files.update(0, two.second(), FileTable.SKIP, FileTable.EMPTY));
            assertEquals(2, written(test, files.slot(0)));
            assertEquals("ok", Libc.read(two.first()));
            assertEquals(2, written(test, files.slot(1)));
            assertEquals("ok", Libc.read(one.first()));
            assertEquals(-EBADF, written(test, files.slot(2)));
            files.set(2, Descriptor.of(two.second()));
            files.clear(1);
            assertEquals(2, written(test, files.slot(2)));
            assertEquals(-EBADF, written(test, files.slot(1)));
            assertErrno(EBADF, () -> files.update(0, 1_000_000));
            assertThrows(
                    IndexOutOfBoundsException.class,
                    () -> files.update(2, one.second(), one.second()));
            assertThrows(IndexOutOfBoundsException.class, () -> files.slot(3));
            assertThrows(IndexOutOfBoundsException.class, () -> files.slot(-1));
            MemorySegment update = test.ring().allocate(16);
            MemorySegment fds = test.ring().allocate(8);
            update.set(ValueLayout.JAVA_INT, 0, 2);
            update.set(ValueLayout.JAVA_LONG, 8, fds.address());
            assertEquals(-EINVAL, test.ring().tryRegister(FILES_UPDATE, update.address(), 2));
        }
    }

    @Test
    @Behaviour("REGF-03")
    void tagsTellThatFilesAreReplacedOrUnregistered() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            FileTable files = FileTable.sparse(test.ring(), 3);
            int[] fds = {pipe.first(), pipe.second()};
            assertEquals(2, files.update(0, fds, new long[] {81, 82}));
            assertEquals(List.of(), test.takeReady());
            files.update(0, new int[] {pipe.second()}, new long[] {83});
            test.take(81, 0);
            files.clear(0);
            test.take(83, 0);
            files.close();
            test.take(82, 0);
            FileTable tagged =
                    FileTable.register(test.ring(), new int[] {pipe.first()}, new long[] {84});
            tagged.close();
            test.take(84, 0);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> FileTable.register(test.ring(), fds, new long[] {1}));
        }
    }

    @Test
    @Behaviour("REGF-03")
    void sizeOfTheStructureIsChecked() {
        try (TestRing test = TestRing.open()) {
            MemorySegment register = test.ring().allocate(32);
            register.set(ValueLayout.JAVA_INT, 0, 4);
            register.set(ValueLayout.JAVA_INT, 4, 1); // SPARSE
            long address = register.address();
            assertEquals(-EINVAL, test.ring().tryRegister(REGISTER_FILES2, address, 1));
            assertEquals(0, test.ring().tryRegister(REGISTER_FILES2, address, 32));
        }
    }

    @Test
    @Behaviour("REGF-04")
    void operationKeepsTheFileThatItBeganWith() {
        try (TestRing test = TestRing.open();
                Libc.Pair one = Libc.pipe();
                Libc.Pair two = Libc.pipe()) {
            FileTable files = FileTable.register(test.ring(), one.first());
            MemorySegment buffer = test.ring().allocate(8);
            FileOps.read(test.sqe(), files.slot(0), buffer, 0).userData(1);
            assertEquals(List.of(), test.takeReady());
            files.set(0, Descriptor.of(two.first()));
            Libc.write(two.second(), "new");
            assertEquals(List.of(), test.takeReady());
            Libc.write(one.second(), "old");
            test.take(1, 3);
            assertEquals("old", Libc.string(buffer, 0, 3));
            FileOps.read(test.sqe(), files.slot(0), buffer, 0).userData(2);
            test.take(2, 3);
            assertEquals("new", Libc.string(buffer, 0, 3));
        }
    }

    @Test
    @Behaviour("REGF-05")
    void operationUpdatesSlotsOrFindsFreeOnes() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe();
                Arena arena = test.ring().newArena()) {
            MemorySegment fds =
                    arena.allocateFrom(
                            ValueLayout.JAVA_INT, pipe.second(), FileTable.SKIP, FileTable.EMPTY);
            ControlOps.filesUpdate(test.sqe(), fds, 0).userData(1);
            test.take(1, -ENXIO);
            FileTable files = FileTable.sparse(test.ring(), 4);
            ControlOps.filesUpdate(test.sqe(), fds, 1).userData(1);
            test.take(1, 3);
            assertEquals(2, written(test, files.slot(1)));
            assertEquals("ok", Libc.read(pipe.first()));
            ControlOps.filesUpdate(test.sqe(), fds, 2).userData(1);
            test.take(1, -EINVAL);

            for (int i = 0; i < 3; i++) {
                fds.setAtIndex(ValueLayout.JAVA_INT, i, pipe.second());
            }
            ControlOps.filesAllocate(test.sqe(), fds).userData(1);
            test.take(1, 3);
            Set<Integer> found = new HashSet<>();
            for (int slot : fds.toArray(ValueLayout.JAVA_INT)) {
                found.add(slot);
                assertEquals(2, written(test, files.slot(slot)));
                assertEquals("ok", Libc.read(pipe.first()));
            }
            assertEquals(Set.of(0, 2, 3), found);
            fds.setAtIndex(ValueLayout.JAVA_INT, 0, pipe.second());
            ControlOps.filesAllocate(test.sqe(), fds.asSlice(0, 4)).userData(1);
            test.take(1, -ENFILE);
        }
    }

    @Test
    @Behaviour("REGF-06")
    void rangeConfinesTheSlotsThatTheKernelChooses() {
        try (TestRing test = TestRing.open()) {
            FileTable files = FileTable.sparse(test.ring(), 8);
            files.allocationRange(3, 2);
            assertEquals(3, socket(test, DirectDescriptor.ANY));
            assertEquals(4, socket(test, DirectDescriptor.ANY));
            assertEquals(-ENFILE, socket(test, DirectDescriptor.ANY));
            files.allocationRange(0, 1);
            assertEquals(0, socket(test, DirectDescriptor.ANY));
            assertEquals(0, socket(test, files.slot(7))); // outside of the range
            assertThrows(IndexOutOfBoundsException.class, () -> files.allocationRange(7, 2));
            assertThrows(IndexOutOfBoundsException.class, () -> files.allocationRange(-1, 2));
            assertEquals(-EINVAL, allocationRange(test, 7, 2, 0));
            assertEquals(-EOVERFLOW, allocationRange(test, 7, -1, 0));
            assertEquals(-EINVAL, allocationRange(test, 0, 1, 1));
        }
    }

    private static int allocationRange(TestRing test, int first, int count, int arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment range = arena.allocateFrom(ValueLayout.JAVA_INT, first, count, 0, 0);
            return test.ring().tryRegister(FILE_ALLOC_RANGE, range.address(), arguments);
        }
    }

    @Test
    @Behaviour("REGF-07")
    void slotGetsADescriptorOfItsOwn() throws IOException {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe()) {
            FileTable files = FileTable.register(test.ring(), pipe.second(), FileTable.EMPTY);
            for (boolean closeOnExec : new boolean[] {true, false}) {
                ControlOps.fixedFdInstall(test.sqe(), files.slot(0), closeOnExec).userData(1);
                int fd = test.take(1).result();
                assertTrue(fd > 2, () -> "descriptor " + fd);
                Libc.write(fd, "same");
                assertEquals("same", Libc.read(pipe.first()));
                assertEquals(closeOnExec, closesOnExec(fd));
                Libc.close(fd);
            }
            ControlOps.fixedFdInstall(test.sqe(), files.slot(1), true).userData(1);
            test.take(1, -EBADF);
            test.sqe().fd(pipe.second()).opcode(Opcode.FIXED_FD_INSTALL).userData(1);
            test.take(1, -EBADF);
            ControlOps.fixedFdInstall(test.sqe(), files.slot(0), true).opFlags(2).userData(1);
            test.take(1, -EINVAL);
            try (Personality personality = Personality.register(test.ring())) {
                ControlOps.fixedFdInstall(test.sqe(), files.slot(0), true)
                        .personality(personality)
                        .userData(1);
                test.take(1, -EPERM);
            }
        }
    }

    private static boolean closesOnExec(int fd) throws IOException {
        String info = Files.readString(Path.of("/proc/self/fdinfo", String.valueOf(fd)));
        int flags = Integer.parseInt(info.replaceAll("(?s).*flags:\\s+(\\d+).*", "$1"), 8);
        return (flags & 0x80000) != 0;
    }

    @Test
    @Behaviour("REGF-08")
    void slotsAreChosenByTheCallerOrTheKernel() {
        try (TestRing test = TestRing.open()) {
            FileTable files = FileTable.sparse(test.ring(), 3);
            assertEquals(0, socket(test, files.slot(0)));
            assertEquals(1, socket(test, DirectDescriptor.ANY));
            assertEquals(0, socket(test, files.slot(1))); // takes the place of the other
            assertEquals(2, socket(test, DirectDescriptor.ANY));
            assertEquals(-ENFILE, socket(test, DirectDescriptor.ANY));
            assertEquals(-EINVAL, socket(test, Descriptor.direct(3)));
            ControlOps.close(test.sqe(), files.slot(1)).userData(1);
            test.take(1, 0);
            assertEquals(1, socket(test, DirectDescriptor.ANY));
        }
    }

    @Test
    @Behaviour("REGF-09")
    void moreSlotsThanOpenFilesAreRefused() throws IOException {
        String limits = Files.readString(Path.of("/proc/self/limits"));
        String limit = limits.replaceAll("(?s).*Max open files +(\\S+).*", "$1");
        int most = limit.equals("unlimited") ? FileTable.MAX_FILES : Integer.parseInt(limit);
        assumeTrue(most < FileTable.MAX_FILES, "RLIMIT_NOFILE is " + limit);
        try (TestRing test = TestRing.open()) {
            RingException e = assertErrno(EMFILE, () -> FileTable.sparse(test.ring(), most + 1));
            assertTrue(String.valueOf(e.getMessage()).contains("ulimit -n"));
            FileTable.sparse(test.ring(), most).close();
            assertThrows(
                    IllegalArgumentException.class,
                    () -> FileTable.sparse(test.ring(), FileTable.MAX_FILES + 1));
        }
    }

    @Test
    @Behaviour("REGF-10")
    void hundredThousandSlotsAreOpenedAndClosedInATableOfFour() {
        int batch = 4;
        try (TestRing test = TestRing.open()) {
            FileTable files = FileTable.sparse(test.ring(), batch);
            for (int round = 0; round < 100_000 / batch; round++) {
                for (int i = 0; i < batch; i++) {
                    SocketOps.socketDirect(test.sqe(), 1, 1, 0, DirectDescriptor.ANY).userData(1);
                }
                int seen = 0;
                for (TestRing.Event event : test.takeNext(batch)) {
                    assertTrue(event.result() >= 0, event::toString);
                    assertEquals(0, seen & 1 << event.result(), "a slot given twice");
                    seen |= 1 << event.result();
                    ControlOps.close(test.sqe(), files.slot(event.result())).userData(2);
                }
                for (TestRing.Event event : test.takeNext(batch)) {
                    assertEquals(0, event.result());
                }
            }
        }
    }

    private static int written(TestRing test, DirectDescriptor slot) {
        MemorySegment text = test.ring().allocate(2);
        text.setString(0, "o");
        text.set(ValueLayout.JAVA_BYTE, 1, (byte) 'k');
        FileOps.write(test.sqe(), slot, text.asSlice(0, 2), 0).userData(9);
        return test.take(9).result();
    }

    private static int socket(TestRing test, DirectDescriptor slot) {
        SocketOps.socketDirect(test.sqe(), 1, 1, 0, slot).userData(9);
        return test.take(9).result();
    }

    private static RingException assertErrno(
            int errno, org.junit.jupiter.api.function.Executable call) {
        RingException e = assertThrows(RingException.class, call);
        assertEquals(errno, e.errno());
        return e;
    }
}
