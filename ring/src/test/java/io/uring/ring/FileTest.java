package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.testkit.Behaviour;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Reads, writes, and what is done to a file's storage. */
@ExtendWith(DescriptorsReturn.class)
final class FileTest {
    private static final int EBADF = -9;
    private static final int EFAULT = -14;
    private static final int EINVAL = -22;
    private static final int EOPNOTSUPP = -95;

    @TempDir Path directory;

    /** A new file, open for reading and writing. */
    private OpenFile open(String name) {
        return new OpenFile(Libc.create(directory.resolve(name)));
    }

    private record OpenFile(int fd) implements AutoCloseable {
        Fd descriptor() {
            return Descriptor.of(fd);
        }

        @Override
        public void close() {
            Libc.close(fd);
        }
    }

    private static MemorySegment text(String text) {
        return Arena.ofAuto()
                .allocateFrom(ValueLayout.JAVA_BYTE, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static MemorySegment room(long bytes) {
        return Arena.ofAuto().allocate(bytes, 4096);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("FIL-01")
    void vectoredReadsAndWritesTakeUpTo1024Pieces(RingType type) {
        try (TestRing test = type.open();
                OpenFile file = open("file")) {
            Fd fd = file.descriptor();
            for (int pieces : new int[] {1, 3, 1024}) {
                IoVectors out = new IoVectors(Arena.ofAuto(), pieces);
                IoVectors in = new IoVectors(Arena.ofAuto(), pieces);
                MemorySegment source = room(pieces * 8L);
                MemorySegment target = room(pieces * 8L);
                for (int i = 0; i < pieces; i++) {
                    source.setAtIndex(ValueLayout.JAVA_LONG, i, i + 1L);
                    out.add(source, i * 8L, 8);
                    in.add(target, i * 8L, 8);
                }
                FileOps.writev(test.sqe(), fd, out, 0).userData(1).link();
                FileOps.readv(test.sqe(), fd, in, 0).userData(2);
                test.take(1, pieces * 8);
                test.take(2, pieces * 8);
                assertEquals(-1, source.mismatch(target));
            }
            FileOps.readv(test.sqe(), fd, new IoVectors(Arena.ofAuto(), 1), 0).userData(3);
            test.take(3, 0);
            IoVectors full = new IoVectors(Arena.ofAuto(), 1).add(room(8));
            FileOps.readv(test.sqe(), fd, full, 0).len(1025).userData(4);
            test.take(4, EINVAL);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("FIL-02")
    void positionsBeyondFourGigabytesWork(RingType type) {
        try (TestRing test = type.open();
                OpenFile file = open("sparse")) {
            MemorySegment buffer = room(16).asSlice(0, 5);
            for (long position : new long[] {0, 4096, 5L << 30}) {
                FileOps.write(test.sqe(), file.descriptor(), text("at" + position % 997), position)
                        .userData(1);
                int length = test.take(1).result();
                FileOps.read(test.sqe(), file.descriptor(), buffer, 0, length, position)
                        .userData(2);
                test.take(2, length);
                assertEquals("at" + position % 997, Libc.string(buffer, 0, length));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour({"FIL-03", "FIL-04"})
    void currentPositionAdvancesToTheEndOfTheFile(RingType type) throws IOException {
        try (TestRing test = type.open();
                OpenFile file = open("file")) {
            FileOps.write(test.sqe(), file.descriptor(), text("0123456789"), -1).userData(1);
            test.take(1, 10);
            FileOps.read(test.sqe(), file.descriptor(), room(16), 0, 16, 4).userData(2);
            test.take(2, 6); // across the end
            FileOps.read(test.sqe(), file.descriptor(), room(16), 0, 16, 10).userData(3);
            test.take(3, 0);
            FileOps.read(test.sqe(), file.descriptor(), room(16), 0, 16, 99).userData(4);
            test.take(4, 0);
            FileOps.read(test.sqe(), file.descriptor(), room(16), -1).userData(5);
            test.take(5, 0); // the write moved the position
            StringBuilder all = new StringBuilder();
            int again = Libc.open(directory.resolve("file"), OpenFlags.O_RDONLY);
            MemorySegment buffer = room(4).asSlice(0, 4);
            int read;
            do {
                FileOps.read(test.sqe(), Descriptor.of(again), buffer, FileOps.CURRENT_POSITION)
                        .userData(6);
                read = test.take(6).result();
                all.append(Libc.string(buffer, 0, read));
            } while (read > 0);
            Libc.close(again);
            assertEquals("0123456789", all.toString());
        }
    }

    @Test
    @Behaviour("FIL-05")
    void wrongFilesFlagsAndMemoryAreErrorsOfTheKernel() {
        int folder = Libc.open(directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        try (TestRing test = TestRing.open();
                OpenFile file = open("file")) {
            int reader = Libc.open(directory.resolve("file"), OpenFlags.O_RDONLY);
            int writer = Libc.open(directory.resolve("file"), OpenFlags.O_WRONLY);
            FileOps.write(test.sqe(), file.descriptor(), text("x"), 0).userData(8);
            test.take(8, 1);
            FileOps.read(test.sqe(), Descriptor.of(folder), room(8), 0).userData(1);
            FileOps.write(test.sqe(), Descriptor.of(reader), room(8), 0).userData(2);
            FileOps.read(test.sqe(), Descriptor.of(writer), room(8), 0).userData(3);
            FileOps.read(test.sqe(), file.descriptor(), room(8), 0).addr(8).userData(4);
            FileOps.flags(FileOps.read(test.sqe(), file.descriptor(), room(8), 0), 1 << 20)
                    .userData(5);
            FileOps.flags(FileOps.read(test.sqe(), file.descriptor(), room(8), 0), 1).userData(6);
            test.take(1, -21);
            test.take(2, EBADF);
            test.take(3, EBADF);
            test.take(4, EFAULT);
            test.take(5, EOPNOTSUPP);
            test.take(6, EINVAL);
            Libc.close(reader);
            Libc.close(writer);
        }
        Libc.close(folder);
    }

    @Test
    @Behaviour("FIL-06")
    void directIoWantsAlignment() {
        Path path = directory.resolve("direct");
        Libc.close(Libc.create(path));
        int fd = Libc.tryOpen(path, OpenFlags.O_RDWR | OpenFlags.O_DIRECT);
        assumeTrue(fd >= 0, "the file system of " + directory + " has no O_DIRECT");
        try (TestRing test = TestRing.open()) {
            Fd file = Descriptor.of(fd);
            MemorySegment block = room(8192).fill((byte) 7);
            FileOps.write(test.sqe(), file, block, 0, 4096, 0).userData(1);
            test.take(1, 4096);
            MemorySegment back = room(4096);
            FileOps.read(test.sqe(), file, back, 0, 4096, 0).userData(2);
            test.take(2, 4096);
            assertEquals(-1, back.mismatch(block.asSlice(0, 4096)));
            FileOps.read(test.sqe(), file, block, 1, 4096, 0).userData(3);
            int misaligned = test.take(3).result();
            assertTrue(misaligned == EINVAL || misaligned == 4096, "result " + misaligned);
            FileOps.read(test.sqe(), file, block, 0, 100, 0).userData(4);
            int odd = test.take(4).result();
            assertTrue(odd == EINVAL || odd == 100, "result " + odd);
        }
        Libc.close(fd);
    }

    @Test
    @Behaviour("FIL-07")
    void flagsOfWritesAreHonoured() throws IOException {
        try (TestRing test = TestRing.open();
                OpenFile file = open("file")) {
            Fd fd = file.descriptor();
            FileOps.write(test.sqe(), fd, text("start"), 0).userData(1);
            test.take(1, 5);
            FileOps.flags(FileOps.write(test.sqe(), fd, text("+end"), 0), FileOps.RWF_APPEND)
                    .userData(2);
            test.take(2, 4);
            assertEquals("start+end", Files.readString(directory.resolve("file")));
            int[] synchronous = {FileOps.RWF_DSYNC, FileOps.RWF_SYNC};
            for (int flag : synchronous) {
                FileOps.flags(FileOps.write(test.sqe(), fd, text("START"), 0), flag).userData(3);
                test.take(3, 5);
            }
            FileOps.flags(FileOps.write(test.sqe(), fd, text("x"), 0), FileOps.RWF_NOWAIT)
                    .userData(4);
            int noWait = test.take(4).result();
            assertTrue(noWait == 1 || noWait == -11 || noWait == EOPNOTSUPP, "result " + noWait);
        }
    }

    @Test
    @Behaviour({"FIL-08", "FIL-09"})
    void syncsTakeFilesAndRanges() {
        try (TestRing test = TestRing.open();
                Libc.Pair pipe = Libc.pipe();
                OpenFile file = open("file")) {
            Fd fd = file.descriptor();
            FileOps.write(test.sqe(), fd, room(65536), 0).userData(1);
            test.take(1, 65536);
            StorageOps.fsync(test.sqe(), fd).userData(2);
            test.take(2, 0);
            StorageOps.fdatasync(test.sqe(), fd).userData(3);
            test.take(3, 0);
            StorageOps.fsync(test.sqe(), fd, 4096, 8192, true).userData(4);
            test.take(4, 0);
            StorageOps.fsync(test.sqe(), fd).opFlags(8).userData(5);
            test.take(5, EINVAL);
            StorageOps.fsync(test.sqe(), Descriptor.of(pipe.first())).userData(6);
            test.take(6, EINVAL);
            StorageOps.syncFileRange(test.sqe(), fd, 0, 4096, 7).userData(7);
            int range = test.take(7).result();
            assertTrue(range == 0 || range == -29, "result " + range);
            StorageOps.syncFileRange(test.sqe(), fd, 0, 4096, 1 << 10).userData(8);
            test.take(8, EINVAL);
        }
    }

    @Test
    @Behaviour({"FIL-10", "FIL-11"})
    void storageIsReservedFreedAndCut() throws IOException {
        Path path = directory.resolve("file");
        try (TestRing test = TestRing.open();
                OpenFile file = open("file")) {
            Fd fd = file.descriptor();
            StorageOps.fallocate(test.sqe(), fd, 0, 0, 8192).userData(1);
            int reserved = test.take(1).result();
            assumeTrue(reserved != EOPNOTSUPP, "the file system has no fallocate");
            assertEquals(0, reserved);
            assertEquals(8192, Files.size(path));
            StorageOps.fallocate(test.sqe(), fd, StorageOps.FALLOC_FL_KEEP_SIZE, 8192, 8192)
                    .userData(2);
            test.take(2, 0);
            assertEquals(8192, Files.size(path));
            FileOps.write(test.sqe(), fd, room(8192).fill((byte) 9), 0).userData(3);
            test.take(3, 8192);
            int hole = StorageOps.FALLOC_FL_PUNCH_HOLE | StorageOps.FALLOC_FL_KEEP_SIZE;
            StorageOps.fallocate(test.sqe(), fd, hole, 0, 4096).userData(4);
            test.take(4, 0);
            byte[] contents = Files.readAllBytes(path);
            assertEquals(0, contents[100]);
            assertEquals(9, contents[5000]);
            StorageOps.fallocate(test.sqe(), fd, 0, 0, 0).userData(5);
            test.take(5, EINVAL);
            StorageOps.fallocate(test.sqe(), fd, 0, Long.MAX_VALUE - 4096, 4096).userData(6);
            int tooLarge = test.take(6).result();
            assertTrue(tooLarge == -27 || tooLarge == -28, "result " + tooLarge);

            StorageOps.ftruncate(test.sqe(), fd, 100).userData(7);
            test.take(7, 0);
            assertEquals(100, Files.size(path));
            StorageOps.ftruncate(test.sqe(), fd, 1L << 33).userData(8);
            test.take(8, 0);
            assertEquals(1L << 33, Files.size(path));
            StorageOps.ftruncate(test.sqe(), fd, -1).userData(9);
            test.take(9, EINVAL);
            StorageOps.ftruncate(test.sqe(), fd, 0).len(1).userData(10);
            test.take(10, EINVAL);
            FileTable files = FileTable.register(test.ring(), file.fd());
            StorageOps.ftruncate(test.sqe(), files.slot(0), 5).userData(11);
            test.take(11, 0);
            assertEquals(5, Files.size(path));
        }
    }

    @Test
    @Behaviour({"FIL-12", "FIL-13"})
    void adviceIsTakenForFilesAndMemory() {
        try (TestRing test = TestRing.open();
                OpenFile file = open("file")) {
            Fd fd = file.descriptor();
            for (int advice = 0; advice <= 5; advice++) {
                StorageOps.fadvise(test.sqe(), fd, 0, 4096, advice).userData(1);
                test.take(1, 0);
            }
            StorageOps.fadvise(test.sqe(), fd, 0, 1L << 33, 4).userData(2);
            test.take(2, 0);
            StorageOps.fadvise(test.sqe(), fd, 0, 4096, 99).userData(3);
            test.take(3, EINVAL);
            MemorySegment memory = test.ring().allocate(1 << 20).fill((byte) 5);
            StorageOps.madvise(test.sqe(), memory.asSlice(0, 65536), StorageOps.MADV_DONTNEED)
                    .userData(4);
            test.take(4, 0);
            assertEquals(0, memory.get(ValueLayout.JAVA_BYTE, 65535));
            assertEquals(5, memory.get(ValueLayout.JAVA_BYTE, 65536));
            // The 64-bit length wins over the 32-bit one.
            StorageOps.madvise(test.sqe(), memory.asSlice(65536, 65536), StorageOps.MADV_DONTNEED)
                    .len(1)
                    .off(131072)
                    .userData(5);
            test.take(5, 0);
            assertEquals(0, memory.get(ValueLayout.JAVA_BYTE, 196607));
            assertEquals(5, memory.get(ValueLayout.JAVA_BYTE, 196608));
        }
    }

    @Test
    @Behaviour("FIL-25")
    void devicesPipesAndCountersAreReadAndWritten() {
        try (TestRing test = TestRing.open();
                EventFd counter = EventFd.open(test.ring())) {
            int zero = Libc.open(Path.of("/dev/zero"), OpenFlags.O_RDWR);
            MemorySegment buffer = room(16).asSlice(0, 16).fill((byte) 3);
            FileOps.read(test.sqe(), Descriptor.of(zero), buffer, 0).userData(1);
            test.take(1, 16);
            assertArrayEquals(new byte[16], buffer.toArray(ValueLayout.JAVA_BYTE));
            FileOps.write(test.sqe(), Descriptor.of(zero), buffer, 0).userData(2);
            test.take(2, 16);
            counter.signal();
            counter.prepareRead(test.sqe()).userData(3);
            test.take(3, 8);
            Libc.Pair pipe = Libc.pipe();
            FileOps.write(test.sqe(), Descriptor.of(pipe.second()), text("pipe"), 0).userData(4);
            test.take(4, 4);
            assertEquals("pipe", Libc.read(pipe.first()));
            Libc.close(pipe.first());
            FileOps.write(test.sqe(), Descriptor.of(pipe.second()), text("pipe"), 0).userData(5);
            test.take(5, -32); // and no SIGPIPE, which would end this JVM
            Libc.close(pipe.second());
            Libc.close(zero);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("FIL-26")
    void nonBlockingDescriptorsAreWaitedForUnlessNotToWaitIsAsked(RingType type) {
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe()) {
            Libc.nonBlocking(pipe.first());
            Fd end = Descriptor.of(pipe.first());
            FileOps.flags(FileOps.read(test.sqe(), end, room(8), 0), FileOps.RWF_NOWAIT)
                    .userData(1);
            test.take(1, -11);
            FileOps.read(test.sqe(), end, room(8), 0).userData(2);
            test.ring().submit();
            assertEquals(List.of(), test.takeReady());
            Libc.write(pipe.second(), "now");
            test.take(2, 3);
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("FIL-27")
    void manyReadsAndWritesAtOnceLeaveWhatAModelLeaves(RingType type) throws IOException {
        long seed = System.nanoTime();
        System.out.println("FileTest seed " + seed);
        Random random = new Random(seed);
        int blocks = 64;
        byte[] model = new byte[blocks * 512];
        try (TestRing test = type.open();
                OpenFile file = open("file")) {
            MemorySegment memory = room(model.length);
            for (int round = 0; round < 10; round++) {
                for (int block = 0; block < blocks; block++) {
                    MemorySegment piece = memory.asSlice(block * 512L, 512);
                    byte value = (byte) random.nextInt();
                    piece.fill(value);
                    java.util.Arrays.fill(model, block * 512, (block + 1) * 512, value);
                }
                boolean async = random.nextBoolean();
                for (int block = 0; block < blocks; block++) {
                    Sqe sqe =
                            FileOps.write(
                                            test.sqe(),
                                            file.descriptor(),
                                            memory,
                                            block * 512L,
                                            512,
                                            block * 512L)
                                    .userData(block);
                    if (async) {
                        sqe.async();
                    }
                }
                for (TestRing.Event event : test.takeNext(blocks)) {
                    assertEquals(512, event.result(), "seed " + seed);
                }
                MemorySegment back = room(model.length);
                for (int block = 0; block < blocks; block++) {
                    FileOps.read(
                                    test.sqe(),
                                    file.descriptor(),
                                    back,
                                    block * 512L,
                                    512,
                                    block * 512L)
                            .userData(block);
                }
                for (TestRing.Event event : test.takeNext(blocks)) {
                    assertEquals(512, event.result(), "seed " + seed);
                }
                assertArrayEquals(model, back.toArray(ValueLayout.JAVA_BYTE), "seed " + seed);
            }
        }
    }

    @Test
    @Behaviour("FIL-28")
    void lengthBeyondTheMostThatIsMovedIsNoError() {
        try (TestRing test = TestRing.open();
                OpenFile file = open("file")) {
            FileOps.write(test.sqe(), file.descriptor(), text("short"), 0).userData(1);
            test.take(1, 5);
            // The kernel checks the range before it finds that the file ends: memory is needed.
            MemorySegment reserved = test.ring().allocate(1L << 31);
            FileOps.read(test.sqe(), file.descriptor(), reserved, 0).len(-1 >>> 1).userData(2);
            test.take(2, 5);
            FileOps.read(test.sqe(), file.descriptor(), reserved, 0).userData(3);
            test.take(3, 5);
        }
    }

    @Test
    @Behaviour("FIL-30")
    void priorityIsCheckedByItsClass() {
        try (TestRing test = TestRing.open();
                OpenFile file = open("file")) {
            int bestEffort = 2 << 13;
            for (int level = 0; level < 8; level++) {
                FileOps.read(test.sqe(), file.descriptor(), room(8), 0)
                        .ioPriority(bestEffort | level)
                        .userData(1);
                test.take(1, 0);
            }
            FileOps.read(test.sqe(), file.descriptor(), room(8), 0).ioPriority(7 << 13).userData(2);
            test.take(2, EINVAL);
        }
    }

    @Test
    @Behaviour("FIL-31")
    void polledRingRefusesWhatCannotBePolled() {
        RingConfig config = RingType.PLAIN.config().ioPoll();
        try (TestRing test = TestRing.open(config);
                OpenFile file = open("file")) {
            StorageOps.fsync(test.sqe(), file.descriptor()).userData(1);
            test.take(1, EINVAL);
            FileOps.read(test.sqe(), file.descriptor(), room(4096), 0).userData(2);
            int buffered = test.take(2).result();
            assertTrue(buffered == EOPNOTSUPP || buffered == EINVAL, "result " + buffered);
            ControlOps.nop(test.sqe()).userData(3);
            test.take(3, 0);
        }
    }

    @Test
    @Behaviour({"FIL-32", "FIL-33"})
    void integrityAndStreamsAreRefusedByFilesWithoutThem() {
        try (TestRing test = TestRing.open();
                OpenFile file = open("file")) {
            IntegrityAttribute tags = new IntegrityAttribute(Arena.ofAuto()).set(0, 0, room(64), 0);
            FileOps.integrity(FileOps.read(test.sqe(), file.descriptor(), room(4096), 0), tags)
                    .userData(1);
            int refused = test.take(1).result();
            assertTrue(refused == EINVAL || refused == EOPNOTSUPP, "result " + refused);
            FileOps.writeStream(FileOps.write(test.sqe(), file.descriptor(), room(8), 0), 200)
                    .userData(2);
            int stream = test.take(2).result();
            assertTrue(stream == EINVAL || stream == 8, "result " + stream); // or it is a hint
        }
    }

    @Test
    @Behaviour("FIL-34")
    void commandOfAFileWithoutADriverIsNotSupported() {
        try (TestRing test = TestRing.open();
                OpenFile file = open("file")) {
            int discard = 0x1200; // BLOCK_URING_CMD_DISCARD without its size bits
            CommandOps.command(test.sqe(), file.descriptor(), discard, room(16).asSlice(0, 16))
                    .userData(1);
            test.take(1, EOPNOTSUPP);
        }
    }
}
