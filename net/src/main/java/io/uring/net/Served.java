package io.uring.net;

import io.uring.reactor.EventLoop;
import io.uring.reactor.Reactor;
import io.uring.reactor.Resource;
import io.uring.reactor.Timer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

/**
 * The connections of one listener that are open on one loop. Belongs to the loop's thread, but for
 * what the loop that accepts asks.
 */
final class Served {
    private final EventLoop loop;
    private int open;

    /** Connections given to this loop by the one that accepts, which alone counts them. */
    private int handedOver;

    /** Of those, the ones that are here. */
    private volatile int arrived;

    /** Run when the last one has closed. */
    private final List<Runnable> whenNone = new ArrayList<>(0);

    Served(EventLoop loop) {
        this.loop = loop;
    }

    EventLoop loop() {
        return loop;
    }

    Reactor reactor() {
        return loop.reactor();
    }

    /** What the loop has, and what is on its way to it; on the loop that hands over. */
    int load() {
        return reactor().resourceCount() + handedOver - arrived;
    }

    /** On the loop that hands over. */
    void handedOver() {
        handedOver++;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // only this loop writes
    void arrived() {
        arrived++;
    }

    void opened() {
        open++;
    }

    void closed() {
        open--;
        if (open == 0 && !whenNone.isEmpty()) {
            List<Runnable> waiters = List.copyOf(whenNone);
            whenNone.clear();
            waiters.forEach(Runnable::run);
        }
    }

    /**
     * Asks the connections to end soon, and cuts those that have not; from any thread.
     *
     * @param deadline by System.nanoTime()
     * @return how many were cut, when all are closed
     */
    CompletableFuture<Integer> stop(long deadline) {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        try {
            loop.execute(() -> stop(deadline, done));
        } catch (RejectedExecutionException e) {
            return loop.terminated().thenApply(_ -> 0); // the loop's end has ended them
        }
        var _ = loop.terminated().thenRun(() -> done.complete(0));
        return done;
    }

    private void stop(long deadline, CompletableFuture<Integer> done) {
        connections().forEach(StreamSocket::stop);
        if (open == 0) {
            done.complete(0);
            return;
        }
        Timer end = new Timer(() -> cut(done));
        reactor().schedule(end, Math.max(0, deadline - System.nanoTime()));
        whenNone.add(() -> {
            reactor().cancel(end);
            done.complete(0); // unless the end has come
        });
    }

    private void cut(CompletableFuture<Integer> done) {
        IOException reason = new IOException("the listener was stopped, and the time is over");
        int cut = 0;
        for (StreamSocket socket : connections()) {
            if (!socket.isEnding()) {
                socket.abort(reason);
                cut++;
            }
        }
        int count = cut;
        whenNone.addFirst(() -> done.complete(count));
    }

    /** Stopping is rare, so nothing is kept per connection for it but its listener. */
    private List<StreamSocket> connections() {
        List<StreamSocket> connections = new ArrayList<>();
        for (Resource resource : reactor().resources()) {
            if (resource instanceof StreamSocket socket && socket.isServedBy(this)) {
                connections.add(socket);
            }
        }
        return connections;
    }
}
