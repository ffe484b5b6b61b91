package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The set-up ladder: asks for the best ring and steps down until the kernel agrees. EINVAL drops
 * the newest flag, ENOMEM halves the queues, anything else ends it.
 */
final class RingSetup {
    /** The smallest queue worth having when memory is short. */
    private static final int FLOOR_ENTRIES = 8;

    /**
     * Newest first: a kernel that refuses one of them has all that stand behind it, or also lacks
     * them.
     */
    private static final List<Feature> NEWEST_FIRST =
            List.of(
                    Feature.NO_SQARRAY,
                    Feature.DEFER_TASKRUN,
                    Feature.SINGLE_ISSUER,
                    Feature.TASKRUN_FLAG,
                    Feature.COOP_TASKRUN,
                    Feature.SUBMIT_ALL,
                    Feature.R_DISABLED,
                    Feature.CLAMP,
                    Feature.CQSIZE);

    private final Kernel kernel;
    private final RingConfig config;

    /** io_uring_params as the kernel left them. */
    final MemorySegment params;

    /** The set-up flags that worked. */
    final Set<Feature> flags;

    final int fd;

    RingSetup(Kernel kernel, RingConfig config, Arena arena) {
        this.kernel = kernel;
        this.config = config;
        this.params = arena.allocate(Abi.PARAMS_BYTES, Long.BYTES);
        this.flags = EnumSet.copyOf(NEWEST_FIRST);
        flags.removeAll(config.masked());
        this.fd = descend();
    }

    private int descend() {
        if (config.masked().contains(Feature.IO_URING)) {
            throw Availability.failure("io_uring_setup", Errno.ENOSYS, true);
        }
        int sqEntries = config.sqEntries();
        int cqEntries = config.cqEntries();
        while (true) {
            long result = attempt(sqEntries, cqEntries);
            if (result >= 0) {
                return (int) result;
            }
            int errno = (int) -result;
            if (errno == Errno.EINVAL && dropNewest()) {
                continue;
            }
            if (errno == Errno.ENOMEM && cqEntries > FLOOR_ENTRIES) {
                sqEntries = Math.max(sqEntries / 2, Math.min(sqEntries, FLOOR_ENTRIES));
                cqEntries = Math.max(cqEntries / 2, sqEntries);
                continue;
            }
            throw Availability.failure("io_uring_setup", errno, false);
        }
    }

    private long attempt(int sqEntries, int cqEntries) {
        params.fill((byte) 0);
        long base = params.address();
        int bits = setupBits();
        NativeMemory.putInt(base + Abi.PARAMS_FLAGS, bits);
        if (flags.contains(Feature.CQSIZE)) {
            NativeMemory.putInt(base + Abi.PARAMS_CQ_ENTRIES, cqEntries);
        }
        return kernel.setup(sqEntries, base);
    }

    private boolean dropNewest() {
        for (Feature feature : NEWEST_FIRST) {
            if (flags.remove(feature)) {
                return true;
            }
        }
        return false;
    }

    private int setupBits() {
        int bits = 0;
        for (Feature feature : asked()) {
            bits |= feature.bit();
        }
        return bits;
    }

    /** Of the flags that are left, those that make sense together. */
    Set<Feature> asked() {
        Set<Feature> asked = EnumSet.noneOf(Feature.class);
        asked.addAll(flags);
        if (!asked.contains(Feature.R_DISABLED)) {
            // The issuer would be the creating thread, not the one that enables the ring.
            asked.remove(Feature.SINGLE_ISSUER);
        }
        if (!asked.contains(Feature.SINGLE_ISSUER)) {
            asked.remove(Feature.DEFER_TASKRUN);
        }
        if (asked.contains(Feature.DEFER_TASKRUN)) {
            asked.remove(Feature.COOP_TASKRUN);
        } else if (!asked.contains(Feature.COOP_TASKRUN)) {
            asked.remove(Feature.TASKRUN_FLAG);
        }
        return asked;
    }

    int sqEntries() {
        return NativeMemory.getInt(params.address() + Abi.PARAMS_SQ_ENTRIES);
    }

    int cqEntries() {
        return NativeMemory.getInt(params.address() + Abi.PARAMS_CQ_ENTRIES);
    }

    int features() {
        return NativeMemory.getInt(params.address() + Abi.PARAMS_FEATURES);
    }

    int sqOffset(int field) {
        return NativeMemory.getInt(params.address() + Abi.PARAMS_SQ_OFF + field);
    }

    int cqOffset(int field) {
        return NativeMemory.getInt(params.address() + Abi.PARAMS_CQ_OFF + field);
    }
}
