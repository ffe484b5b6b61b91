package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.uring.bench.LoadSpec.Kind;
import org.junit.jupiter.api.Test;

final class LoadSpecTest {
    /** A request each 100 ns, taken by four connections in turn. */
    private final LoadSpec open = new LoadSpec(Mode.ECHO, Kind.REQUESTS, 4, 64, 1, 1e7);

    @Test
    void openLoopTakesConnectionsInTurn() {
        assertEquals(0, open.intendedNanos(0, 0));
        assertEquals(300, open.intendedNanos(3, 0));
        assertEquals(400, open.intendedNanos(0, 1));
    }

    @Test
    void requestIsDueFromItsIntendedStartOn() {
        assertEquals(0, open.dueAt(3, 299));
        assertEquals(1, open.dueAt(3, 300));
        assertEquals(1, open.dueAt(3, 699));
        assertEquals(2, open.dueAt(3, 700));
    }

    @Test
    void absurdNumbersAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> spec(0, 64, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> spec(1, 0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> spec(1, 64, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> spec(1, 64, 1, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> spec(1, 1 << 20, 1 << 20, 0));
    }

    private static LoadSpec spec(int connections, int bytes, int depth, double rate) {
        return new LoadSpec(Mode.ECHO, Kind.REQUESTS, connections, bytes, depth, rate);
    }
}
