package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.ring.internal.Abi;
import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The table of what operations name, against one that is made of collections. */
final class InFlightTest {
    private static final int MEMORIES = 24;
    private static final int STEPS = 20_000;

    private final InFlight inFlight = new InFlight(false);
    private final List<MemorySegment> memories = new ArrayList<>();

    /** By user data: how many have not ended, and which memories they name. */
    private final Map<Long, Integer> pending = new HashMap<>();

    private final Map<Long, Set<Integer>> named = new HashMap<>();

    InFlightTest() {
        for (int i = 0; i < MEMORIES; i++) {
            memories.add(Arena.ofAuto().allocate(1));
        }
    }

    private void submit(long userData, int first, int second) {
        inFlight.submitted(
                userData, 0, memories.get(first), second < 0 ? null : memories.get(second));
        pending.merge(userData, 1, Integer::sum);
        Set<Integer> all = named.computeIfAbsent(userData, key -> new HashSet<>());
        all.add(first);
        if (second >= 0) {
            all.add(second);
        }
    }

    private void end(long userData) {
        inFlight.ended(userData);
        Integer left = pending.get(userData);
        if (left != null && left == 1) {
            pending.remove(userData);
            named.remove(userData);
        } else if (left != null) {
            pending.put(userData, left - 1);
        }
    }

    private void check(String message) {
        assertEquals(pending.isEmpty(), inFlight.isEmpty(), message);
        Set<Integer> held = new HashSet<>();
        named.values().forEach(held::addAll);
        for (int i = 0; i < MEMORIES; i++) {
            assertEquals(held.contains(i), inFlight.references(memories.get(i).scope()), message);
        }
    }

    /** Keys that share their low bits, that are small, and that are far apart. */
    @ParameterizedTest
    @ValueSource(longs = {1, 64, 1L << 32, 1L << 58, 0x9E3779B97F4A7C15L})
    @Behaviour("ERR-06")
    void holdsWhatTheModelHoldsThroughAnyOrder(long stride) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int step = 0; step < STEPS; step++) {
            String message = "seed " + seed + " stride " + stride + " step " + step;
            // Waves: mostly in, then mostly out, so that the table grows and empties.
            boolean in = random.nextInt(10) < (step / 500 % 2 == 0 ? 7 : 3);
            long userData = random.nextInt(400) * stride;
            if (in) {
                int second = random.nextBoolean() ? -1 : random.nextInt(MEMORIES);
                submit(userData, random.nextInt(MEMORIES), second);
            } else {
                end(userData);
            }
            if (step % 16 == 0) {
                check(message);
            }
        }
        for (long userData : new ArrayList<>(pending.keySet())) {
            while (pending.containsKey(userData)) {
                end(userData);
            }
            check("seed " + seed + " emptying " + userData);
        }
        assertTrue(inFlight.isEmpty());
    }

    @Test
    void userDataZeroIsAKeyLikeAnyOther() {
        submit(0, 3, -1);
        check("one");
        submit(0, 4, 5);
        end(0);
        check("one of two has ended");
        end(0);
        check("none");
        end(0); // nothing is there any more
        check("none");
    }

    @Test
    @Behaviour("ERR-06")
    void operationsThatShareUserDataAreReleasedWithTheLast() {
        for (int i = 0; i < MEMORIES; i++) {
            submit(7, i, -1);
        }
        for (int i = 0; i < MEMORIES; i++) {
            check("ended " + i);
            end(7);
        }
        check("all");
    }

    @Test
    @Behaviour("ERR-06")
    void growthLosesNothing() {
        for (int i = 0; i < 5_000; i++) {
            submit(i * 4096L, i % MEMORIES, -1);
        }
        check("grown");
        for (int i = 4_999; i >= 0; i--) {
            end(i * 4096L);
        }
        assertTrue(inFlight.isEmpty());
        check("emptied");
    }

    @Test
    void silentMembersOfAChainAreHeldByItsLast() {
        int silent = Abi.IOSQE_CQE_SKIP_SUCCESS | Abi.IOSQE_IO_LINK;
        inFlight.submitted(1, silent, memories.get(0), memories.get(1));
        inFlight.submitted(2, silent, memories.get(2), null);
        inFlight.submitted(3, 0, memories.get(3), null);
        for (int i = 0; i < 4; i++) {
            assertTrue(inFlight.references(memories.get(i).scope()), "memory " + i);
        }
        inFlight.ended(3);
        for (int i = 0; i < 4; i++) {
            assertFalse(inFlight.references(memories.get(i).scope()), "memory " + i);
        }
    }

    @Test
    void silentOperationWithoutAChainIsHeldUntilTheRingCloses() {
        inFlight.submitted(1, Abi.IOSQE_CQE_SKIP_SUCCESS, memories.get(0), null);
        inFlight.ended(1); // a failure does have a completion
        assertTrue(inFlight.references(memories.get(0).scope()));
        assertFalse(inFlight.isEmpty());
        assertTrue(inFlight.mayHaveEnded());
        inFlight.clear();
        assertTrue(inFlight.isEmpty());
    }

    @Test
    void entriesHandedOutAreCountedUntilTheyEnd() {
        for (int i = 0; i < 10; i++) {
            inFlight.started();
        }
        assertEquals(10, inFlight.outstanding());
        for (int i = 0; i < 10; i++) {
            inFlight.ended(0);
        }
        assertEquals(0, inFlight.outstanding());
    }

    /** On a ring whose kernel reads structures late, each use pins them once. */
    @Test
    void structureIsMutableAgainOnceAllItsUsesHaveEnded() {
        InFlight late = new InFlight(true);
        Timespec own = new Timespec(Arena.ofAuto());
        Timespec other = new Timespec(Arena.ofAuto());
        late.submitted(1, 0, own, null);
        late.submitted(1, 0, own, null); // the same again, with the same user data
        late.submitted(1, 0, other, own);
        late.ended(1);
        late.ended(1);
        assertThrows(IllegalStateException.class, () -> own.nanos(1));
        late.ended(1);
        other.nanos(1);
        own.nanos(1);
    }
}
