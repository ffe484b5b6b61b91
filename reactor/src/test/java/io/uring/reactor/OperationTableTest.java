package io.uring.reactor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Slots and their generations. */
final class OperationTableTest {
    private final OperationTable table = new OperationTable();

    @Test
    void findsWhatWasAdded() {
        Operation operation = Turns.nop();
        assertSame(operation, table.find(table.add(operation)));
        assertEquals(1, table.size());
    }

    @Test
    void slotsNextOwnerIsNotFoundUnderTheOldUserData() {
        long first = table.add(Turns.nop());
        table.remove(first);
        Operation next = Turns.nop();
        long second = table.add(next);
        assertEquals((int) first, (int) second, "the slot is used again");
        assertNull(table.find(first));
        assertSame(next, table.find(second));
    }

    @Test
    void removedOperationIsNotFound() {
        long userData = table.add(Turns.nop());
        table.remove(userData);
        assertNull(table.find(userData));
        assertEquals(0, table.size());
    }

    @Test
    void userDataOfNobodyIsNotFound() {
        assertNull(table.find(0));
        assertNull(table.find(-1));
        assertNull(table.find(Long.MAX_VALUE));
        assertNull(table.find(1L << 32 | 200));
    }

    @Test
    void generationWrapsWithoutEverMakingUserDataZero() throws Exception {
        long last = table.add(Turns.nop());
        table.remove(last);
        var field = OperationTable.class.getDeclaredField("generations");
        field.setAccessible(true);
        ((int[]) field.get(table))[(int) last] = -1; // as after 2^32 - 2 operations
        long before = table.add(Turns.nop());
        assertEquals(-1, (int) (before >>> 32));
        table.remove(before);
        long after = table.add(Turns.nop());
        assertNotEquals(0, after);
        assertEquals(1, (int) (after >>> 32));
        assertNull(table.find(before));
    }

    @Test
    void growsAndKeepsAll() {
        Set<Long> all = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            all.add(table.add(Turns.nop()));
        }
        assertEquals(10_000, all.size());
        assertEquals(10_000, table.size());
        all.forEach(table::remove);
        assertEquals(0, table.size());
    }
}
