package io.uring.net;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a descriptor open while threads other than the loop use it, so that none of them ever hits
 * a number that the kernel has given to another connection. Any thread.
 *
 * <pre>{@code
 * if (guard.enter()) {
 *     try { use(fd); } finally { guard.exit(); }
 * }
 * if (guard.close(() -> close(fd))) { close(fd); }
 * }</pre>
 */
public final class DescriptorGuard {
    private static final int CLOSED = Integer.MIN_VALUE;

    /** Threads inside, and the sign bit once closing has begun. */
    private final AtomicInteger state = new AtomicInteger();

    private volatile @Nullable Runnable onLastExit;

    /** For a descriptor that is open. */
    public DescriptorGuard() {}

    /** Returns false when the descriptor is closing; otherwise {@link #exit} must follow. */
    public boolean enter() {
        int seen = state.get();
        while (seen >= 0) {
            if (state.compareAndSet(seen, seen + 1)) {
                return true;
            }
            seen = state.get();
        }
        return false;
    }

    /** The counterpart of {@link #enter}. */
    public void exit() {
        if (state.decrementAndGet() == CLOSED) {
            java.util.Objects.requireNonNull(onLastExit).run(); // set before the sign bit
        }
    }

    /** Whether a thread is inside. */
    boolean isUsed() {
        return (state.get() & ~CLOSED) != 0;
    }

    /**
     * Lets nobody in any more.
     *
     * @return true when nobody is inside; otherwise the last one to leave runs {@code onLastExit}
     */
    public boolean close(Runnable whenLastExits) {
        onLastExit = whenLastExits;
        return state.getAndAdd(CLOSED) == 0;
    }
}
