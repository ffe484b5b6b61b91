package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what operations name reachable until their last completion, found by user data. Operations
 * that share their user data are released together, with the last of them. Costs nothing for
 * operations that name no memory, and no allocation once it has grown to the number in flight.
 *
 * <p>A hash table with linear probing, whose entries are moved back when one goes, so that it never
 * fills with tombstones.
 */
final class InFlight {
    private static final int FIRST_CAPACITY = 64;

    /** Names spread well even when they are multiples of a power of two. */
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    /** Whether the kernel may read structures after the submission. */
    private final boolean unstable;

    /** Entries handed out whose last completion has not been seen. */
    private int outstanding;

    private long[] keys = new long[FIRST_CAPACITY];

    /** Operations with this key that have not ended; 0 marks a free place. */
    private int[] pending = new int[FIRST_CAPACITY];

    private @Nullable Object[] first = new @Nullable Object[FIRST_CAPACITY];
    private @Nullable Object[] second = new @Nullable Object[FIRST_CAPACITY];

    /** Whether the operation never completes when a silent member of its chain fails. */
    private boolean[] unsure = new boolean[FIRST_CAPACITY];

    private int shift = Long.SIZE - Integer.numberOfTrailingZeros(FIRST_CAPACITY);
    private int size;

    /** Whether the entries before the next one are a chain with a silent member. */
    private boolean chainIsSilent;

    /** What silent members of a chain name, for its next member that is not silent. */
    private final List<Object> carried = new ArrayList<>();

    /** What silent operations name of which no completion will ever tell the end. */
    private final Set<Object> untilClose = Collections.newSetFromMap(new IdentityHashMap<>());

    InFlight(boolean unstable) {
        this.unstable = unstable;
    }

    /** Whether nothing is held. */
    boolean isEmpty() {
        return size == 0 && untilClose.isEmpty() && carried.isEmpty();
    }

    /** Whether all that is held belongs to operations that may have ended without a word. */
    boolean mayHaveEnded() {
        for (int i = 0; i < keys.length; i++) {
            if (pending[i] != 0 && !unsure[i]) {
                return false;
            }
        }
        return true;
    }

    /** Releases everything: the kernel uses none of it any more. */
    void clear() {
        for (int i = 0; i < keys.length; i++) {
            if (pending[i] != 0) {
                pending[i] = 0;
                forget(i);
            }
        }
        size = 0;
        carried.forEach(this::unpin);
        untilClose.forEach(this::unpin);
        carried.clear();
        untilClose.clear();
    }

    private void forget(int place) {
        unpin(first[place]);
        unpin(second[place]);
        first[place] = null;
        second[place] = null;
    }

    private void unpin(@Nullable Object named) {
        if (unstable) {
            pin(named, -1);
        }
    }

    /**
     * Takes over what an operation names, when its entry is complete. Must also be told of an entry
     * that names nothing when it is silent or {@link #isInChain} says so.
     */
    void submitted(long userData, int flags, @Nullable Object named, @Nullable Object alsoNamed) {
        if (unstable) {
            pin(named, 1);
            pin(alsoNamed, 1);
        }
        boolean linked = (flags & (Abi.IOSQE_IO_LINK | Abi.IOSQE_IO_HARDLINK)) != 0;
        boolean silent = (flags & Abi.IOSQE_CQE_SKIP_SUCCESS) != 0;
        if (silent) {
            carry(named);
            carry(alsoNamed);
            if (!linked) {
                untilClose.addAll(carried);
                carried.clear();
            }
        } else if (!carried.isEmpty()) {
            carry(named);
            carry(alsoNamed);
            insert(userData, carried.toArray(), null);
            carried.clear();
        } else if (named != null) {
            insert(userData, named, alsoNamed);
        }
        chainIsSilent = linked && (chainIsSilent || silent);
    }

    private void carry(@Nullable Object named) {
        if (named != null) {
            carried.add(named);
        }
    }

    /** Whether the next entry belongs to a chain with a silent member. */
    boolean isInChain() {
        return chainIsSilent;
    }

    // Equal segments may have different owners; only the same object is held already.
    @SuppressWarnings("ReferenceEquality")
    private void insert(long userData, Object one, @Nullable Object two) {
        if (size * 2 >= keys.length) {
            grow();
        }
        int place = find(userData);
        if (pending[place] == 0) {
            keys[place] = userData;
            first[place] = one;
            second[place] = two;
            unsure[place] = chainIsSilent;
            size++;
        } else {
            unsure[place] &= chainIsSilent;
            if (!(first[place] == one && second[place] == two)) {
                // The same memory again is held already; anything else joins it.
                second[place] = join(second[place], one, two);
            } else if (unstable) {
                pin(one, -1); // what is held once is released once
                pin(two, -1);
            }
        }
        pending[place]++;
    }

