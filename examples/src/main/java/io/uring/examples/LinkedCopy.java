package io.uring.examples;

import io.uring.ring.ControlOps;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Fd;
import io.uring.ring.FileOps;
import io.uring.ring.OpenFlags;
import io.uring.ring.PathOps;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import io.uring.ring.Statx;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Copies a file: {@code LinkedCopy FROM TO}. Each block is a read that is linked to a write, so
 * that one system call moves many blocks.
 */
public final class LinkedCopy {
    private static final int BLOCK_BYTES = 65536;
    private static final int BLOCKS_AT_ONCE = 16;

    private final Ring ring;
    private int failure;

    private LinkedCopy(Ring ring) {
        this.ring = ring;
    }

    public static void main(String[] arguments) throws IOException {
        try (Ring ring = Ring.open(RingConfig.ofEntries(2 * BLOCKS_AT_ONCE, 4 * BLOCKS_AT_ONCE));
                Arena arena = Arena.ofConfined()) {
            ring.enable();
            new LinkedCopy(ring).copy(arena, arguments[0], arguments[1]);
        }
    }

    private void copy(Arena arena, String from, String to) throws IOException {
        Statx status = new Statx(arena);
        MemorySegment source = arena.allocateFrom(from);
        MemorySegment target = arena.allocateFrom(to);
        PathOps.statx(ring.sqe(), Fd.CWD, source, 0, Statx.SIZE, status).userData(1);
        await(1, from);
        PathOps.openat(ring.sqe(), Fd.CWD, source, OpenFlags.O_RDONLY, 0).userData(2);
        Fd in = Descriptor.of(await(1, from));
        int flags = OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC;
        PathOps.openat(ring.sqe(), Fd.CWD, target, flags, 0644).userData(3);
        Fd out = Descriptor.of(await(1, to));
        MemorySegment memory = ring.allocate((long) BLOCK_BYTES * BLOCKS_AT_ONCE);
        long size = status.size();
        for (long position = 0; position < size; ) {
            int entries = 0;
            for (int i = 0; i < BLOCKS_AT_ONCE && position < size; i++, entries += 2) {
                int length = (int) Math.min(BLOCK_BYTES, size - position);
                long at = (long) i * BLOCK_BYTES;
                // A read that is shorter than asked breaks the link: the file changed meanwhile.
                FileOps.read(ring.sqe(), in, memory, at, length, position).userData(4 + i).link();
                FileOps.write(ring.sqe(), out, memory, at, length, position).userData(4 + i);
                position += length;
            }
            await(entries, from + " to " + to);
        }
        ControlOps.close(ring.sqe(), in).userData(1);
        ControlOps.close(ring.sqe(), out).userData(1);
        await(2, to);
    }

    /** Waits for so many completions; returns the result of the last. */
    private int await(int count, String what) throws IOException {
        int[] last = new int[1];
        int seen = 0;
        while (seen < count) {
            ring.submitAndWait(count - seen, Ring.FOREVER);
            seen +=
                    ring.drain((userData, result, flags) -> {
                        last[0] = result;
                        failure = Math.min(failure, result);
                    });
        }
        if (failure < 0) {
            throw new IOException(what + ": " + Errno.name(-failure));
        }
        return last[0];
    }
}
