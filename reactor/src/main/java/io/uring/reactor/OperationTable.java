package io.uring.reactor;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The operations the kernel has, by slot. User data is the slot in the low half and the slot's
 * generation in the high half, so a completion that comes late never reaches the slot's next owner.
 */
final class OperationTable {
    private static final int INITIAL_SLOTS = 256;

    private @Nullable Operation[] operations = new Operation[INITIAL_SLOTS];
    private int[] generations = new int[INITIAL_SLOTS];
    private int[] free = new int[INITIAL_SLOTS];
    private int freeCount;
    private int slots;

    OperationTable() {
        Arrays.fill(generations, 1);
    }

    /** Takes a slot for an operation and returns its user data, never 0. */
    long add(Operation operation) {
        int slot = freeCount > 0 ? free[--freeCount] : newSlot();
        operations[slot] = operation;
        return ((long) generations[slot] << Integer.SIZE) | slot;
    }

    private int newSlot() {
        if (slots == operations.length) {
            int capacity = slots * 2;
            int[] moreGenerations = Arrays.copyOf(generations, capacity);
            int[] moreFree = Arrays.copyOf(free, capacity);
            operations = Arrays.copyOf(operations, capacity); // all of them, or none
            free = moreFree;
            generations = moreGenerations;
            Arrays.fill(generations, slots, capacity, 1);
        }
        return slots++;
    }

    /** The operation a completion is for, or null when it is long over. */
    @Nullable Operation find(long userData) {
        int slot = (int) userData;
        int generation = (int) (userData >>> Integer.SIZE);
        if (slot < 0 || slot >= slots || generations[slot] != generation) {
            return null;
        }
        return operations[slot];
    }

    void remove(long userData) {
        int slot = (int) userData;
        assert operations[slot] != null : "slot " + slot + " is free";
        operations[slot] = null;
        int next = generations[slot] + 1;
        generations[slot] = next == 0 ? 1 : next; // 0 would make user data 0 possible
        free[freeCount++] = slot;
    }

    /** A copy of what is in it. */
    List<Operation> pending() {
        return Arrays.stream(operations).filter(Objects::nonNull).toList();
    }

    /** Operations the kernel has. */
    int size() {
        return slots - freeCount;
    }
}
