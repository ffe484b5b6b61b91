package io.uring.examples;

import io.uring.ring.ControlOps;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Fd;
import io.uring.ring.FixedOps;
import io.uring.ring.OpenFlags;
import io.uring.ring.PathOps;
import io.uring.ring.RegisteredBuffers;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/**
 * Random reads of 4 KiB past the page cache, many at a time, into a registered buffer: {@code
 * DirectReads FILE READS}.
 */
public final class DirectReads {
    private static final int BLOCK_BYTES = 4096;
    private static final int DEPTH = 32;

    private final Random random = new Random();
    private final Ring ring;
    private final MemorySegment memory;
    private final long blocks;
    private Fd file = Fd.CWD;
    private long completed;
    private int failure;

    private DirectReads(Ring ring, String path) {
        this.ring = ring;
        this.memory = ring.allocate((long) DEPTH * BLOCK_BYTES);
        this.blocks = new File(path).length() / BLOCK_BYTES;
    }

    public static void main(String[] arguments) throws IOException {
        try (Ring ring = Ring.open(RingConfig.ofEntries(DEPTH, 2 * DEPTH));
                Arena arena = Arena.ofConfined()) {
            ring.enable();
            DirectReads reads = new DirectReads(ring, arguments[0]);
            reads.run(arena.allocateFrom(arguments[0]), Long.parseLong(arguments[1]));
        }
    }

    private void run(MemorySegment path, long reads) throws IOException {
        int flags = OpenFlags.O_RDONLY | OpenFlags.O_DIRECT;
        PathOps.openat(ring.sqe(), Fd.CWD, path, flags, 0).userData(0);
        ring.submitAndWait(1, Ring.FOREVER);
        int[] fd = new int[1];
        ring.drain((userData, result, completionFlags) -> fd[0] = result);
        check(fd[0]);
        file = Descriptor.of(fd[0]);
        RegisteredBuffers buffers = RegisteredBuffers.register(ring, memory);
        long start = System.nanoTime();
        for (int slot = 0; slot < DEPTH; slot++) {
            read(slot);
        }
        while (completed < reads && failure == 0) {
            ring.submitAndWait(1, Ring.FOREVER);
            ring.drain(this::next);
        }
        check(failure);
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("%d reads, %.0f a second%n", completed, completed / seconds);
        buffers.close();
        ControlOps.close(ring.sqe(), file);
        ring.submit();
    }

    /** The slot is the piece of the buffer, and the user data. */
    private void read(int slot) {
        MemorySegment part = memory.asSlice((long) slot * BLOCK_BYTES, BLOCK_BYTES);
        long position = random.nextLong(blocks) * BLOCK_BYTES;
        FixedOps.read(ring.sqe(), file, part, position, 0).userData(slot);
    }

    private void next(long slot, int result, int flags) {
        completed++;
        failure = result == BLOCK_BYTES ? failure : Math.min(result, -Errno.EIO);
        read((int) slot);
    }

    private static void check(int result) throws IOException {
        if (result < 0) {
            throw new IOException(Errno.name(-result));
        }
    }
}
