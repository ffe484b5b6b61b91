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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Which memory a ring may pin as a registered buffer, and how much. */
@ExtendWith(DescriptorsReturn.class)
final class PinnedMemoryTest {
    private static final int ENOMEM = 12;
    private static final long MEBIBYTE = 1 << 20;

    @Test
    @Behaviour("REGB-09")
    void memoryOfAFileInMemoryIsPinnedAndThatOfAnOrdinaryFileIsNot(@TempDir Path directory)
            throws IOException {
        String kind = Files.getFileStore(directory).type();
        assumeTrue(!kind.equals("tmpfs"), "the directory for temporary files is in memory");
        int file = Libc.create(directory.resolve("file"));
        int memfd = Pages.memfd(8192);
        try (TestRing test = TestRing.open();
                Arena arena = Arena.ofConfined()) {
            Libc.write(file, new byte[8192]);
            RingException refused =
                    assertThrows(
                            RingException.class,
                            () ->
                                    RegisteredBuffers.register(
                                            test.ring(), Pages.shared(arena, 8192, file)));
            assertTrue(refused.errno() == 14 || refused.errno() == 95, refused.getMessage());
            MemorySegment shared = Pages.shared(arena, 8192, memfd);
            RegisteredBuffers table = RegisteredBuffers.register(test.ring(), shared);
            Libc.write(memfd, "written through the file");
            FixedOps.write(test.sqe(), Descriptor.of(file), shared.asSlice(0, 24), 0, 0)
                    .userData(1);
            test.take(1, 24);
            table.close();
            assertEquals(
                    "written through the file",
                    Files.readString(directory.resolve("file")).substring(0, 24));
        } finally {
            Libc.close(file);
            Libc.close(memfd);
        }
    }

    @Test
    @Behaviour("REGB-10")
    void lockedMemoryOfAnOrdinaryUserIsLimited() throws Exception {
        String limits = Files.readString(Path.of("/proc/self/limits"));
        String limit = limits.replaceAll("(?s).*Max locked memory +(\\S+).*", "$1");
        assumeTrue(!limit.equals("unlimited"), "locked memory is unlimited");
        long most = Long.parseLong(limit);
        assumeTrue(most >= MEBIBYTE && most <= 64 * MEBIBYTE, "RLIMIT_MEMLOCK is " + most);
        OwnThread.assumeRoot();
        OwnThread.run(() -> {
            try (TestRing test = TestRing.open();
                    RegisteredBuffers all = pin(test, most * 2)) {
                assertEquals(1, all.size()); // root
            }
            OwnThread.dropPrivileges();
            try (TestRing one = TestRing.open();
                    TestRing two = TestRing.open()) {
                RegisteredBuffers half = pin(one, most / 2);
                RingException full =
                        assertThrows(RingException.class, () -> pin(two, most * 3 / 4));
                assertEquals(ENOMEM, full.errno());
                assertTrue(String.valueOf(full.getMessage()).contains("ulimit -l"));
                half.close();
                pin(two, most * 3 / 4).close();
            }
        });
    }

    private static RegisteredBuffers pin(TestRing test, long bytes) {
        return RegisteredBuffers.register(test.ring(), test.ring().allocate(bytes));
    }

    @Test
    @Behaviour("REGB-11")
    void adjacentBuffersHoldTheRightDataAtTheBoundariesOfPages() {
        long bytes = 6 * MEBIBYTE;
        long[] cuts = {65536 - 1, 65536, 65536 * 3 + 7, 2 * MEBIBYTE, 4 * MEBIBYTE + 1, bytes};
        int file = Pages.memfd(bytes);
        try (TestRing test = TestRing.open();
                Arena arena = Arena.ofConfined()) {
            MemorySegment expected = Pages.shared(arena, bytes, file);
            for (long i = 0; i < bytes; i += Long.BYTES) {
                expected.set(ValueLayout.JAVA_LONG, i, i * 0x9E3779B97F4A7C15L);
            }
            // Aligned to a large page, where the kernel may use one.
            MemorySegment memory = arena.allocate(bytes, 2 * MEBIBYTE);
            MemorySegment[] buffers = new MemorySegment[cuts.length];
            long start = 0;
            for (int i = 0; i < cuts.length; i++) {
                buffers[i] = memory.asSlice(start, cuts[i] - start);
                start = cuts[i];
            }
            RegisteredBuffers table = RegisteredBuffers.register(test.ring(), buffers);
            start = 0;
            for (int i = 0; i < cuts.length; i++) {
                FixedOps.read(test.sqe(), Descriptor.of(file), table.segment(i), start, i)
                        .userData(i + 1);
                test.take(i + 1, Math.toIntExact(cuts[i] - start));
                start = cuts[i];
            }
            assertEquals(-1, expected.mismatch(memory));
        } finally {
            Libc.close(file);
        }
    }
}
