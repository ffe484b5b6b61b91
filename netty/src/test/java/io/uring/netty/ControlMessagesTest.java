package io.uring.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class ControlMessagesTest {
    private static final int UDP = 17;
    private static final int GRO = 104;

    private final MemorySegment memory = Arena.ofAuto().allocate(80, 8);

    /** Where the next one goes. */
    private long put(long at, long length, int level, int type, int number) {
        memory.set(ValueLayout.JAVA_LONG, at, length);
        memory.set(ValueLayout.JAVA_INT, at + 8, level);
        memory.set(ValueLayout.JAVA_INT, at + 12, type);
        memory.set(ValueLayout.JAVA_INT, at + 16, number);
        return at + ((length + 7) & -8);
    }

    private long find(int used) {
        return ControlMessages.find(memory, 0, used, UDP, GRO, Integer.BYTES);
    }

    @Test
    void findsTheOneAmongOthers() {
        long second = put(0, 20, 0, 8, 1);
        int used = (int) put(second, 20, UDP, GRO, 1200);
        assertEquals(24 + 16, find(used));
        assertEquals(1200, memory.get(ValueLayout.JAVA_INT, find(used)));
    }

    @Test
    void findsNothingWhereNothingIs() {
        put(0, 20, UDP, GRO, 1200);
        assertEquals(-1, find(0));
        assertEquals(-1, ControlMessages.find(memory, 0, 24, UDP, GRO + 1, Integer.BYTES));
    }

    @Test
    void aMessageThatWasCutIsNone() {
        put(0, 20, UDP, GRO, 1200);
        assertEquals(-1, find(18));
        put(0, 18, UDP, GRO, 1200);
        assertEquals(-1, find(24));
    }

    @Test
    void aLengthThatMakesNoSenseEndsTheSearch() {
        put(0, 0, 0, 0, 0);
        put(24, Long.MAX_VALUE / 2, 0, 0, 0);
        assertEquals(-1, find(80));
    }

    @Test
    void writesWhatTheKernelReads() {
        ControlMessages.put(memory, UDP, 103, 1200);
        assertEquals(18, memory.get(ValueLayout.JAVA_LONG, 0));
        assertEquals(UDP, memory.get(ValueLayout.JAVA_INT, 8));
        assertEquals(103, memory.get(ValueLayout.JAVA_INT, 12));
        assertEquals(1200, memory.get(ValueLayout.JAVA_SHORT, 16));
    }
}
