package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What {@link ProcessOps#waitid} reports of a child: the first fields of a {@code siginfo}: signo
 * 0, code 8, pid 16, uid 20, status 24.
 */
public final class SignalInfo {
    static final int BYTES = 128;

    /** Codes: how the child ended. */
    public static final int CLD_EXITED = 1;

    public static final int CLD_KILLED = 2;

    private final MemorySegment memory;

    public SignalInfo(Arena arena) {
        memory = arena.allocate(BYTES, Long.BYTES);
    }

    MemorySegment memory() {
        return memory;
    }

    /** SIGCHLD, or 0 when there was nothing to report (WNOHANG). */
    public int signal() {
        return field(0);
    }

    /** {@link #CLD_EXITED}, {@link #CLD_KILLED} or the like. */
    public int code() {
        return field(8);
    }

    public int pid() {
        return field(16);
    }

    public int uid() {
        return field(20);
    }

    /** The exit status, or the signal that ended the child. */
    public int status() {
        return field(24);
    }

    private int field(int offset) {
        return NativeMemory.getInt(NativeMemory.address(memory) + offset);
    }
}
