package io.uring.reactor;

import io.uring.ring.RingException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

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

    EventLoopGroup(List<EventLoop> loops) {
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
        return start(count, _ -> EventLoop.start(config));
    }

    /**
     * Starts one loop for each processor that {@code cpus} names, which stays there. Worth it when
     * nothing else runs on them; otherwise the scheduler knows better.
     *
     * @throws RingException when a ring cannot be made or a processor does not exist for this
     *     process; none is left behind
     */
    public static EventLoopGroup startPinned(List<Integer> cpus, ReactorConfig config) {
        if (cpus.isEmpty()) {
            throw new IllegalArgumentException("no processors");
        }
        List<Integer> numbers = List.copyOf(cpus);
        return start(numbers.size(), i -> EventLoop.startPinned(numbers.get(i), config));
    }

    private static EventLoopGroup start(int count, IntFunction<EventLoop> starts) {
        List<EventLoop> loops = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                loops.add(starts.apply(i));
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

    /** One running loop after the other, for clients; from any thread. */
    public EventLoop next() {
        EventLoop loop = following();
        for (int i = 1; i < loops.size() && !loop.isRunning(); i++) {
            loop = following();
        }
        return loop;
    }

    private EventLoop following() {
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