    private static Object join(@Nullable Object held, Object one, @Nullable Object two) {
        List<@Nullable Object> all = new ArrayList<>();
        if (held instanceof Object[] several) {
            all.addAll(Arrays.asList(several));
        } else if (held != null) {
            all.add(held);
        }
        all.add(one);
        if (two != null) {
            all.add(two);
        }
        return all.toArray();
    }

    /** Where a key is, or the free place where it belongs. */
    private int find(long key) {
        int place = home(key);
        while (pending[place] != 0 && keys[place] != key) {
            place = place + 1 & keys.length - 1;
        }
        return place;
    }

    private int home(long key) {
        return (int) ((key * SPREAD) >>> shift);
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldPending = pending;
        @Nullable Object[] oldFirst = first;
        @Nullable Object[] oldSecond = second;
        boolean[] oldUnsure = unsure;
        int capacity = keys.length * 2;
        shift--;
        keys = new long[capacity];
        pending = new int[capacity];
        first = new @Nullable Object[capacity];
        second = new @Nullable Object[capacity];
        unsure = new boolean[capacity];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldPending[i] != 0) {
                int place = find(oldKeys[i]);
                keys[place] = oldKeys[i];
                pending[place] = oldPending[i];
                first[place] = oldFirst[i];
                second[place] = oldSecond[i];
                unsure[place] = oldUnsure[i];
            }
        }
    }

    /** Takes over memory that the kernel keeps beyond the completion. */
    void keepUntilClose(Object named) {
        untilClose.add(named);
    }

    /** An entry was handed out. */
    void started() {
        outstanding++;
    }

    /** An operation has had its last completion. */
    void ended(long userData) {
        outstanding--;
        if (size != 0) {
            completed(userData);
        }
    }

    /** Operations in flight; wrong where completions come without an operation of this ring. */
    int outstanding() {
        return outstanding;
    }

    private void completed(long userData) {
        int place = find(userData);
        if (pending[place] == 0) {
            return; // it named nothing
        }
        pending[place]--;
        if (pending[place] == 0) {
            remove(place);
        }
    }

    private void remove(int place) {
        forget(place);
        size--;
        int mask = keys.length - 1;
        int hole = place;
        int next = hole + 1 & mask;
        while (pending[next] != 0) {
            // An entry may move back unless its home lies behind the hole.
            if ((next - home(keys[next]) & mask) >= (next - hole & mask)) {
                keys[hole] = keys[next];
                pending[hole] = pending[next];
                first[hole] = first[next];
                second[hole] = second[next];
                unsure[hole] = unsure[next];
                hole = next;
            }
            next = next + 1 & mask;
        }
        pending[hole] = 0;
        first[hole] = null;
        second[hole] = null;
    }

    private static void pin(@Nullable Object named, int change) {
        if (named instanceof KernelStruct struct) {
            if (change > 0) {
                struct.submitted();
            } else {
                struct.completed();
            }
        } else if (named instanceof Object[] several) {
            for (Object each : several) {
                pin(each, change);
            }
        }
    }

    /** Whether an operation in flight names memory of an arena. */
    boolean references(MemorySegment.Scope scope) {
        for (int i = 0; i < keys.length; i++) {
            if (refersTo(first[i], scope) || refersTo(second[i], scope)) {
                return true;
            }
        }
        return carried.stream().anyMatch(named -> refersTo(named, scope))
                || untilClose.stream().anyMatch(named -> refersTo(named, scope));
    }

    private static boolean refersTo(@Nullable Object named, MemorySegment.Scope scope) {
        return switch (named) {
            case MemorySegment segment -> segment.scope().equals(scope);
            case IoVectors vectors -> vectors.refersTo(scope);
            case MessageHeader message -> message.refersTo(scope);
            case FutexVector words -> words.refersTo(scope);
            case IntegrityAttribute attribute ->
                    attribute.segment().scope().equals(scope)
                            || attribute.information().scope().equals(scope);
            case KernelStruct struct -> struct.segment().scope().equals(scope);
            case Object[] several -> Arrays.stream(several).anyMatch(each -> refersTo(each, scope));
            case null, default -> false;
        };
    }
}
