package io.uring.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.uring.ring.internal.LinuxKernel;
import io.uring.testkit.Behaviour;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The table of rings that each thread has; each test has a thread of its own. */
@ExtendWith(DescriptorsReturn.class)
final class RingFdsTest {
    private static final int EBUSY = 16;
    private static final int EINVAL = 22;
    private static final int EBADF = 9;
    private static final int REGISTER_PERSONALITY = 9;
    private static final int UNREGISTER_PERSONALITY = 10;
    private static final int REGISTER_RING_FDS = 20;
    private static final int UNREGISTER_RING_FDS = 21;
    private static final int USE_REGISTERED_RING = 0x8000_0000;
    private static final int ANY = -1;
    private static final int UPDATE_BYTES = 16;

    @Test
    @Behaviour("REG-04")
    void threadHasSixteenPlaces() throws Exception {
        OwnThread.run(() -> {
            try (Ring ring = Ring.open(config());
                    Arena arena = Arena.ofConfined()) {
                MemorySegment one = updates(arena, ring, 5);
                assertEquals(1, call(ring, REGISTER_RING_FDS, one));
                assertEquals(5, index(one, 0));
                assertEquals(-EBUSY, call(ring, REGISTER_RING_FDS, one));
                MemorySegment beyond = updates(arena, ring, 16);
                assertEquals(-EINVAL, call(ring, REGISTER_RING_FDS, beyond));
                MemorySegment rest = updates(arena, ring, any(16));
                assertEquals(15, call(ring, REGISTER_RING_FDS, rest));
                assertEquals(0, index(rest, 0));
                assertEquals(6, index(rest, 5)); // 5 was taken
                MemorySegment last = updates(arena, ring, ANY);
                assertEquals(-EBUSY, call(ring, REGISTER_RING_FDS, last));

                MemorySegment gone = arena.allocate(UPDATE_BYTES, 8);
                gone.set(ValueLayout.JAVA_INT, 0, 5);
                assertEquals(1, call(ring, UNREGISTER_RING_FDS, gone));
                assertEquals(1, call(ring, REGISTER_RING_FDS, last));
                assertEquals(5, index(last, 0));
                gone.set(ValueLayout.JAVA_INT, 0, 16);
                assertEquals(-EINVAL, call(ring, UNREGISTER_RING_FDS, gone));
            }
        });
    }

    @Test
    @Behaviour("REG-04")
    void placesOfOneThreadMeanNothingToAnother() throws Exception {
        OwnThread.run(() -> {
            try (Ring ring = Ring.open(config());
                    Arena arena = Arena.ofShared()) {
                MemorySegment update = updates(arena, ring, 3);
                assertEquals(1, call(ring, REGISTER_RING_FDS, update));
                int id = personality();
                assertEquals(0, ring.tryRegister(UNREGISTER_PERSONALITY, 0, id), "id " + id);
                OwnThread.run(() -> {
                    assertEquals(-EINVAL, personality()); // it has no table
                    MemorySegment other = updates(arena, ring, 2);
                    assertEquals(1, call(ring, REGISTER_RING_FDS, other));
                    assertEquals(-EBADF, personality());
                });
            }
        });
    }

    /** A register call through place 3. */
    private static int personality() {
        int opcode = REGISTER_PERSONALITY | USE_REGISTERED_RING;
        return (int) LinuxKernel.instance().register(3, opcode, 0, 0);
    }

    /** A ring that is not in the table by itself, and belongs to no thread. */
    private static RingConfig config() {
        return RingConfig.ofEntries(8, 16)
                .masking(Feature.RING_FDS)
                .masking(Feature.SINGLE_ISSUER)
                .masking(Feature.DEFER_TASKRUN);
    }

    private static int[] any(int count) {
        int[] indices = new int[count];
        java.util.Arrays.fill(indices, ANY);
        return indices;
    }

    private static MemorySegment updates(Arena arena, Ring ring, int... indices) {
        MemorySegment updates = arena.allocate((long) indices.length * UPDATE_BYTES, 8);
        for (int i = 0; i < indices.length; i++) {
            updates.set(ValueLayout.JAVA_INT, (long) i * UPDATE_BYTES, indices[i]);
            updates.set(ValueLayout.JAVA_LONG, (long) i * UPDATE_BYTES + 8, ring.fd());
        }
        return updates;
    }

    private static int index(MemorySegment updates, int place) {
        return updates.get(ValueLayout.JAVA_INT, (long) place * UPDATE_BYTES);
    }

    private static int call(Ring ring, int opcode, MemorySegment updates) {
        int count = (int) (updates.byteSize() / UPDATE_BYTES);
        return ring.tryRegister(opcode, updates.address(), count);
    }
}
