package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of the operations on file data. Memory given here stays reachable until the last
 * completion.
 *
 * <pre>{@code
 * FileOps.read(ring.nextSqe(), file, buffer, 0).userData(1);
 * }</pre>
 */
public final class FileOps {
    /** The most bytes that one read or write moves. */
    public static final int MAX_BYTES = 0x7FFFF000;

    /** Read and write at the file's position and advance it. Kernel 5.6. */
    public static final long CURRENT_POSITION = -1;

    private FileOps() {}

    /** Reads at {@code position} of the file; the result may be short, 0 at its end. Kernel 5.6. */
    public static Sqe read(Sqe sqe, Descriptor file, MemorySegment buffer, long position) {
        long address = NativeMemory.writableAddress(buffer, 0, buffer.byteSize());
        return transfer(sqe, file, buffer, position).addr(address).opcode(Opcode.READ);
    }

    /** Writes at {@code position} of the file; the result may be short. Kernel 5.6. */
    public static Sqe write(Sqe sqe, Descriptor file, MemorySegment buffer, long position) {
        return transfer(sqe, file, buffer, position).opcode(Opcode.WRITE);
    }

    private static Sqe transfer(Sqe sqe, Descriptor file, MemorySegment buffer, long position) {
        return sqe.descriptor(file)
                .addr(NativeMemory.address(buffer))
                .len((int) Math.min(buffer.byteSize(), MAX_BYTES))
                .off(position);
    }
}
