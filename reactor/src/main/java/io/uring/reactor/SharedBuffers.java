package io.uring.reactor;

import io.uring.ring.BufferRing;
import io.uring.ring.BufferRingConfig;
import io.uring.ring.OperationLimitException;
import io.uring.ring.Ring;
import io.uring.ring.Sqe;
import io.uring.ring.StorageOps;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * The provided buffers of a group: who has which, and how many there are. More are given to the
 * kernel before it runs out of them, since a receive without one costs another turn; what was not
 * needed for a while goes back to the system.
 */
final class SharedBuffers {
    private static final int PAGE_BYTES = 4096;

    private final Reactor reactor;
    private final BufferRing ring;
    private final ByteBuffer bytes;
    private final int least;
    private final long shrinkNanos;
    private final Discard discard = new Discard();

    /** Per buffer: slices lent, and whether the kernel is done with it. */
    private final int[] lent;

    private final boolean[] finished;

    /** Buffers that neither the kernel nor a socket has. */
    private final int[] spare;

    private int spares;

    /** Those that the kernel is done with and that were not given back. */
    private int held;

    private int mostHeld;
    private long mostHeldSince;
    private int excess;
    private boolean unpublished;

    SharedBuffers(Reactor reactor, Ring ring, int group, BufferConfig config, boolean incremental) {
        this.reactor = reactor;
        this.least = config.count();
        this.shrinkNanos = config.shrinkNanos();
        BufferRingConfig all =
                BufferRingConfig.of(group, config.max(), config.bytes()).initially(least).lasting();
        this.ring = BufferRing.register(ring, incremental ? all.incremental() : all);
        this.bytes = this.ring.memory().asByteBuffer();
        this.lent = new int[config.max()];
        this.finished = new boolean[config.max()];
        this.spare = new int[config.max()];
        for (int id = config.max() - 1; id >= least; id--) {
            spare[spares++] = id; // the lowest first: their pages are together
        }
        this.mostHeldSince = reactor.now();
    }

    MemorySegment memory() {
        return ring.memory();
    }

    ByteBuffer bytes() {
        return bytes;
    }

    /** Buffers that the kernel or sockets have. */
    int size() {
        return ring.entries() - spares - (discard.isPending() ? 1 : 0);
    }

    boolean isExhausted() {
        return held == size();
    }

    boolean isScarce() {
        return held * 2 > ring.entries();
    }

    /** Where the bytes of a completion are, which named this buffer; to be called for each. */
    int taken(int id, int count, boolean last) {
        int offset = Math.toIntExact(ring.offset(id));
        ring.advance(id, count);
        if (last) {
            finished[id] = true;
            held++;
            mostHeld = Math.max(mostHeld, held);
        }
        if (count > 0) {
            lent[id]++;
        } else {
            recycleWhenUnused(id);
        }
        if (held * 4L >= size() * 3L) {
            grow();
        }
        return offset;
    }

    void givenBack(int id) {
        lent[id]--;
        recycleWhenUnused(id);
    }

    private void recycleWhenUnused(int id) {
        assert lent[id] >= 0 : "buffer " + id + " released twice";
        if (!finished[id] || lent[id] > 0) {
            return;
        }
        finished[id] = false;
        held--;
        if (excess == 0 || discard.isPending() || !tryDiscard(id)) {
            provide(id);
        }
    }

    private boolean tryDiscard(int id) {
        try {
            discard.start(id);
            excess--;
            return true;
        } catch (OperationLimitException e) {
            return false; // a busy loop may need the buffer after all
        }
    }

    private void provide(int id) {
        ring.recycle(id);
        unpublished = true;
    }

    private void grow() {
        excess = 0;
        mostHeldSince = reactor.now();
        for (int more = Math.min(size(), spares); more > 0; more--) {
            provide(spare[--spares]);
        }
    }

    /** Called once a turn. */
    void publish() {
        if (unpublished) {
            unpublished = false;
            ring.publish();
        }
        if (size() > least && reactor.now() - mostHeldSince > shrinkNanos) {
            int half = Math.max(least, size() / 2);
            excess = mostHeld < size() / 4 ? size() - half : 0;
            mostHeld = held;
            mostHeldSince = reactor.now();
        }
    }

    /** Gives the memory of one buffer back to the system, without making the loop wait for it. */
    private final class Discard extends Operation {
        private int id;

        void start(int bufferId) {
            id = bufferId;
            reactor.submit(this);
        }

        @Override
        protected void prepare(Sqe sqe) {
            long start = (long) id * ring.bufferBytes();
            long firstPage = start + (-(ring.memory().address() + start) & (PAGE_BYTES - 1));
            long end = start + ring.bufferBytes();
            long length = Math.max(0, end - firstPage) & -PAGE_BYTES; // pages of this one alone
            // A buffer that has no page to itself may end before the next page begins.
            MemorySegment pages = ring.memory().asSlice(length == 0 ? start : firstPage, length);
            StorageOps.madvise(sqe, pages, StorageOps.MADV_DONTNEED);
        }

        @Override
        protected void complete(int result, int flags) {
            spare[spares++] = id; // also if the system did not want it
        }
    }
}
