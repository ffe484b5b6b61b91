package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of provided buffers as kernels before 5.19 have them: handed over one by one with
 * operations. {@link BufferRing} is faster.
 *
 * <pre>{@code
 * BufferOps.provide(ring.nextSqe(), memory, 4096, 7, 0).userData(1); // as many as fit, ids from 0
 * SocketOps.recvSelect(ring.nextSqe(), socket, 7, 0).userData(2);
 * }</pre>
 */
public final class BufferOps {
    private static final int MAX_BUFFERS = 65535;

    private BufferOps() {}

    /**
     * Hands all of {@code memory} to a group as buffers of a size; the result is 0 (before 5.18: a
     * number). The ring holds the memory until it closes, since nobody tells when the kernel is
     * done with it. Kernel 5.7.
     *
     * @param bufferBytes of each
     * @param group 0 to 65535
     * @param firstId of the first; the others follow
     */
    public static Sqe provide(
            Sqe sqe, MemorySegment memory, int bufferBytes, int group, int firstId) {
        if (bufferBytes < 1) {
            throw new IllegalArgumentException("bufferBytes " + bufferBytes);
        }
        long count = memory.byteSize() / bufferBytes;
        if (count < 1 || count > MAX_BUFFERS) {
            throw new IllegalArgumentException(count + " buffers, not 1 to " + MAX_BUFFERS);
        }
        return sqe.writes(Abi.SQE_ADDR, memory, 0, memory.byteSize())
                .holdUntilClose(memory)
                .fd((int) count)
                .len(bufferBytes)
                .off(firstId)
                .putShort(Abi.SQE_BUF_GROUP, group)
                .opcode(Opcode.PROVIDE_BUFFERS);
    }

    /**
     * Takes back at most {@code count} buffers that were not used; the result is how many. Kernel
     * 5.7.
     */
    public static Sqe remove(Sqe sqe, int group, int count) {
        if (count < 1 || count > MAX_BUFFERS) {
            throw new IllegalArgumentException("count " + count + ", not 1 to " + MAX_BUFFERS);
        }
        return sqe.fd(count).putShort(Abi.SQE_BUF_GROUP, group).opcode(Opcode.REMOVE_BUFFERS);
    }
}
