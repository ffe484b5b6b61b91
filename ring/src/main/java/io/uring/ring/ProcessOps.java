package io.uring.ring;

import io.uring.ring.internal.Abi;
import org.jspecify.annotations.Nullable;

/**
 * Preparation of waits for child processes.
 *
 * <pre>{@code
 * SignalInfo info = new SignalInfo(arena);
 * ProcessOps.waitid(ring.nextSqe(), ProcessOps.P_PID, pid, ProcessOps.WEXITED, info).userData(1);
 * }</pre>
 */
public final class ProcessOps {
    public static final int P_ALL = 0;
    public static final int P_PID = 1;
    public static final int P_PGID = 2;
    public static final int P_PIDFD = 3;

    public static final int WNOHANG = 1;
    public static final int WSTOPPED = 2;
    public static final int WEXITED = 4;
    public static final int WCONTINUED = 8;

    /** Leaves the child to be waited for again. */
    public static final int WNOWAIT = 0x1000000;

    private ProcessOps() {}

    /**
     * Completes with 0 when a child changes its state; ECHILD when there is none. Kernel 6.7.
     *
     * @param idType P_PID and the like
     * @param id a process, a group or a pidfd; 0 for P_ALL
     * @param options at least one of WEXITED, WSTOPPED, WCONTINUED
     * @param info is filled, or null
     */
    public static Sqe waitid(Sqe sqe, int idType, int id, int options, @Nullable SignalInfo info) {
        if (info != null) {
            sqe.writes(Abi.SQE_OFF, info.memory(), 0, SignalInfo.BYTES);
        }
        return sqe.fd(id).len(idType).fileIndex(options).opcode(Opcode.WAITID);
    }
}
