package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Preparation of operations on pipes: making them, and moving bytes through them inside of the
 * kernel.
 *
 * <pre>{@code
 * PipeOps.splice(ring.nextSqe(), file, 0, pipeIn, PipeOps.NO_POSITION, 65536, 0).userData(1).link();
 * PipeOps.splice(ring.nextSqe(), pipeOut, -1, socket, -1, 65536, 0).userData(2);
 * }</pre>
 */
public final class PipeOps {
    /** Of a pipe, or for the current position of a file. */
    public static final long NO_POSITION = -1;

    public static final int SPLICE_F_MOVE = 1;
    public static final int SPLICE_F_NONBLOCK = 2;
    public static final int SPLICE_F_MORE = 4;

    private static final int SPLICE_F_FD_IN_FIXED = 1 << 31;
    private static final int KNOWN_FLAGS = 0xf;
    private static final long PAIR_BYTES = 2 * ValueLayout.JAVA_INT.byteSize();

    private PipeOps() {}

    /**
     * Makes a pipe. Kernel 6.16.
     *
     * @param ends two 32-bit numbers, which get the descriptor to read and the one to write
     * @param flags {@link OpenFlags#O_CLOEXEC}, O_NONBLOCK, O_DIRECT
     */
    public static Sqe pipe(Sqe sqe, MemorySegment ends, int flags) {
        return sqe.writes(Abi.SQE_ADDR, ends, 0, PAIR_BYTES).opFlags(flags).opcode(Opcode.PIPE);
    }

    /**
     * Makes a pipe in two slots: {@code first} and the next one, or two that the kernel chooses for
     * ANY. Kernel 6.16.
     *
     * @param ends two 32-bit numbers, which get the slots
     */
    public static Sqe pipeDirect(Sqe sqe, MemorySegment ends, int flags, DirectDescriptor first) {
        if ((flags & OpenFlags.O_CLOEXEC) != 0) {
            throw new IllegalArgumentException("a slot has no close-on-exec");
        }
        return pipe(sqe, ends, flags).target(first);
    }

    /**
     * Moves bytes between a pipe and another file without copying them to the program; the result
     * may be short. Kernel 5.7. Blocks in a kernel worker, where no link timeout reaches it.
     *
     * @param inPosition in the source, or {@link #NO_POSITION}
     * @param outPosition in the target, or {@link #NO_POSITION}
     */
    public static Sqe splice(
            Sqe sqe,
            Descriptor in,
            long inPosition,
            Descriptor out,
            long outPosition,
            int length,
            int flags) {
        return fromPipe(sqe, in, out, length, flags)
                .addr(inPosition)
                .off(outPosition)
                .opcode(Opcode.SPLICE);
    }

    /** Duplicates what is in a pipe into another, and leaves it there. Kernel 5.8. */
    public static Sqe tee(Sqe sqe, Descriptor in, Descriptor out, int length, int flags) {
        return fromPipe(sqe, in, out, length, flags).opcode(Opcode.TEE);
    }

    private static Sqe fromPipe(Sqe sqe, Descriptor in, Descriptor out, int length, int flags) {
        if ((flags & ~KNOWN_FLAGS) != 0) {
            throw new IllegalArgumentException("splice flags 0x" + Integer.toHexString(flags));
        }
        if (in.number() < 0) {
            throw new IllegalArgumentException(in + " is no source");
        }
        return sqe.descriptor(out)
                .fileIndex(in.number())
                .len(FileOps.nonNegative(length))
                .opFlags(in.direct() ? flags | SPLICE_F_FD_IN_FIXED : flags);
    }
}
