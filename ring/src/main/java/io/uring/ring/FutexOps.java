package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.MemorySegment;

/**
 * Preparation of futex operations: waits on a 32-bit word of memory that other threads or processes
 * wake. They work together with the futex system calls.
 *
 * <pre>{@code
 * FutexOps.await(ring.nextSqe(), word, 0, 1, false).userData(1); // while the word is 1
 * FutexOps.wake(other.nextSqe(), word, 0, 1, false).userData(2); // result: how many
 * }</pre>
 */
public final class FutexOps {
    private static final int WORD_BYTES = 4;
    private static final int SIZE_U32 = 2;
    private static final int PRIVATE = 0x80;

    /** Matches every waiter; what the classic system call uses. */
    public static final int MATCH_ANY = -1;

    private FutexOps() {}

    /**
     * Waits until somebody wakes the word; EAGAIN when it does not hold {@code expected}. Kernel
     * 6.7.
     *
     * @param offset of the word, which is aligned to 4 bytes
     * @param shared whether another process may wake it
     */
    public static Sqe await(
            Sqe sqe, MemorySegment word, long offset, int expected, boolean shared) {
        return await(sqe, word, offset, expected, MATCH_ANY, shared);
    }

    /** The same, for wakes that have a bit in common with {@code bitset}, which is not 0. */
    public static Sqe await(
            Sqe sqe, MemorySegment word, long offset, int expected, int bitset, boolean shared) {
        return futex(sqe, word, offset, bitset, shared)
                .off(Integer.toUnsignedLong(expected))
                .opcode(Opcode.FUTEX_WAIT);
    }

    /** Wakes at most {@code count} waiters; the result is how many. Kernel 6.7. */
    public static Sqe wake(Sqe sqe, MemorySegment word, long offset, int count, boolean shared) {
        return wake(sqe, word, offset, count, MATCH_ANY, shared);
    }

    /** The same, for waiters that have a bit in common with {@code bitset}, which is not 0. */
    public static Sqe wake(
            Sqe sqe, MemorySegment word, long offset, int count, int bitset, boolean shared) {
        if (count < 0) {
            throw new IllegalArgumentException("count " + count);
        }
        return futex(sqe, word, offset, bitset, shared).off(count).opcode(Opcode.FUTEX_WAKE);
    }

    private static Sqe futex(Sqe sqe, MemorySegment word, long offset, int bitset, boolean shared) {
        return sqe.hold(word)
                .addr(word(word, offset))
                .addr3(Integer.toUnsignedLong(bitset))
                .fd(flags(shared));
    }

    /** Waits for any of several words; the result is the index of a woken one. Kernel 6.7. */
    public static Sqe awaitAny(Sqe sqe, FutexVector words) {
        words.checkWords();
        return sqe.uses(Abi.SQE_ADDR, words).len(words.count()).opcode(Opcode.FUTEX_WAITV);
    }

    /** The address of a futex word. */
    static long word(MemorySegment word, long offset) {
        long address = NativeMemory.writableAddress(word, offset, WORD_BYTES);
        if (address % WORD_BYTES != 0) {
            throw new IllegalArgumentException("a futex word is aligned to 4 bytes");
        }
        return address;
    }

    static int flags(boolean shared) {
        return shared ? SIZE_U32 : SIZE_U32 | PRIVATE;
    }
}
