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

/** The preparations on files, paths, pipes and provided buffers, byte for byte. */
final class FileSqeBytesTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final MemorySegment BUFFER = ARENA.allocate(100, 8);
    private static final MemorySegment PATH = ARENA.allocateFrom("path");
    private static final MemorySegment OTHER = ARENA.allocateFrom("other");
    private static final MemorySegment NAME = ARENA.allocateFrom("user.name");
    private static final IoVectors PIECES = new IoVectors(ARENA, 4).add(BUFFER).add(BUFFER, 8, 4);
    private static final OpenHow HOW = new OpenHow(ARENA);
    private static final Statx STATX = new Statx(ARENA);
    private static final IntegrityAttribute TAGS = new IntegrityAttribute(ARENA);

    private static final Fd FD = Descriptor.of(7);
    private static final Fd DIR = Descriptor.of(9);
    private static final DirectDescriptor SLOT = Descriptor.direct(7);

    private static final Map<String, Long> SYMBOLS =
            Map.of(
                    "BUFFER", BUFFER.address(),
                    "BUFFER+16", BUFFER.address() + 16,
                    "PATH", PATH.address(),
                    "OTHER", OTHER.address(),
                    "NAME", NAME.address(),
                    "PIECES", PIECES.segment().address(),
                    "HOW", HOW.segment().address(),
                    "STATX", STATX.memory().address(),
                    "TAGS", TAGS.segment().address());

    static Stream<Arguments> transfers() {
        return Stream.of(
                of(
                        "read of a range",
                        s -> FileOps.read(s, FD, BUFFER, 16, 50, 3),
                        "opcode@0/1=22 fd@4/4=7 off@8/8=3 addr@16/8=BUFFER+16 len@24/4=50"),
                of(
                        "write of a range of a slot",
                        s -> FileOps.write(s, SLOT, BUFFER, 16, 50, 3),
                        "opcode@0/1=23 flags@1/1=1 fd@4/4=7 off@8/8=3 addr@16/8=BUFFER+16"
                                + " len@24/4=50"),
                of(
                        "write with flags",
                        s -> FileOps.flags(FileOps.write(s, FD, BUFFER, 0), 0x12),
                        "opcode@0/1=23 fd@4/4=7 addr@16/8=BUFFER len@24/4=100 rw_flags@28/4=0x12"),
                of(
                        "write to a stream",
                        s -> FileOps.writeStream(FileOps.write(s, FD, BUFFER, 0), 200),
                        "opcode@0/1=23 fd@4/4=7 addr@16/8=BUFFER len@24/4=100 stream@44/1=200"),
                of(
                        "read with protection information",
                        s -> FileOps.integrity(FileOps.read(s, FD, BUFFER, 0), TAGS),
                        "opcode@0/1=22 fd@4/4=7 addr@16/8=BUFFER len@24/4=100 attr@48/8=TAGS"
                                + " attr_type_mask@56/8=1"),
                of(
                        "read with a priority",
                        s -> FileOps.read(s, FD, BUFFER, 0).ioPriority(0x4001),
                        "opcode@0/1=22 ioprio@2/2=0x4001 fd@4/4=7 addr@16/8=BUFFER len@24/4=100"),
                of(
                        "read select",
                        s -> FileOps.readSelect(s, FD, 11, 60, 5),
                        "opcode@0/1=22 flags@1/1=0x20 fd@4/4=7 off@8/8=5 len@24/4=60 group@40/2=11"),
                of(
                        "read multishot",
                        s -> FileOps.readMultishot(s, FD, 11),
                        "opcode@0/1=49 flags@1/1=0x20 fd@4/4=7 off@8/8=-1 group@40/2=11"),
                of(
                        "readv",
                        s -> FileOps.readv(s, FD, PIECES, 4096),
                        "opcode@0/1=1 fd@4/4=7 off@8/8=4096 addr@16/8=PIECES len@24/4=2"),
                of(
                        "writev",
                        s -> FileOps.writev(s, SLOT, PIECES, 4096),
                        "opcode@0/1=2 flags@1/1=1 fd@4/4=7 off@8/8=4096 addr@16/8=PIECES len@24/4=2"),
                of(
                        "read fixed",
                        s -> FixedOps.read(s, FD, BUFFER, 8, 3),
                        "opcode@0/1=4 fd@4/4=7 off@8/8=8 addr@16/8=BUFFER len@24/4=100"
                                + " buf_index@40/2=3"),
                of(
                        "write fixed",
                        s -> FixedOps.write(s, SLOT, BUFFER, 8, 3),
                        "opcode@0/1=5 flags@1/1=1 fd@4/4=7 off@8/8=8 addr@16/8=BUFFER len@24/4=100"
                                + " buf_index@40/2=3"),
                of(
                        "readv fixed",
                        s -> FixedOps.readv(s, FD, PIECES, 8, 3),
                        "opcode@0/1=60 fd@4/4=7 off@8/8=8 addr@16/8=PIECES len@24/4=2"
                                + " buf_index@40/2=3"),
                of(
                        "writev fixed",
                        s -> FixedOps.writev(s, FD, PIECES, 8, 3),
                        "opcode@0/1=61 fd@4/4=7 off@8/8=8 addr@16/8=PIECES len@24/4=2"
                                + " buf_index@40/2=3"));
    }

    static Stream<Arguments> storage() {
        return Stream.of(
                of("fsync", s -> StorageOps.fsync(s, FD), "opcode@0/1=3 fd@4/4=7"),
                of(
                        "fdatasync",
                        s -> StorageOps.fdatasync(s, SLOT),
                        "opcode@0/1=3 flags@1/1=1 fd@4/4=7 fsync_flags@28/4=1"),
                of(
                        "fsync of a range",
                        s -> StorageOps.fsync(s, FD, 100, 200, true),
                        "opcode@0/1=3 fd@4/4=7 off@8/8=100 len@24/4=200 fsync_flags@28/4=1"),
                of(
                        "sync_file_range",
                        s -> StorageOps.syncFileRange(s, FD, 100, 200, 7),
                        "opcode@0/1=8 fd@4/4=7 off@8/8=100 len@24/4=200 flags@28/4=7"),
                of(
                        "fallocate",
                        s -> StorageOps.fallocate(s, FD, 3, 100, 1L << 40),
                        "opcode@0/1=17 fd@4/4=7 off@8/8=100 length@16/8=0x10000000000 mode@24/4=3"),
                of(
                        "ftruncate",
                        s -> StorageOps.ftruncate(s, FD, 1L << 40),
                        "opcode@0/1=55 fd@4/4=7 size@8/8=0x10000000000"),
                of(
                        "fadvise",
                        s -> StorageOps.fadvise(s, FD, 100, 0xFFFFFFFFL, 4),
                        "opcode@0/1=24 fd@4/4=7 off@8/8=100 len@24/4=0xFFFFFFFF advice@28/4=4"),
                of(
                        "fadvise of more than 4 GiB",
                        s -> StorageOps.fadvise(s, FD, 100, 1L << 32, 4),
                        "opcode@0/1=24 fd@4/4=7 off@8/8=100 length@16/8=0x100000000 advice@28/4=4"),
                of(
                        "madvise",
                        s -> StorageOps.madvise(s, BUFFER, 4),
                        "opcode@0/1=25 fd@4/4=-1 addr@16/8=BUFFER len@24/4=100 advice@28/4=4"));
    }

    static Stream<Arguments> paths() {
        return Stream.of(
                of(
                        "openat",
                        s -> PathOps.openat(s, Fd.CWD, PATH, 0x80042, 0640),
                        "opcode@0/1=18 fd@4/4=-100 addr@16/8=PATH mode@24/4=416 flags@28/4=0x80042"),
                of(
                        "openat into a slot",
                        s -> PathOps.openatDirect(s, DIR, PATH, 2, 0, Descriptor.direct(0)),
                        "opcode@0/1=18 fd@4/4=9 addr@16/8=PATH flags@28/4=2 file_index@44/4=1"),
                of(
                        "openat into any slot",
                        s -> PathOps.openatDirect(s, DIR, PATH, 2, 0, DirectDescriptor.ANY),
                        "opcode@0/1=18 fd@4/4=9 addr@16/8=PATH flags@28/4=2"
                                + " file_index@44/4=0xFFFFFFFF"),
                of(
                        "openat2",
                        s -> PathOps.openat2(s, DIR, PATH, HOW),
                        "opcode@0/1=28 fd@4/4=9 how@8/8=HOW addr@16/8=PATH size@24/4=24"),
                of(
                        "openat2 into a slot",
                        s -> PathOps.openat2Direct(s, DIR, PATH, HOW, SLOT),
                        "opcode@0/1=28 fd@4/4=9 how@8/8=HOW addr@16/8=PATH size@24/4=24"
                                + " file_index@44/4=8"),
                of(
                        "statx",
                        s -> PathOps.statx(s, DIR, PATH, 0x100, 0x7ff, STATX),
                        "opcode@0/1=21 fd@4/4=9 buf@8/8=STATX addr@16/8=PATH mask@24/4=0x7ff"
                                + " flags@28/4=0x100"),
                of(
                        "renameat",
                        s -> PathOps.renameat(s, DIR, PATH, Fd.CWD, OTHER, 2),
                        "opcode@0/1=35 fd@4/4=9 new@8/8=OTHER addr@16/8=PATH newdir@24/4=-100"
                                + " flags@28/4=2"),
                of(
                        "unlinkat",
                        s -> PathOps.unlinkat(s, DIR, PATH, 0x200),
                        "opcode@0/1=36 fd@4/4=9 addr@16/8=PATH flags@28/4=0x200"),
                of(
                        "mkdirat",
                        s -> PathOps.mkdirat(s, DIR, PATH, 0755),
                        "opcode@0/1=37 fd@4/4=9 addr@16/8=PATH mode@24/4=493"),
                of(
                        "symlinkat",
                        s -> PathOps.symlinkat(s, OTHER, DIR, PATH),
                        "opcode@0/1=38 fd@4/4=9 link@8/8=PATH addr@16/8=OTHER"),
                of(
                        "linkat",
                        s -> PathOps.linkat(s, DIR, PATH, Fd.CWD, OTHER, 0x400),
                        "opcode@0/1=39 fd@4/4=9 new@8/8=OTHER addr@16/8=PATH newdir@24/4=-100"
                                + " flags@28/4=0x400"),
                of(
                        "setxattr",
                        s -> XattrOps.setxattr(s, PATH, NAME, BUFFER, 1),
                        "opcode@0/1=42 value@8/8=BUFFER addr@16/8=NAME size@24/4=100 flags@28/4=1"
                                + " path@48/8=PATH"),
                of(
                        "fsetxattr",
                        s -> XattrOps.fsetxattr(s, SLOT, NAME, BUFFER, 2),
                        "opcode@0/1=41 flags@1/1=1 fd@4/4=7 value@8/8=BUFFER addr@16/8=NAME"
                                + " size@24/4=100 flags@28/4=2"),
                of(
                        "getxattr",
                        s -> XattrOps.getxattr(s, PATH, NAME, BUFFER),
                        "opcode@0/1=44 value@8/8=BUFFER addr@16/8=NAME size@24/4=100 path@48/8=PATH"),
                of(
                        "fgetxattr",
                        s -> XattrOps.fgetxattr(s, FD, NAME, BUFFER),
                        "opcode@0/1=43 fd@4/4=7 value@8/8=BUFFER addr@16/8=NAME size@24/4=100"));
    }

    static Stream<Arguments> pipesAndBuffers() {
        return Stream.of(
                of(
                        "pipe",
                        s -> PipeOps.pipe(s, BUFFER, 0x80000),
                        "opcode@0/1=62 addr@16/8=BUFFER flags@28/4=0x80000"),
                of(
                        "pipe in slots",
                        s -> PipeOps.pipeDirect(s, BUFFER, 0, SLOT),
                        "opcode@0/1=62 addr@16/8=BUFFER file_index@44/4=8"),
                of(
                        "splice",
                        s -> PipeOps.splice(s, Descriptor.of(3), 64, FD, -1, 4096, 2),
                        "opcode@0/1=30 fd@4/4=7 off_out@8/8=-1 off_in@16/8=64 len@24/4=4096"
                                + " flags@28/4=2 fd_in@44/4=3"),
                of(
                        "splice from slot to slot",
                        s -> PipeOps.splice(s, Descriptor.direct(3), -1, SLOT, 8, 4096, 0),
                        "opcode@0/1=30 flags@1/1=1 fd@4/4=7 off_out@8/8=8 off_in@16/8=-1"
                                + " len@24/4=4096 flags@28/4=0x80000000 fd_in@44/4=3"),
                of(
                        "tee",
                        s -> PipeOps.tee(s, Descriptor.of(3), FD, 4096, 2),
                        "opcode@0/1=33 fd@4/4=7 len@24/4=4096 flags@28/4=2 fd_in@44/4=3"),
                of(
                        "provide buffers",
                        s -> BufferOps.provide(s, BUFFER, 20, 6, 1000),
                        "opcode@0/1=31 count@4/4=5 first@8/8=1000 addr@16/8=BUFFER len@24/4=20"
                                + " group@40/2=6"),
                of(
                        "remove buffers",
                        s -> BufferOps.remove(s, 65535, 5),
                        "opcode@0/1=32 count@4/4=5 group@40/2=65535"));
    }

    private static Arguments of(String name, Consumer<Sqe> preparation, String expectation) {
        return arguments(name, preparation, expectation);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"transfers", "storage", "paths", "pipesAndBuffers"})
    @Behaviour("SUB-14")
    void preparationSetsItsFieldsAndClearsAllOthers(
            String name, Consumer<Sqe> preparation, String expectation) {
        SqeBytes.assertPrepared(name, preparation, expectation, SYMBOLS);
    }
}
