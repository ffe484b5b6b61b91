package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;

/**
 * An array of {@code futex_waitv} (value at 0, address at 8, flags at 16), to wait for any of
 * several futexes.
 *
 * <pre>{@code
 * FutexVector words = new FutexVector(arena, 2).add(first, 0, 0, true).add(second, 0, 0, true);
 * FutexOps.awaitAny(ring.nextSqe(), words).userData(1); // result: the index of the woken one
 * }</pre>
 */
public final class FutexVector extends KernelStruct {
    private static final int ENTRY_BYTES = 24;
    private static final int ADDRESS = 8;
    private static final int FLAGS = 16;

    /** The most futexes that the kernel takes in one operation. */
    public static final int MAX_FUTEXES = 128;

    private final MemorySegment[] words;
    private int count;

    /**
     * @param capacity futexes, 1 to {@value #MAX_FUTEXES}
     */
    public FutexVector(Arena arena, int capacity) {
        super(arena, (Objects.checkIndex(capacity - 1, MAX_FUTEXES) + 1L) * ENTRY_BYTES);
        words = new MemorySegment[capacity];
    }

    /** Forgets all futexes. */
    public FutexVector clear() {
        checkMutable();
        Arrays.fill(words, 0, count, null);
        count = 0;
        return this;
    }

    /**
     * Adds the 32-bit word at {@code offset} of {@code word}, expected to hold {@code value}.
     *
     * @param shared whether another process may wake it
     */
    public FutexVector add(MemorySegment word, long offset, int value, boolean shared) {
        checkMutable();
        Objects.checkIndex(count, words.length);
        long entry = base() + (long) count * ENTRY_BYTES;
        NativeMemory.putLong(entry, Integer.toUnsignedLong(value));
        NativeMemory.putLong(entry + ADDRESS, FutexOps.word(word, offset));
        NativeMemory.putLong(entry + FLAGS, FutexOps.flags(shared));
        words[count++] = word;
        return this;
    }

    public int count() {
        return count;
    }

    /** Throws when a word's memory was closed. */
    void checkWords() {
        for (int i = 0; i < count; i++) {
            NativeMemory.address(words[i]);
        }
    }

    boolean refersTo(MemorySegment.Scope scope) {
        return segment().scope().equals(scope)
                || Arrays.stream(words, 0, count).anyMatch(w -> w.scope().equals(scope));
    }
}
