package io.uring.reactor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What a loop has done since it started. The loop writes plain numbers, without a locked
 * instruction; any thread reads them at any time, each exact, all together nearly of one moment.
 *
 * <pre>{@code
 * LoopCounters.Snapshot before = loop.counters().snapshot();
 * ...
 * long enters = loop.counters().snapshot().enters() - before.enters();
 * }</pre>
 */
public final class LoopCounters {
    /**
     * The counters at one moment.
     *
     * @param enters calls of io_uring_enter
     * @param sqes entries that the kernel took
     * @param cqes completions
     * @param overflows times that the completion queue was full and the kernel stored the rest
     * @param staleCompletions completions of operations that were over
     * @param exhaustions receives that found the shared buffers exhausted
     * @param wakes turns that another thread asked for
     * @param accepts connections accepted
     * @param failures connections, attempts to connect and accepts that failed
     * @param bytesReceived from all sockets
     * @param bytesSent by the loop; {@code StreamSocket.trySend} is not the loop's
     */
    public record Snapshot(
            long enters,
            long sqes,
            long cqes,
            long overflows,
            long staleCompletions,
            long exhaustions,
            long wakes,
            long accepts,
            long failures,
            long bytesReceived,
            long bytesSent) {}

    private static final int ENTERS = 0;
    private static final int SQES = 1;
    private static final int CQES = 2;
    private static final int OVERFLOWS = 3;
    private static final int STALE = 4;
    private static final int EXHAUSTIONS = 5;
    private static final int WAKES = 6;
    private static final int ACCEPTS = 7;
    private static final int FAILURES = 8;
    private static final int RECEIVED = 9;
    private static final int SENT = 10;
    private static final int COUNT = 11;

    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

    private final long[] values = new long[COUNT];

    LoopCounters() {}

    /** From any thread. */
    public Snapshot snapshot() {
        return new Snapshot(
                get(ENTERS),
                get(SQES),
                get(CQES),
                get(OVERFLOWS),
                get(STALE),
                get(EXHAUSTIONS),
                get(WAKES),
                get(ACCEPTS),
                get(FAILURES),
                get(RECEIVED),
                get(SENT));
    }

    /** On the loop, as all that follow. */
    public void accepted() {
        add(ACCEPTS, 1);
    }

    public void failed() {
        add(FAILURES, 1);
    }

    public void exhausted() {
        add(EXHAUSTIONS, 1);
    }

    public void received(long bytes) {
        add(RECEIVED, bytes);
    }

    public void sent(long bytes) {
        add(SENT, bytes);
    }

    /** Returns {@code result}, what the kernel said. */
    int entered(int result) {
        add(ENTERS, 1);
        if (result > 0) {
            add(SQES, result);
        }
        return result;
    }

    void turned(int completions, long overflows, long stale) {
        add(CQES, completions);
        LONGS.setOpaque(values, OVERFLOWS, overflows);
        LONGS.setOpaque(values, STALE, stale);
    }

    /** On the loop. */
    long overflows() {
        return values[OVERFLOWS];
    }

    /** On the loop. */
    long exhaustions() {
        return values[EXHAUSTIONS];
    }

    void woken() {
        add(WAKES, 1);
    }

    /** Only the loop writes, so it may read without order; opaque keeps the store whole. */
    private void add(int counter, long amount) {
        LONGS.setOpaque(values, counter, values[counter] + amount);
    }

    private long get(int counter) {
        return (long) LONGS.getOpaque(values, counter);
    }
}
