import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Three ways to fill a 64-byte queue entry and publish a tail: an absolute address in one static
 * segment over the address space, an instance's bounded segment, and a slice per entry. Prints
 * nanoseconds per entry, the best of several rounds.
 *
 * <pre>java --enable-native-access=ALL-UNNAMED bench/MemoryAccess.java</pre>
 */
public final class MemoryAccess {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
    private static final int ENTRIES = 256;
    private static final int BATCHES = 200_000;
    private static final int BATCH = 64;

    private final MemorySegment ring;
    private final long address;

    private MemoryAccess(Arena arena) {
        ring = arena.allocate(64L * ENTRIES + 64, 64);
        address = ring.address();
    }

    interface Fill {
        void entry(int slot, long userData);
    }

    private void absolute(int slot, long userData) {
        long at = address + slot * 64L;
        for (int i = 0; i < 64; i += 8) {
            ALL.set(ValueLayout.JAVA_LONG, at + i, 0);
        }
        ALL.set(ValueLayout.JAVA_BYTE, at, (byte) 27);
        ALL.set(ValueLayout.JAVA_INT, at + 4, 9);
        ALL.set(ValueLayout.JAVA_LONG, at + 16, userData);
        ALL.set(ValueLayout.JAVA_INT, at + 24, 64);
        ALL.set(ValueLayout.JAVA_LONG, at + 32, userData);
        INT.setRelease(ALL, address + 64L * ENTRIES, slot);
    }

    private void bounded(int slot, long userData) {
        long at = slot * 64L;
        for (int i = 0; i < 64; i += 8) {
            ring.set(ValueLayout.JAVA_LONG, at + i, 0);
        }
        ring.set(ValueLayout.JAVA_BYTE, at, (byte) 27);
        ring.set(ValueLayout.JAVA_INT, at + 4, 9);
        ring.set(ValueLayout.JAVA_LONG, at + 16, userData);
        ring.set(ValueLayout.JAVA_INT, at + 24, 64);
        ring.set(ValueLayout.JAVA_LONG, at + 32, userData);
        INT.setRelease(ring, 64L * ENTRIES, slot);
    }

    private void sliced(int slot, long userData) {
        MemorySegment sqe = ring.asSlice(slot * 64L, 64);
        sqe.fill((byte) 0);
        sqe.set(ValueLayout.JAVA_BYTE, 0, (byte) 27);
        sqe.set(ValueLayout.JAVA_INT, 4, 9);
        sqe.set(ValueLayout.JAVA_LONG, 16, userData);
        sqe.set(ValueLayout.JAVA_INT, 24, 64);
        sqe.set(ValueLayout.JAVA_LONG, 32, userData);
        INT.setRelease(ring, 64L * ENTRIES, slot);
    }

    private static double best(Fill fill) {
        double best = Double.MAX_VALUE;
        for (int round = 0; round < 8; round++) {
            long start = System.nanoTime();
            int slot = 0;
            for (int batch = 0; batch < BATCHES; batch++) {
                for (int i = 0; i < BATCH; i++) {
                    fill.entry(slot++ & (ENTRIES - 1), i);
                }
            }
            best = Math.min(best, (System.nanoTime() - start) / (double) BATCHES / BATCH);
        }
        return best;
    }

    public static void main(String[] arguments) {
        for (Arena arena : new Arena[] {Arena.ofShared(), Arena.ofConfined()}) {
            MemoryAccess access = new MemoryAccess(arena);
            System.out.printf(
                    "absolute %.2f ns, bounded %.2f ns, slice %.2f ns per entry%n",
                    best(access::absolute), best(access::bounded), best(access::sliced));
        }
    }
}
