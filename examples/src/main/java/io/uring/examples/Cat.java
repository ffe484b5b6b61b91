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
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Writes files to the standard output: {@code Cat FILE...}. */
public final class Cat {
    private static final Fd STDOUT = Descriptor.of(1);
    private static final int BUFFER_BYTES = 65536;

    private final Ring ring;
    private final MemorySegment buffer;

    private Cat(Ring ring) {
        this.ring = ring;
        this.buffer = ring.allocate(BUFFER_BYTES);
    }

    public static void main(String[] files) throws IOException {
        try (Ring ring = Ring.open(RingConfig.ofEntries(8, 16))) {
            ring.enable();
            Cat cat = new Cat(ring);
            for (String file : files) {
                cat.copy(file);
            }
        }
    }

    private void copy(String file) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = arena.allocateFrom(file);
            PathOps.openat(ring.sqe(), Fd.CWD, path, OpenFlags.O_RDONLY, 0).userData(1);
            Fd in = Descriptor.of(result(file));
            while (true) {
                FileOps.read(ring.sqe(), in, buffer, FileOps.CURRENT_POSITION).userData(2);
                int length = result(file);
                if (length == 0) {
                    break;
                }
                write(length);
            }
            ControlOps.close(ring.sqe(), in).userData(3);
            result(file);
        }
    }

    private void write(int length) throws IOException {
        for (int written = 0; written < length; ) {
            int rest = length - written;
            FileOps.write(ring.sqe(), STDOUT, buffer, written, rest, -1).userData(4);
            written += result("standard output");
        }
    }

    /** Waits for the one operation that is in flight. */
    private int result(String what) throws IOException {
        int[] result = new int[1];
        while (true) {
            ring.submitAndWait(1, Ring.FOREVER);
            if (ring.drain((userData, value, flags) -> result[0] = value) == 1) {
                break;
            }
        }
        if (result[0] < 0) {
            throw new IOException(what + ": " + Errno.name(-result[0]));
        }
        return result[0];
    }
}
