package io.uring.reactor;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What is attached to a loop, and how all of it is told that the loop stops, closes or is lost. */
final class Resources {
    /** Between two looks for memory. */
    static final long RETRY_NANOS = 1_000_000;

    /** Ten seconds of looks; after that what has not ended stays as it is. */
    private static final int MAX_RETRIES = 10_000;

    private final Reactor reactor;

    /** In the order they came, so that closing is the same each time. */
    private final Set<Resource> attached = new LinkedHashSet<>();

    private volatile int count;
    private boolean stopping;
    private boolean closing;

    /** How often {@link Resource#retryEnd} is still to be asked of all. */
    private int retries;

    private boolean outOfMemory;

    /** Run once when nothing is attached any more. */
    private final List<Runnable> whenEmpty = new ArrayList<>(0);

    Resources(Reactor reactor) {
        this.reactor = reactor;
    }

    void attach(Resource resource) {
        attached.add(resource);
        count = attached.size();
        // It came too late to be told with the others.
        if (closing) {
            reactor.execute(resource::shutdown);
        } else if (stopping) {
            reactor.execute(() -> stop(resource));
        }
    }

    void detach(Resource resource) {
        attached.remove(resource);
        count = attached.size();
        if (count == 0 && !whenEmpty.isEmpty()) {
            List<Runnable> waiters = List.copyOf(whenEmpty);
            whenEmpty.clear();
            waiters.forEach(reactor::run);
        }
    }

    boolean isEmpty() {
        return attached.isEmpty();
    }

    /** From any thread, a moment old. */
    int count() {
        return count;
    }

    /** A copy, since what is done with them attaches and detaches. */
    List<Resource> all() {
        return new ArrayList<>(attached);
    }

    /** Asks all to end soon, those that come later too, and runs {@code task} when all have. */
    void stop(Runnable task) {
        boolean first = !stopping;
        stopping = true;
        if (first) {
            all().forEach(this::stop);
        }
        if (attached.isEmpty()) {
            task.run();
        } else {
            whenEmpty.add(task);
        }
    }

    private void stop(Resource resource) {
        if (attached.contains(resource)) {
            reactor.run(resource::stop);
        }
    }

    /** Runs {@code task} no more when nothing is left. */
    void forget(Runnable task) {
        whenEmpty.remove(task);
    }

    /** Something found no memory: it may not have ended what it should. */
    void outOfMemory() {
        outOfMemory = true;
        if (retries == 0) {
            retries = MAX_RETRIES;
        }
    }

    boolean isRetrying() {
        return retries > 0;
    }

    /** What found no memory to end goes on, until for once nothing is out of memory. */
    void retryEnds() {
        outOfMemory = false;
        try {
            for (Resource resource : all()) {
                reactor.run(resource::retryEnd);
            }
        } catch (OutOfMemoryError e) {
            outOfMemory = true;
        }
        retries = outOfMemory ? retries - 1 : 0;
    }

    void shutdown() {
        closing = true;
        all().forEach(resource -> reactor.run(resource::shutdown));
    }

    /** Those that come late are lost with the next call. */
    void lose(Throwable cause) {
        closing = true;
        for (Resource resource : all()) {
            detach(resource);
            reactor.run(() -> resource.lost(cause));
        }
    }
}
