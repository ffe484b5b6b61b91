package io.uring.reactor;

import io.uring.ring.RingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.Stream;

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
            boolean fewer = loop.reactor().resourceCount() < best.reactor().resourceCount();
            if (fewer && loop.isRunning()) { // one that has failed has none
                best = loop;
            }
        }
        return best;
    }

    /**
     * Ends gracefully: listeners stop listening, connections are told ({@code
     * StreamHandler.onStop}) and may finish, what is left after {@code grace} is cut, the loops
     * close. Returns at once; from any thread.
     *
     * <pre>{@code
     * int cut = loops.stop(Duration.ofSeconds(10)).join();
     * }</pre>
     *
     * @return completes when the loops have ended, with the number of connections (and attempts to
     *     connect) that were cut
     */
    public CompletableFuture<Integer> stop(Duration grace) {
        long deadline = System.nanoTime() + grace.toNanos();
        // Twice: a connection may be on its way from the loop that accepted it to its own, as a
        // task that runs before the second look.
        return drain(deadline)
                .thenCompose(
                        cut -> cut > 0 ? CompletableFuture.completedFuture(cut) : drain(deadline))
                .thenCompose(cut -> {
                    loops.forEach(EventLoop::shutdown);
                    return allOf(loops.stream().map(EventLoop::terminated)).thenApply(_ -> cut);
                });
    }

    private CompletableFuture<Integer> drain(long deadline) {
        long grace = Math.max(0, deadline - System.nanoTime());
        List<CompletableFuture<Integer>> left =
                loops.stream().map(loop -> loop.drain(grace)).toList();
        return allOf(left.stream())
                .thenApply(_ -> left.stream().mapToInt(CompletableFuture::join).sum());
    }

    private static CompletableFuture<Void> allOf(Stream<? extends CompletableFuture<?>> futures) {
        return CompletableFuture.allOf(futures.toArray(CompletableFuture<?>[]::new));
    }

    /** Closes all loops and waits for them. */
    @Override
    public void close() {
        loops.forEach(EventLoop::shutdown);
        loops.forEach(EventLoop::close);
    }
}
