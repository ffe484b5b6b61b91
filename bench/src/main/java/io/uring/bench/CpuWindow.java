package io.uring.bench;

import java.io.IOException;

/** Processor time of the server, and of everybody else, between two moments. */
final class CpuWindow {
    record Used(double serverMicros, double foreignShare) {}

    private final long serverPid;
    private final Pinning pinning;
    private final long startedAt = System.nanoTime();
    private final long server;
    private final long load;
    private final long all;

    private CpuWindow(long serverPid, Pinning pinning) throws IOException {
        this.serverPid = serverPid;
        this.pinning = pinning;
        this.server = ProcStat.processTicks(serverPid);
        this.load = loadTicks();
        this.all = ProcStat.busyTicks(pinning.processors());
    }

    static CpuWindow open(long serverPid, Pinning pinning) throws IOException {
        return new CpuWindow(serverPid, pinning);
    }

    Used close() throws IOException {
        long serverTicks = ProcStat.processTicks(serverPid) - server;
        long loadUsed = loadTicks() - load;
        long foreign = ProcStat.busyTicks(pinning.processors()) - all - serverTicks - loadUsed;
        double elapsedTicks = (System.nanoTime() - startedAt) / 1e3 / ProcStat.TICK_MICROS;
        return new Used(
                (double) serverTicks * ProcStat.TICK_MICROS,
                Math.max(0, foreign) / (elapsedTicks * pinning.processors().size()));
    }

    /** This process makes the load, or its child wrk does. */
    private static long loadTicks() throws IOException {
        long pid = ProcessHandle.current().pid();
        return ProcStat.processTicks(pid) + ProcStat.childrenTicks(pid);
    }
}
