package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.testkit.Behaviour;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Opening, closing, names, attributes. */
@ExtendWith(DescriptorsReturn.class)
final class PathTest {
    private static final int ENOENT = -2;
    private static final int EBADF = -9;
    private static final int EFAULT = -14;
    private static final int EEXIST = -17;
    private static final int EXDEV = -18;
    private static final int ENOTDIR = -20;
    private static final int EINVAL = -22;

    private static final Arena ARENA = Arena.ofAuto();

    @TempDir Path directory;

    private MemorySegment path(String name) {
        return ARENA.allocateFrom(directory.resolve(name).toString());
    }

    private int open(TestRing test, String name, int flags) {
        PathOps.openat(test.sqe(), Fd.CWD, path(name), flags, 0666).userData(77);
        return test.take(77).result();
    }

    private static void close(TestRing test, int fd, int expected) {
        ControlOps.close(test.sqe(), Descriptor.of(fd)).userData(78);
        test.take(78, expected);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"FIL-14", "FIL-18"})
    void filesAreMadeOpenedAndClosed(RingType type) throws IOException {
        int create = OpenFlags.O_WRONLY | OpenFlags.O_CREAT;
        try (TestRing test = type.open()) {
            int fd = open(test, "file", create | OpenFlags.O_EXCL);
            assertTrue(fd >= 0, "result " + fd);
            close(test, fd, 0);
            close(test, fd, EBADF);
            String mode =
                    java.nio.file.attribute.PosixFilePermissions.toString(
                            Files.getPosixFilePermissions(directory.resolve("file")));
            assertFalse(mode.contains("x"), mode);
            assertEquals(EEXIST, open(test, "file", create | OpenFlags.O_EXCL));
            assertEquals(ENOENT, open(test, "missing", OpenFlags.O_RDONLY));
            assertEquals(ENOTDIR, open(test, "file/below", OpenFlags.O_RDONLY));
            Files.writeString(directory.resolve("file"), "contents");
            close(test, open(test, "file", OpenFlags.O_WRONLY | OpenFlags.O_TRUNC), 0);
            assertEquals(0, Files.size(directory.resolve("file")));
            Files.createSymbolicLink(directory.resolve("link"), directory.resolve("file"));
            assertEquals(-40, open(test, "link", OpenFlags.O_RDONLY | OpenFlags.O_NOFOLLOW));
            int folder = open(test, ".", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            PathOps.openat(
                            test.sqe(),
                            Descriptor.of(folder),
                            ARENA.allocateFrom("file"),
                            OpenFlags.O_RDWR | OpenFlags.O_APPEND,
                            0)
                    .userData(1);
            int relative = test.take(1).result();
            assertTrue(relative >= 0, "result " + relative);
            close(test, relative, 0);
            close(test, folder, 0);
            int handle = open(test, "file", OpenFlags.O_PATH);
            close(test, handle, 0);
        }
    }

    @Test
    @Behaviour("FIL-15")
    void openat2KeepsToItsRules() throws IOException {
        Files.createDirectory(directory.resolve("inside"));
        Files.createFile(directory.resolve("outside"));
        Files.createFile(directory.resolve("inside/file"));
        try (TestRing test = TestRing.open()) {
            int inside = open(test, "inside", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
            Fd folder = Descriptor.of(inside);
            OpenHow beneath = new OpenHow(ARENA).set(0, 0, OpenHow.RESOLVE_BENEATH);
            PathOps.openat2(test.sqe(), folder, ARENA.allocateFrom("file"), beneath).userData(1);
            close(test, test.take(1).result(), 0);
            MemorySegment out = ARENA.allocateFrom("../outside");
            PathOps.openat2(test.sqe(), folder, out, beneath).userData(2);
            test.take(2, EXDEV);
            PathOps.openat2(test.sqe(), folder, out, new OpenHow(ARENA).set(0, 0, 1L << 40))
                    .userData(3);
            test.take(3, EINVAL);
            PathOps.openat2(test.sqe(), folder, out, beneath).len(23).userData(4);
            test.take(4, EINVAL);
            MemorySegment larger = ARENA.allocate(32, 8);
            PathOps.openat2(test.sqe(), folder, ARENA.allocateFrom("file"), beneath)
                    .off(larger.address())
                    .len(32)
                    .hold(larger)
                    .userData(5);
            close(test, test.take(5).result(), 0);
            larger.set(ValueLayout.JAVA_LONG, 24, 1);
            PathOps.openat2(test.sqe(), folder, ARENA.allocateFrom("file"), beneath)
                    .off(larger.address())
                    .len(32)
                    .hold(larger)
                    .userData(6);
            test.take(6, -7);
            close(test, inside, 0);
        }
    }

    @Test
    @Behaviour("FIL-16")
    void cachedResolutionSucceedsOrAsksToTryAgain() throws IOException {
        Files.createFile(directory.resolve("file"));
        try (TestRing test = TestRing.open()) {
            OpenHow cached = new OpenHow(ARENA).set(0, 0, OpenHow.RESOLVE_CACHED);
            PathOps.openat2(test.sqe(), Fd.CWD, path("file"), cached).userData(1);
            int result = test.take(1).result();
            assertTrue(result >= 0 || result == -11, "result " + result);
            if (result >= 0) {
                close(test, result, 0);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"FIL-17", "FIL-18", "REGF-08"})
    void slotsAreOpenedReplacedAndClosed(RingType type) throws IOException {
        Files.writeString(directory.resolve("a"), "a");
        Files.writeString(directory.resolve("b"), "b");
        try (TestRing test = type.open()) {
            FileTable files = FileTable.sparse(test.ring(), 2);
            MemorySegment buffer = ARENA.allocate(1);
            for (String name : new String[] {"a", "b"}) {
                PathOps.openatDirect(test.sqe(), Fd.CWD, path(name), 0, 0, files.slot(0))
                        .userData(1);
                test.take(1, 0);
                FileOps.read(test.sqe(), files.slot(0), buffer, 0).userData(2);
                test.take(2, 1);
                assertEquals(name, Libc.string(buffer, 0, 1));
            }
            PathOps.openatDirect(test.sqe(), Fd.CWD, path("a"), 0, 0, DirectDescriptor.ANY)
                    .userData(3);
            test.take(3, 1);
            PathOps.openatDirect(test.sqe(), Fd.CWD, path("a"), 0, 0, DirectDescriptor.ANY)
                    .userData(4);
            test.take(4, -23);
            PathOps.openatDirect(test.sqe(), Fd.CWD, path("a"), 0, 0, files.slot(1))
                    .opFlags(OpenFlags.O_CLOEXEC)
                    .userData(5);
            test.take(5, EINVAL);
            PathOps.openat(test.sqe(), Fd.CWD, path("a"), 0, 0).addFlags(1).userData(6);
            test.take(6, EBADF);
            ControlOps.close(test.sqe(), files.slot(1)).userData(7);
            test.take(7, 0);
            ControlOps.close(test.sqe(), files.slot(1)).userData(8);
            test.take(8, EBADF);
            ControlOps.close(test.sqe(), Descriptor.direct(2)).userData(9);
            test.take(9, EINVAL);
            ControlOps.close(test.sqe(), files.slot(0)).fd(1).userData(10);
            test.take(10, EINVAL);
            ControlOps.close(test.sqe(), Descriptor.of(0)).addFlags(1).userData(11);
            test.take(11, EBADF);
            ControlOps.close(test.sqe(), Descriptor.of(test.ring().fd())).userData(12);
            test.take(12, EBADF);
            assertThrows(
                    IllegalArgumentException.class,
                    () ->
                            PathOps.openatDirect(
                                    SqeBytes.detached(),
                                    Fd.CWD,
                                    path("a"),
                                    OpenFlags.O_CLOEXEC,
                                    0,
                                    files.slot(0)));
        }
    }

    @Test
    @Behaviour("FIL-19")
    void statxTellsWhatJavaTells() throws IOException {
        Files.writeString(directory.resolve("file"), "12345");
        Files.createSymbolicLink(directory.resolve("link"), directory.resolve("file"));
        try (TestRing test = TestRing.open()) {
            Statx status = new Statx(ARENA);
            PathOps.statx(test.sqe(), Fd.CWD, path("link"), 0, Statx.BASIC_STATS, status)
                    .userData(1);
            test.take(1, 0);
            var attributes = Files.readAttributes(directory.resolve("file"), "unix:*");
            assertEquals(5, status.size());
            assertEquals(attributes.get("ino"), status.inode());
            assertEquals(attributes.get("mode"), status.mode());
            assertEquals(attributes.get("nlink"), status.links());
            assertEquals(
                    Files.getLastModifiedTime(directory.resolve("file")).toInstant(),
                    status.modified());
            PathOps.statx(
                            test.sqe(),
                            Fd.CWD,
                            path("link"),
                            PathOps.AT_SYMLINK_NOFOLLOW,
                            Statx.BASIC_STATS,
                            status)
                    .userData(2);
            test.take(2, 0);
            assertEquals(0xA000, status.mode() & 0xF000); // a symbolic link
            int fd = open(test, "file", OpenFlags.O_RDONLY);
            Fd file = Descriptor.of(fd);
            MemorySegment empty = ARENA.allocateFrom("");
            PathOps.statx(test.sqe(), file, empty, PathOps.AT_EMPTY_PATH, Statx.BASIC_STATS, status)
                    .userData(3);
            test.take(3, 0);
            assertEquals(5, status.size());
            PathOps.statx(test.sqe(), Fd.CWD, path("file"), 0, 1 << 31, status).userData(4);
            test.take(4, EINVAL);
            PathOps.statx(test.sqe(), Fd.CWD, path("file"), 0, Statx.BASIC_STATS, status)
                    .addr(0)
                    .userData(5);
            test.take(5, EFAULT);
            PathOps.statx(test.sqe(), file, empty, PathOps.AT_EMPTY_PATH, 0x7ff, status)
                    .addFlags(1)
                    .userData(6);
            test.take(6, EBADF);
            close(test, fd, 0);
        }
    }

    @Test
    @Behaviour("FIL-20")
    void renameReplacesExchangesOrRefuses() throws IOException {
        Files.writeString(directory.resolve("a"), "a");
        Files.writeString(directory.resolve("b"), "b");
        try (TestRing test = TestRing.open()) {
            rename(test, "a", "b", PathOps.RENAME_NOREPLACE, EEXIST);
            rename(test, "a", "b", PathOps.RENAME_EXCHANGE, 0);
            assertEquals("b", Files.readString(directory.resolve("a")));
            rename(test, "a", "b", 0, 0);
            assertEquals("b", Files.readString(directory.resolve("b")));
            rename(test, "a", "b", 0, ENOENT);
        }
    }

    private void rename(TestRing test, String from, String to, int flags, int expected) {
        PathOps.renameat(test.sqe(), Fd.CWD, path(from), Fd.CWD, path(to), flags).userData(1);
        test.take(1, expected);
    }

    @Test
    @Behaviour("FIL-21")
    void unlinkRemovesFilesAndDirectories() throws IOException {
        Files.createFile(directory.resolve("file"));
        Files.createDirectories(directory.resolve("full/below"));
        try (TestRing test = TestRing.open()) {
            unlink(test, "full", 0, -21);
            unlink(test, "full", PathOps.AT_REMOVEDIR, -39);
            unlink(test, "file", PathOps.AT_REMOVEDIR, ENOTDIR);
            unlink(test, "full/below", PathOps.AT_REMOVEDIR, 0);
            unlink(test, "file", 0, 0);
            unlink(test, "file", 0, ENOENT);
            unlink(test, "file", 1, EINVAL);
            assertFalse(Files.exists(directory.resolve("file")));
        }
    }

    private void unlink(TestRing test, String name, int flags, int expected) {
        PathOps.unlinkat(test.sqe(), Fd.CWD, path(name), flags).userData(1);
        test.take(1, expected);
    }

    @Test
    @Behaviour("FIL-22")
    void directoriesAndLinksAreMade() throws IOException {
        Files.writeString(directory.resolve("file"), "x");
        try (TestRing test = TestRing.open()) {
            PathOps.mkdirat(test.sqe(), Fd.CWD, path("new"), 0755).userData(1);
            test.take(1, 0);
            PathOps.mkdirat(test.sqe(), Fd.CWD, path("new"), 0755).userData(2);
            test.take(2, EEXIST);
            assertTrue(Files.isDirectory(directory.resolve("new")));
            PathOps.symlinkat(test.sqe(), ARENA.allocateFrom("file"), Fd.CWD, path("soft"))
                    .userData(3);
            test.take(3, 0);
            assertEquals(Path.of("file"), Files.readSymbolicLink(directory.resolve("soft")));
            PathOps.linkat(test.sqe(), Fd.CWD, path("soft"), Fd.CWD, path("hard"), 0x400)
                    .userData(4);
            test.take(4, 0);
            assertTrue(Files.isRegularFile(directory.resolve("hard"), LinkOption.NOFOLLOW_LINKS));
            PathOps.linkat(test.sqe(), Fd.CWD, path("file"), Fd.CWD, path("hard"), 0).userData(5);
            test.take(5, EEXIST);
        }
    }

    @Test
    @Behaviour("FIL-23")
    void attributesAreSetAndRead() throws IOException {
        Files.createFile(directory.resolve("file"));
        MemorySegment name = ARENA.allocateFrom("user.uring");
        MemorySegment red =
                ARENA.allocateFrom(
                        ValueLayout.JAVA_BYTE, "red".getBytes(StandardCharsets.ISO_8859_1));
        try (TestRing test = TestRing.open()) {
            XattrOps.setxattr(test.sqe(), path("file"), name, red, XattrOps.XATTR_CREATE)
                    .userData(1);
            int set = test.take(1).result();
            assumeTrue(set != -95, "the file system has no extended attributes");
            assertEquals(0, set);
            XattrOps.setxattr(test.sqe(), path("file"), name, red, XattrOps.XATTR_CREATE)
                    .userData(2);
            test.take(2, EEXIST);
            int fd = open(test, "file", OpenFlags.O_RDWR);
            Fd file = Descriptor.of(fd);
            MemorySegment other = ARENA.allocateFrom("user.other");
            XattrOps.fsetxattr(test.sqe(), file, other, red, XattrOps.XATTR_REPLACE).userData(3);
            test.take(3, -61);
            MemorySegment value = ARENA.allocate(16);
            XattrOps.getxattr(test.sqe(), path("file"), name, value).userData(4);
            test.take(4, 3);
            assertEquals("red", Libc.string(value, 0, 3));
            XattrOps.fgetxattr(test.sqe(), file, name, value.asSlice(0, 2)).userData(5);
            test.take(5, -34);
            XattrOps.fgetxattr(test.sqe(), file, name, value.asSlice(0, 0)).userData(6);
            test.take(6, 3);
            XattrOps.fgetxattr(test.sqe(), file, other, value).userData(7);
            test.take(7, -61);
            FileTable files = FileTable.register(test.ring(), fd);
            XattrOps.fsetxattr(test.sqe(), files.slot(0), other, red, 0).userData(8);
            test.take(8, 0);
            XattrOps.fgetxattr(test.sqe(), files.slot(0), other, value).userData(9);
            test.take(9, 3);
            XattrOps.getxattr(test.sqe(), path("file"), name, value).addFlags(1).userData(10);
            test.take(10, EBADF);
            close(test, fd, 0);
        }
    }
}
