package io.uring.reactor;

import io.uring.ring.RingException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A fixed number of loops.
 *
 * <pre>{@code
 * try (EventLoopGroup loops = EventLoopGroup.start(2, ReactorConfig.defaults())) {
 *     Listener.open(loops, config, socket -> new EchoHandler());
 * }
 * }</pre>
 */
public final class EventLoopGroup implements AutoCloseable {
    private final List<EventLoop> loops;
    private final AtomicInteger next = new AtomicInteger();

    private EventLoopGroup(List<EventLoop> loops) {
        this.loops = List.copyOf(loops);
    }

    /**
     * Starts {@code count} loops, at least one.
     *
     * @throws RingException when a ring cannot be made; none is left behind
     */
    public static EventLoopGroup start(int count, ReactorConfig config) {
        if (count < 1) {
            throw new IllegalArgumentException("count " + count);
        }
        List<EventLoop> loops = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                loops.add(EventLoop.start(config));
            }
        } catch (RuntimeException | Error e) {
            loops.forEach(EventLoop::close);
            throw e;
        }
        return new EventLoopGroup(loops);
    }

    public List<EventLoop> loops() {
        return loops;
    }

    /** One loop after the other, for clients; from any thread. */
    public EventLoop next() {
        return loops.get(Math.floorMod(next.getAndIncrement(), loops.size()));
    }

    /**
     * The loop with the fewest sockets, for clients whose connections live unequally long; among
     * equals one after the other. From any thread. Connections that are just being asked for do not
     * count yet: a burst is better spread with {@link #next}.
     */
    public EventLoop leastLoaded() {
        EventLoop best = next();
        for (EventLoop loop : loops) {
            if (loop.reactor().resourceCount() < best.reactor().resourceCount()) {
                best = loop;
            }
        }
        return best;
    }

    /** Closes all loops and waits for them. */
    @Override
    public void close() {
        loops.forEach(EventLoop::shutdown);
        loops.forEach(EventLoop::close);
    }
}
