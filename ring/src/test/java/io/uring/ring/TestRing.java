package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.LinuxKernel;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * A ring on the test's thread that keeps what completes until the test takes it. Every wait is
 * bounded, and close fails when a completion is left.
 */
final class TestRing implements AutoCloseable {
    static final long LIMIT_NANOS = 10_000_000_000L;

    /** A completion. */
    record Event(long userData, int result, int flags) {
        boolean more() {
            return (flags & 2) != 0;
        }

        boolean hasBuffer() {
            return (flags & 1) != 0;
        }

        boolean bufferMore() {
            return (flags & 16) != 0;
        }

        int bufferId() {
            return flags >>> 16;
        }
    }

    private final Ring ring;
    private final List<Event> events = new ArrayList<>();

    private TestRing(RingConfig config, Kernel kernel) {
        ring = Ring.open(config, kernel);
        try {
            ring.enable();
        } catch (RuntimeException e) {
            ring.close();
            throw e;
        }
    }

    static TestRing open(RingConfig config, Kernel kernel) {
        return new TestRing(config, kernel);
    }

    static TestRing open(RingConfig config) {
        return new TestRing(config, LinuxKernel.instance());
    }

    static TestRing open(int sqEntries, int cqEntries, Feature... masked) {
        return open(new RingConfig(sqEntries, cqEntries, Set.of(masked)));
    }

    static TestRing open() {
        return open(64, 256);
    }

    Ring ring() {
        return ring;
    }

    /** The next entry, which must be there. */
    Sqe sqe() {
        Sqe sqe = ring.nextSqe();
        // A polling thread may have completed what it has not yet taken out of the queue.
        for (int i = 0; sqe == null && ring.config().has(Abi.SETUP_SQPOLL) && i < 1000; i++) {
            ring.waitForSpace();
            sqe = ring.nextSqe();
        }
        assertNotNull(sqe, "the submission queue is full");
        return sqe;
    }

    /** Submits, waits for the completion of {@code userData}, and takes it. */
    Event take(long userData) {
        Event event = takeWithin(userData, LIMIT_NANOS);
        if (event == null) {
            throw new AssertionError(
                    "no completion of " + userData + " on " + ring + ", only " + events);
        }
        return event;
    }

    /** As above; null when it does not come. */
    Event takeWithin(long userData, long nanos) {
        long start = System.nanoTime();
        while (true) {
            ring.drain(this::record);
            for (Iterator<Event> i = events.iterator(); i.hasNext(); ) {
                Event event = i.next();
                if (event.userData() == userData) {
                    i.remove();
                    return event;
                }
            }
            long left = nanos - (System.nanoTime() - start);
            if (left <= 0) {
                return null;
            }
            ring.submitAndWait(1, left);
        }
    }

    /** Takes the completion of {@code userData}, whose result must be {@code expected}. */
    Event take(long userData, int expected) {
        Event event = take(userData);
        assertEquals(expected, event.result(), () -> "result of " + describe(event));
        return event;
    }

    private static String describe(Event event) {
        return event + (event.result() < 0 ? " " + Errno.name(-event.result()) : "");
    }

    /** Takes {@code count} completions of whatever, in their order. */
    List<Event> takeNext(int count) {
        long start = System.nanoTime();
        ring.drain(this::record);
        while (events.size() < count) {
            long left = LIMIT_NANOS - (System.nanoTime() - start);
            if (left <= 0) {
                throw new AssertionError("not " + count + " completions, only " + events);
            }
            ring.submitAndWait(1, left);
            ring.drain(this::record);
        }
        List<Event> first = new ArrayList<>(events.subList(0, count));
        events.subList(0, count).clear();
        return first;
    }

    /** Takes all that is there after running pending work, without waiting. */
    List<Event> takeReady() {
        ring.submitAndWait(0, 0);
        ring.drain(this::record);
        List<Event> all = new ArrayList<>(events);
        events.clear();
        return all;
    }

    private void record(long userData, int result, int flags) {
        events.add(new Event(userData, result, flags));
    }

    @Override
    public void close() {
        List<Event> left = takeReady();
        if (!ring.capabilities().has(Feature.EXT_ARG)) {
            left.removeIf(event -> event.userData() == Ring.NO_USER_DATA); // deadlines of waits
        }
        ring.close();
        assertEquals(List.of(), left, "completions that the test did not take");
    }
}
