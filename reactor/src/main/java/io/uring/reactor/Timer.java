package io.uring.reactor;

/**
 * A deadline on a loop. Timers cost nothing while they wait: the earliest one is the deadline of
 * the loop's wait. Belongs to the loop's thread; can be scheduled again and again.
 *
 * <pre>{@code
 * Timer timer = new Timer(() -> socket.abort(new SocketTimeoutException("idle")));
 * reactor.schedule(timer, TimeUnit.SECONDS.toNanos(30));
 * reactor.cancel(timer);
 * }</pre>
 */
public final class Timer {
    static final int NOT_SCHEDULED = -1;

    final Runnable task;
    long deadline;
    int index = NOT_SCHEDULED;

    public Timer(Runnable task) {
        this.task = task;
    }

    public boolean isScheduled() {
        return index != NOT_SCHEDULED;
    }
}
