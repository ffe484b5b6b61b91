package io.uring.simulation;

import java.util.PriorityQueue;

/** Simulated time, and what is to happen in it. What is due at the same time happens in order. */
final class Agenda {
    static final long NEVER = Long.MAX_VALUE;

    private record Entry(long time, long order, Runnable action) implements Comparable<Entry> {
        @Override
        public int compareTo(Entry other) {
            int byTime = Long.compare(time, other.time);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    private final PriorityQueue<Entry> entries = new PriorityQueue<>();
    private long now;
    private long count;

    /** Nanoseconds since the simulation began. */
    long elapsedNanos() {
        return now;
    }

    void in(long delayNanos, Runnable action) {
        entries.add(new Entry(now + Math.max(delayNanos, 0), count++, action));
    }

    /** When the next thing happens, or {@link #NEVER}. */
    long next() {
        Entry first = entries.peek();
        return first == null ? NEVER : first.time;
    }

    void advanceTo(long time) {
        now = Math.max(now, time);
    }

    /** Does what is due, also what that brings about at once; returns whether there was any. */
    boolean runDue() {
        boolean any = false;
        for (Entry first = entries.peek();
                first != null && first.time <= now;
                first = entries.peek()) {
            entries.remove();
            first.action.run();
            any = true;
        }
        return any;
    }
}
