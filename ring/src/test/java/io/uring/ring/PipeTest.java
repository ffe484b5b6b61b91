package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.uring.testkit.Behaviour;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pipes that the ring makes, and what flows through them. */
@ExtendWith(DescriptorsReturn.class)
final class PipeTest {
    private static final int EBADF = -9;
    private static final int EINVAL = -22;
    private static final int ECANCELED = -125;

    private static MemorySegment ends() {
        return Arena.ofAuto().allocate(8, 4);
    }

    private static int end(MemorySegment ends, int index) {
        return ends.getAtIndex(ValueLayout.JAVA_INT, index);
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("FIL-24")
    void pipesAreMadeAsDescriptorsAndInSlots(RingType type) {
        try (TestRing test = type.open()) {
            MemorySegment ends = ends();
            PipeOps.pipe(test.sqe(), ends, OpenFlags.O_CLOEXEC).userData(1);
            test.take(1, 0);
            Libc.write(end(ends, 1), "through");
            assertEquals("through", Libc.read(end(ends, 0)));
            Libc.close(end(ends, 0));
            Libc.close(end(ends, 1));

            FileTable files = FileTable.sparse(test.ring(), 4);
            PipeOps.pipeDirect(test.sqe(), ends, 0, files.slot(1)).userData(2);
            test.take(2, 0);
            MemorySegment text = Arena.ofAuto().allocateFrom("slots").asSlice(0, 5);
            MemorySegment back = Arena.ofAuto().allocate(5);
            FileOps.write(test.sqe(), files.slot(2), text, 0).userData(3).link();
            FileOps.read(test.sqe(), files.slot(1), back, 0).userData(4);
            test.take(3, 5);
            test.take(4, 5);
            assertEquals("slots", Libc.string(back, 0, 5));

            PipeOps.pipeDirect(test.sqe(), ends, 0, DirectDescriptor.ANY).userData(5);
            test.take(5, 0);
            assertEquals(Set.of(0, 3), Set.of(end(ends, 0), end(ends, 1)));
            ControlOps.close(test.sqe(), files.slot(3)).userData(6);
            test.take(6, 0);
            PipeOps.pipeDirect(test.sqe(), ends, 0, DirectDescriptor.ANY).userData(7);
            test.take(7, -23); // one free slot is not enough
            PipeOps.pipeDirect(test.sqe(), ends, 0, files.slot(0))
                    .opFlags(OpenFlags.O_CLOEXEC)
                    .userData(8);
            test.take(8, EINVAL);
            PipeOps.pipe(test.sqe(), ends, 0).addr(8).userData(9);
            test.take(9, -14); // and DescriptorsReturn finds no leak
        }
    }

    @ParameterizedTest
    @EnumSource(RingType.class)
    @Behaviour("SPL-01")
    void bytesFlowFromFileToPipeToFileAndSocket(RingType type, @TempDir Path directory)
            throws IOException {
        Path source = Files.writeString(directory.resolve("source"), "0123456789");
        int in = Libc.open(source, OpenFlags.O_RDONLY);
        int out = Libc.create(directory.resolve("target"));
        try (TestRing test = type.open();
                Libc.Pair pipe = Libc.pipe();
                Libc.Pair sockets = Libc.socketPair(Libc.STREAM)) {
            Fd reader = Descriptor.of(pipe.first());
            Fd writer = Descriptor.of(pipe.second());
            Fd file = Descriptor.of(in);
            PipeOps.splice(test.sqe(), file, 2, writer, PipeOps.NO_POSITION, 6, 0).userData(1);
            test.take(1, 6);
            PipeOps.splice(test.sqe(), reader, -1, Descriptor.of(out), 4, 3, 0).userData(2);
            test.take(2, 3);
            assertEquals("\0\0\0\0" + "234", Files.readString(directory.resolve("target")));
            Fd socket = Descriptor.of(sockets.first());
            PipeOps.splice(test.sqe(), reader, -1, socket, -1, 3, 0).userData(3);
            test.take(3, 3);
            assertEquals("567", Libc.read(sockets.second()));
            PipeOps.splice(test.sqe(), file, -1, writer, -1, 4, 0).userData(4);
            test.take(4, 4);
            assertEquals("0123", Libc.read(pipe.first()));
            PipeOps.splice(test.sqe(), file, -1, writer, -1, 0, 0).userData(5);
            test.take(5, 0);
            PipeOps.splice(test.sqe(), file, 0, writer, 5, 4, 0).userData(6);
            test.take(6, -29);
            PipeOps.splice(test.sqe(), file, 0, Descriptor.of(out), 0, 4, 0).userData(7);
            test.take(7, EINVAL);
            PipeOps.splice(test.sqe(), file, 0, writer, -1, 4, 0).opFlags(1 << 20).userData(8);
            test.take(8, EINVAL);
            PipeOps.splice(test.sqe(), Descriptor.of(9999), 0, writer, -1, 4, 0).userData(9);
            test.take(9, EBADF);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> PipeOps.splice(SqeBytes.detached(), file, 0, writer, -1, 4, 1 << 20));
        }
        Libc.close(in);
        Libc.close(out);
    }

    @Test
    @Behaviour("SPL-02")
    void sourceMayBeASlot() {
        try (TestRing test = TestRing.open();
                Libc.Pair from = Libc.pipe();
                Libc.Pair to = Libc.pipe()) {
            FileTable files = FileTable.register(test.ring(), from.first(), -1);
            Libc.write(from.second(), "slot");
            Fd out = Descriptor.of(to.second());
            PipeOps.splice(test.sqe(), files.slot(0), -1, out, -1, 4, 0).userData(1);
            test.take(1, 4);
            assertEquals("slot", Libc.read(to.first()));
            PipeOps.splice(test.sqe(), files.slot(1), -1, out, -1, 4, 0).userData(2);
            test.take(2, EBADF);
        }
    }

    @Test
    @Behaviour("SPL-03")
    void teeLeavesWhatItDuplicates() {
        try (TestRing test = TestRing.open();
                Libc.Pair from = Libc.pipe();
                Libc.Pair to = Libc.pipe()) {
            Libc.write(from.second(), "twice");
            Fd in = Descriptor.of(from.first());
            Fd out = Descriptor.of(to.second());
            PipeOps.tee(test.sqe(), in, out, 100, 0).userData(1);
            test.take(1, 5);
            assertEquals("twice", Libc.read(to.first()));
            assertEquals("twice", Libc.read(from.first()));
            PipeOps.tee(test.sqe(), in, out, 100, 0).off(1).userData(2);
            test.take(2, EINVAL);
            PipeOps.tee(test.sqe(), in, Descriptor.of(from.second()), 100, 0).userData(3);
            test.take(3, EINVAL);
        }
    }

    @Test
    @Behaviour("SPL-04")
    void shortSpliceBreaksAChain() {
        try (TestRing test = TestRing.open();
                Libc.Pair from = Libc.pipe();
                Libc.Pair to = Libc.pipe()) {
            Libc.write(from.second(), "few");
            Fd in = Descriptor.of(from.first());
            Fd out = Descriptor.of(to.second());
            PipeOps.splice(test.sqe(), in, -1, out, -1, 100, 0).userData(1).link();
            ControlOps.nop(test.sqe()).userData(2);
            test.take(1, 3);
            test.take(2, ECANCELED);
        }
    }
}
