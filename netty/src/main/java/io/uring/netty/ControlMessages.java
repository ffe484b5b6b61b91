package io.uring.netty;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The control messages of a datagram.
 *
 * <pre>
 * cmsghdr: length 0, level 8, type 12, data 16; each aligned to 8
 * </pre>
 */
final class ControlMessages {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final int LEVEL = 8;
    private static final int TYPE = 12;
    private static final int DATA = 16;

    private ControlMessages() {}

    /**
     * Where the data of a message is, which has at least {@code bytes} of it; -1 when there is
     * none.
     *
     * @param used how many bytes at {@code at} are messages
     */
    static long find(MemorySegment memory, long at, int used, int level, int type, int bytes) {
        long end = at + used;
        long next = at;
        while (next + DATA <= end) {
            long length = Math.max(memory.get(LONG, next), DATA);
            if (memory.get(INT, next + LEVEL) == level && memory.get(INT, next + TYPE) == type) {
                boolean whole = length >= DATA + bytes && next + DATA + bytes <= end;
                return whole ? next + DATA : -1;
            }
            next += (length + Long.BYTES - 1) & -Long.BYTES;
        }
        return -1;
    }

    /** Writes one that has a 16-bit number. */
    static void put(MemorySegment target, int level, int type, int number) {
        target.set(LONG, 0, DATA + Short.BYTES);
        target.set(INT, LEVEL, level);
        target.set(INT, TYPE, type);
        target.set(ValueLayout.JAVA_SHORT_UNALIGNED, DATA, (short) number);
    }
}
