package io.uring.simulation;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** The kernel's side of a provided buffer ring. */
final class ProvidedBuffers {
    /** Room in a buffer, and what the completion says of it. */
    record Taken(long address, int bytes, int flags) {}

    private static final int F_BUFFER = 1;
    private static final int F_BUF_MORE = 1 << 4;

    private final World world;
    private final long ring;
    private final int entries;
    private final boolean incremental;
    private final BitSet held = new BitSet();
    private int head;
    private int seen;

    ProvidedBuffers(World world, long ring, int entries, boolean incremental) {
        this.world = world;
        this.ring = ring;
        this.entries = entries;
        this.incremental = incremental;
    }

    boolean isIncremental() {
        return incremental;
    }

    private long entry(int index) {
        return ring + (long) (index & entries - 1) * Abi.BUF_BYTES;
    }

    /** Sees what was provided since it looked last. */
    private void look() {
        int tail = NativeMemory.getShort(ring + Abi.BUF_RING_TAIL) & 0xffff;
        while (seen != tail) {
            long entry = entry(seen);
            int id = NativeMemory.getShort(entry + Abi.BUF_BID) & 0xffff;
            if (held.get(id)) {
                world.problem("buffer " + id + " provided twice");
            }
            held.set(id);
            // Whoever provides a buffer has no business in it any more.
            world.memory.scribble(
                    NativeMemory.getLong(entry + Abi.BUF_ADDR),
                    NativeMemory.getInt(entry + Abi.BUF_LEN),
                    "buffer " + id);
            seen = seen + 1 & 0xffff;
        }
        if ((tail - head & 0xffff) > entries) {
            world.problem("more buffers provided than there are entries");
        }
    }

    /** Buffers that are the kernel's. */
    int available() {
        look();
        return seen - head & 0xffff;
    }

    /** Room for at most {@code wanted} bytes, or null. */
    @Nullable Taken take(int wanted) {
        if (available() == 0) {
            return null;
        }
        long entry = entry(head);
        int id = NativeMemory.getShort(entry + Abi.BUF_BID) & 0xffff;
        long address = NativeMemory.getLong(entry + Abi.BUF_ADDR);
        int length = NativeMemory.getInt(entry + Abi.BUF_LEN);
        int bytes = Math.min(wanted, length);
        int flags = F_BUFFER | id << 16;
        if (incremental && bytes < length) {
            NativeMemory.putLong(entry + Abi.BUF_ADDR, address + bytes);
            NativeMemory.putInt(entry + Abi.BUF_LEN, length - bytes);
            return new Taken(address, bytes, flags | F_BUF_MORE);
        }
        held.clear(id);
        head = head + 1 & 0xffff;
        return new Taken(address, bytes, flags);
    }
}
