package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.ControlOps;
import io.uring.ring.EventFd;
import io.uring.ring.Feature;
import io.uring.ring.Sqe;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A reactor on the test's own thread, turned by hand. */
final class Turns implements AutoCloseable {
    private static final long LIMIT_NANOS = 10_000_000_000L;
    private static final long TURN_NANOS = 50_000_000L;

    final Reactor reactor;

    Turns() {
        this("", ReactorConfig.defaults());
    }

    /** On a ring without the features that {@code mask} names. */
    Turns(String mask, ReactorConfig config) {
        reactor = masked(mask, () -> new Reactor(config));
        reactor.start();
    }

    static <T> T masked(String mask, java.util.function.Supplier<T> task) {
        String before = System.getProperty(Feature.MASK_PROPERTY, "");
        System.setProperty(Feature.MASK_PROPERTY, mask);
        try {
            return task.get();
        } finally {
            System.setProperty(Feature.MASK_PROPERTY, before);
        }
    }

    void until(BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - start < LIMIT_NANOS, "not in time");
            reactor.poll(TURN_NANOS);
        }
    }

    /** Turns for a while, whatever happens. */
    void during(long nanos) {
        long start = System.nanoTime();
        for (long left = nanos; left > 0; left = nanos - (System.nanoTime() - start)) {
            reactor.poll(left);
        }
    }

    @Override
    public void close() {
        reactor.close();
        assertEquals(0, reactor.pendingOperations(), "operations left");
        assertEquals(0, reactor.buffers().outstanding(), "buffers lent");
        assertEquals(0, reactor.buffers().chunksInUse(), "chunks in use");
    }

    /** An operation that keeps its results. */
    static final class Probe extends Operation {
        final List<Integer> results = new ArrayList<>();
        private final Consumer<Sqe> preparation;
        Runnable then = () -> {};

        Probe(Consumer<Sqe> preparation) {
            this.preparation = preparation;
        }

        boolean isDone() {
            return !results.isEmpty();
        }

        @Override
        protected void prepare(Sqe sqe) {
            preparation.accept(sqe);
        }

        @Override
        protected void complete(int result, int flags) {
            results.add(result);
            then.run();
        }
    }

    static Probe nop() {
        return new Probe(ControlOps::nop);
    }

    /** Does not complete until it is cancelled or {@code event} is signalled. */
    static Probe read(EventFd event) {
        return new Probe(event::prepareRead);
    }
}
