package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;

/**
 * How a ring is named in calls: by its descriptor, or by its index in the creating thread's table
 * when it was made without one.
 */
final class RingHandle {
    private static final int ANY_INDEX = -1;

    private final Kernel kernel;
    private final int number;
    private final boolean isIndex;

    RingHandle(Kernel kernel, RingConfig config, int number) {
        this.kernel = kernel;
        this.number = number;
        this.isIndex = config.has(Abi.SETUP_REGISTERED_FD_ONLY);
    }

    /**
     * @throws IllegalStateException when the ring was made without one
     */
    int descriptor() {
        if (!hasDescriptor()) {
            throw new IllegalStateException("the ring has no descriptor");
        }
        return number();
    }

    int number() {
        return number;
    }

    boolean hasDescriptor() {
        return !isIndex;
    }

    /** io_uring_register: what the kernel returned, or {@code -errno}. */
    int register(int opcode, long argument, int count) {
        int named = isIndex ? opcode | Abi.REGISTER_USE_REGISTERED_RING : opcode;
        return (int) kernel.register(number, named, argument, count);
    }

    /**
     * Puts the ring into the calling thread's table, which spares the look-up of the descriptor in
     * each enter call. A full table (16 per thread) is no error.
     */
    void addToTable(EnterCall call) {
        try (Arena scratch = Arena.ofConfined()) {
            long update = update(scratch, ANY_INDEX, number);
            if (register(Abi.REGISTER_RING_FDS, update, 1) == 1) {
                call.useRegistered(NativeMemory.getInt(update + Abi.RSRC_UPDATE_OFFSET));
            }
        }
    }

    /** Takes an index out of the calling thread's table, which would keep the ring alive. */
    void removeFromTable(int index) {
        try (Arena scratch = Arena.ofConfined()) {
            register(Abi.UNREGISTER_RING_FDS, update(scratch, index, 0), 1);
        }
    }

    private static long update(Arena scratch, int index, int fd) {
        long update = scratch.allocate(Abi.RSRC_UPDATE_BYTES, Long.BYTES).address();
        NativeMemory.putInt(update + Abi.RSRC_UPDATE_OFFSET, index);
        NativeMemory.putLong(update + Abi.RSRC_UPDATE_DATA, fd);
        return update;
    }

    void close() {
        if (isIndex) {
            removeFromTable(number);
        } else {
            kernel.close(number);
        }
    }
}
