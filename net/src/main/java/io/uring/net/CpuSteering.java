package io.uring.net;

import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * A classic BPF program that chooses among sockets of one port by the processor that handles the
 * packet. An instruction is {@code u16 code, u8 jt, u8 jf, u32 k}.
 */
final class CpuSteering {
    private static final int LD_W_ABS = 0x20;
    private static final int JEQ_K = 0x15;
    private static final int MOD_K = 0x94;
    private static final int RET_K = 0x06;
    private static final int RET_A = 0x16;

    /** SKF_AD_OFF + SKF_AD_CPU: the "offset" that loads the processor's number. */
    private static final int CPU = -0x1000 + 36;

    private static final int INSTRUCTION_BYTES = 8;

    private CpuSteering() {}

    /**
     * Sets it for all sockets of the port.
     *
     * @param cpus of each socket, in the order in which they listen; negative for any
     * @return 0 or {@code -errno}
     */
    static int attach(int fd, List<Integer> cpus) {
        try (Arena arena = Arena.ofConfined()) {
            return SocketCalls.attachReusePortFilter(fd, program(arena, cpus));
        }
    }

    static MemorySegment program(Arena arena, List<Integer> cpus) {
        MemorySegment code = arena.allocate((3L + 2L * cpus.size()) * INSTRUCTION_BYTES, 8);
        int at = put(code, 0, LD_W_ABS, 0, CPU);
        for (int i = 0; i < cpus.size(); i++) {
            if (cpus.get(i) >= 0) {
                at = put(code, at, JEQ_K, 1, cpus.get(i)); // else skip the return
                at = put(code, at, RET_K, 0, i);
            }
        }
        at = put(code, at, MOD_K, 0, cpus.size());
        at = put(code, at, RET_A, 0, 0);
        return code.asSlice(0, (long) at * INSTRUCTION_BYTES);
    }

    private static int put(MemorySegment code, int index, int opcode, int jumpIfFalse, int k) {
        long base = (long) index * INSTRUCTION_BYTES;
        code.set(ValueLayout.JAVA_SHORT, base, (short) opcode);
        code.set(ValueLayout.JAVA_BYTE, base + 2, (byte) 0);
        code.set(ValueLayout.JAVA_BYTE, base + 3, (byte) jumpIfFalse);
        code.set(ValueLayout.JAVA_INT, base + 4, k);
        return index + 1;
    }
}
