package io.uring.ring;

import io.uring.ring.internal.Abi;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a ring is made; a value, which each method copies. Sizes are wishes: the kernel rounds them
 * up to powers of two, and too little memory halves them; {@link Ring} tells what came out. The
 * flags that make a ring faster are taken where the kernel has them and can be masked; what the
 * methods here ask for is needed, and a kernel without it refuses to make the ring.
 *
 * <pre>{@code
 * RingConfig config = RingConfig.forConnections(10_000).masking(Feature.DEFER_TASKRUN);
 * RingConfig busy = RingConfig.ofEntries(256, 1024).sqPoll(2_000);
 * }</pre>
 */
public final class RingConfig {
    static final int MAX_SQ_ENTRIES = 32768;
    static final int MAX_CQ_ENTRIES = 65536;

    /**
     * Completion entries per submission entry. A multishot operation has one SQE for any number of
     * completions, so the completion queue must be the larger one.
     */
    private static final int CQ_PER_SQ = 4;

    /** Enough for the turn of a small server, and 80 KiB with the completion queue. */
    private static final int MIN_SQ_ENTRIES = 256;

    /** One turn rarely prepares more; when it does, the queue is submitted in between. */
    private static final int USEFUL_SQ_ENTRIES = 4096;

    private static final int NO_CPU = -1;

    private final int sqEntries;
    private final int cqEntries;
    private Set<Feature> masked;

    // Set by copies only, before anybody sees them.
    private int setupFlags;
    private int sqThreadIdleMillis;
    private int sqThreadCpu = NO_CPU;
    private @Nullable Ring attachedTo;
    private @Nullable MemorySegment memory;
    private boolean hugePages;
    private boolean bare;

    /**
     * @param sqEntries submission queue entries, 1 to 32768
     * @param cqEntries completion queue entries, at least {@code sqEntries}, to 65536
     * @param masked features to leave unused even where the kernel has them
     */
    public RingConfig(int sqEntries, int cqEntries, Set<Feature> masked) {
        if (sqEntries < 1 || sqEntries > MAX_SQ_ENTRIES) {
            throw new IllegalArgumentException("sqEntries " + sqEntries + ", not 1 to 32768");
        }
        if (cqEntries < sqEntries || cqEntries > MAX_CQ_ENTRIES) {
            throw new IllegalArgumentException(
                    "cqEntries " + cqEntries + ", not " + sqEntries + " to 65536");
        }
        this.sqEntries = sqEntries;
        this.cqEntries = cqEntries;
        Set<Feature> copy = EnumSet.noneOf(Feature.class);
        copy.addAll(masked);
        this.masked = Collections.unmodifiableSet(copy);
    }

    /** The given sizes, with the features masked that the property {@code io.uring.mask} names. */
    public static RingConfig ofEntries(int sqEntries, int cqEntries) {
        return new RingConfig(sqEntries, cqEntries, Feature.maskedByProperty());
    }

    /**
     * Sizes for a loop that serves about so many connections, of which a quarter have something to
     * do in one turn.
     */
    public static RingConfig forConnections(int connections) {
        int wanted = Math.clamp(connections / 4, MIN_SQ_ENTRIES, USEFUL_SQ_ENTRIES);
        int entries = Integer.highestOneBit(wanted * 2 - 1);
        return ofEntries(entries, Math.min(entries * CQ_PER_SQ, MAX_CQ_ENTRIES));
    }

    private RingConfig with(Consumer<RingConfig> change) {
        RingConfig copy = new RingConfig(sqEntries, cqEntries, masked);
        copy.setupFlags = setupFlags;
        copy.sqThreadIdleMillis = sqThreadIdleMillis;
        copy.sqThreadCpu = sqThreadCpu;
        copy.attachedTo = attachedTo;
        copy.memory = memory;
        copy.hugePages = hugePages;
        copy.bare = bare;
        change.accept(copy);
        return copy;
    }

    private RingConfig withFlag(int flag) {
        return with(copy -> copy.setupFlags |= flag);
    }

    /** The same, with one more feature left unused. */
    public RingConfig masking(Feature feature) {
        Set<Feature> more = EnumSet.of(feature);
        more.addAll(masked);
        return with(copy -> copy.masked = Collections.unmodifiableSet(more));
    }

