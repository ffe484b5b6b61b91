package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** An io_uring_params: what a ring is asked to be, and what the kernel made of it. */
final class RingParams {
    private final MemorySegment memory;
    private final long base;

    RingParams(Arena arena) {
        memory = arena.allocate(Abi.PARAMS_BYTES, Long.BYTES);
        base = memory.address();
    }

    void clear() {
        memory.fill((byte) 0);
    }

    long address() {
        return base;
    }

    void put(int field, int value) {
        NativeMemory.putInt(base + field, value);
    }

    /** Where the queues go on a ring without mmap. */
    void userAddresses(long rings, long sqes) {
        NativeMemory.putLong(base + Abi.PARAMS_CQ_OFF + Abi.OFF_USER_ADDR, rings);
        NativeMemory.putLong(base + Abi.PARAMS_SQ_OFF + Abi.OFF_USER_ADDR, sqes);
    }

    int sqEntries() {
        return NativeMemory.getInt(base + Abi.PARAMS_SQ_ENTRIES);
    }

    int cqEntries() {
        return NativeMemory.getInt(base + Abi.PARAMS_CQ_ENTRIES);
    }

    int features() {
        return NativeMemory.getInt(base + Abi.PARAMS_FEATURES);
    }

    int sqOffset(int field) {
        return NativeMemory.getInt(base + Abi.PARAMS_SQ_OFF + field);
    }

    int cqOffset(int field) {
        return NativeMemory.getInt(base + Abi.PARAMS_CQ_OFF + field);
    }
}
