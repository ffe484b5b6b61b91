package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of reads and writes in registered buffers, whose pages the kernel has at hand. EFAULT
 * when the memory is not inside of the buffer.
 *
 * <pre>{@code
 * RegisteredBuffers buffers = RegisteredBuffers.register(ring, memory);
 * FixedOps.read(ring.nextSqe(), file, memory.asSlice(4096, 512), 0, 0).userData(1);
 * }</pre>
 */
public final class FixedOps {
    private FixedOps() {}

    /**
     * Reads into {@code part} of a registered buffer. Kernel 5.1.
     *
     * @param position in the file, or {@link FileOps#CURRENT_POSITION}
     * @param bufferIndex of the buffer that {@code part} lies in
     */
    public static Sqe read(
            Sqe sqe, Descriptor file, MemorySegment part, long position, int bufferIndex) {
        return FileOps.at(sqe, file, position)
                .writes(Abi.SQE_ADDR, part, 0, part.byteSize())
                .len(FileOps.length(part))
                .bufferIndex(bufferIndex)
                .opcode(Opcode.READ_FIXED);
    }

    /** Writes {@code part} of a registered buffer. Kernel 5.1. */
    public static Sqe write(
            Sqe sqe, Descriptor file, MemorySegment part, long position, int bufferIndex) {
        return FileOps.at(sqe, file, position)
                .reads(Abi.SQE_ADDR, part, 0, part.byteSize())
                .len(FileOps.length(part))
                .bufferIndex(bufferIndex)
                .opcode(Opcode.WRITE_FIXED);
    }

    /** Reads into several parts of one registered buffer. Kernel 6.15. */
    public static Sqe readv(
            Sqe sqe, Descriptor file, IoVectors parts, long position, int bufferIndex) {
        parts.checkPieces(true);
        return FileOps.vectored(sqe, file, parts, position)
                .bufferIndex(bufferIndex)
                .opcode(Opcode.READV_FIXED);
    }

    /** Writes several parts of one registered buffer. Kernel 6.15. */
    public static Sqe writev(
            Sqe sqe, Descriptor file, IoVectors parts, long position, int bufferIndex) {
        parts.checkPieces(false);
        return FileOps.vectored(sqe, file, parts, position)
                .bufferIndex(bufferIndex)
                .opcode(Opcode.WRITEV_FIXED);
    }
}