    /**
     * A kernel thread takes the submissions: no system call while it is awake. It costs a core
     * while it is, and goes to sleep when there was nothing to do for a time. Kernel 5.1; without
     * privilege from 5.13.
     *
     * @param idleMillis how long, in milliseconds, from 1
     */
    public RingConfig sqPoll(int idleMillis) {
        if (idleMillis < 1) {
            throw new IllegalArgumentException("idleMillis " + idleMillis);
        }
        return withFlag(Abi.SETUP_SQPOLL).with(copy -> copy.sqThreadIdleMillis = idleMillis);
    }

    /** The same, with the kernel thread on one processor. */
    public RingConfig sqPoll(int idleMillis, int cpu) {
        if (cpu < 0) {
            throw new IllegalArgumentException("cpu " + cpu);
        }
        return sqPoll(idleMillis).withFlag(Abi.SETUP_SQ_AFF).with(copy -> copy.sqThreadCpu = cpu);
    }

    /**
     * Completions are found by polling the device: for O_DIRECT reads and writes on devices that
     * can be polled, and nothing else. Kernel 5.1.
     */
    public RingConfig ioPoll() {
        return withFlag(Abi.SETUP_IOPOLL);
    }

    /** The same, but sleeps for a part of the time that the device is expected to take. 6.13. */
    public RingConfig hybridIoPoll() {
        return ioPoll().withFlag(Abi.SETUP_HYBRID_IOPOLL);
    }

    /** Submission entries of 128 bytes, for commands with a large payload. Kernel 5.19. */
    public RingConfig sqe128() {
        return withFlag(Abi.SETUP_SQE128);
    }

    /** Completion entries of 32 bytes; see {@link ExtendedCompletionHandler}. Kernel 5.19. */
    public RingConfig cqe32() {
        return withFlag(Abi.SETUP_CQE32);
    }

    /** Completion entries of 16 bytes, and of 32 for operations that need them. Kernel 6.18. */
    public RingConfig mixedCqes() {
        return withFlag(Abi.SETUP_CQE_MIXED);
    }

    /** Shares the worker threads, or the polling thread, of another ring. Kernel 5.6. */
    public RingConfig attachedTo(Ring other) {
        return withFlag(Abi.SETUP_ATTACH_WQ).with(copy -> copy.attachedTo = other);
    }

    /**
     * The queues live in memory of the caller's: aligned to a page, at least {@link #memoryBytes},
     * not used for anything else while the ring exists. It is zeroed. Kernel 6.5, which wanted it
     * contiguous (one huge page) before 6.14.
     */
    public RingConfig inMemory(MemorySegment memory) {
        return withFlag(Abi.SETUP_NO_MMAP).with(copy -> copy.memory = memory);
    }

    /** The queues live in huge pages, which must have been reserved. Kernel 6.5. */
    public RingConfig inHugePages() {
        return withFlag(Abi.SETUP_NO_MMAP).with(copy -> copy.hugePages = true);
    }

    /**
     * No file descriptor is made: the ring is known to its creating thread only, which must enable
     * it too. Needs {@link #inMemory} or {@link #inHugePages}. Kernel 6.5.
     */
    public RingConfig withoutDescriptor() {
        return withFlag(Abi.SETUP_REGISTERED_FD_ONLY);
    }

    /**
     * The ring neither holds the memory that operations name nor counts the operations in flight:
     * for an owner that does both itself.
     */
    public RingConfig bare() {
        return with(copy -> copy.bare = true);
    }

    /** The bytes that {@link #inMemory} needs. */
    public long memoryBytes() {
        return QueueMemory.of(this).bytes();
    }

    public int sqEntries() {
        return sqEntries;
    }

    public int cqEntries() {
        return cqEntries;
    }

    public Set<Feature> masked() {
        return masked;
    }

    /** The IORING_SETUP flags that were asked for. */
    int setupFlags() {
        return setupFlags;
    }

    boolean has(int setupFlag) {
        return (setupFlags & setupFlag) != 0;
    }

    int sqThreadIdleMillis() {
        return sqThreadIdleMillis;
    }

    int sqThreadCpu() {
        return sqThreadCpu;
    }

    @Nullable Ring attachedTo() {
        return attachedTo;
    }

    @Nullable MemorySegment memory() {
        return memory;
    }

    boolean hugePages() {
        return hugePages;
    }

    boolean isBare() {
        return bare;
    }
}
