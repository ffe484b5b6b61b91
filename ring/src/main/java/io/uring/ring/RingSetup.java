package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

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

    /** As the kernel left them. */
    final RingParams params;

    /** The queues' memory, or null where the kernel's is mapped. */
    final @Nullable MemorySegment memory;

    /** The set-up flags that worked. */
    final Set<Feature> flags;

    /** The descriptor, or with REGISTERED_FD_ONLY the index in the thread's table. */
    final int fd;

    RingSetup(Kernel kernel, RingConfig config, Arena arena) {
        this.kernel = kernel;
        this.config = config;
        this.params = new RingParams(arena);
        this.flags = EnumSet.copyOf(NEWEST_FIRST);
        flags.removeAll(config.masked());
        this.memory =
                config.hugePages()
                        ? QueueMemory.of(config).mapHugePages(kernel, arena)
                        : config.memory();
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
            if (errno == Errno.EINVAL && config.setupFlags() != 0) {
                throw new RingException(
                        "io_uring_setup with flags 0x" + Integer.toHexString(setupBits()),
                        errno,
                        "This kernel does not have one of the flags asked for, or they do not go"
                                + " together; see RingConfig for the release each came with.");
            }
            throw Availability.failure("io_uring_setup", errno, false);
        }
    }

    private long attempt(int sqEntries, int cqEntries) {
        params.clear();
        params.put(Abi.PARAMS_FLAGS, setupBits());
        if (flags.contains(Feature.CQSIZE)) {
            params.put(Abi.PARAMS_CQ_ENTRIES, cqEntries);
        }
        params.put(Abi.PARAMS_SQ_THREAD_IDLE, config.sqThreadIdleMillis());
        if (config.has(Abi.SETUP_SQ_AFF)) {
            params.put(Abi.PARAMS_SQ_THREAD_CPU, config.sqThreadCpu());
        }
        Ring attachedTo = config.attachedTo();
        if (attachedTo != null) {
            params.put(Abi.PARAMS_WQ_FD, attachedTo.fd());
        }
        if (config.has(Abi.SETUP_NO_MMAP) || config.has(Abi.SETUP_REGISTERED_FD_ONLY)) {
            placeQueues(sqEntries, cqEntries);
        }
        return kernel.setup(sqEntries, params.address());
    }

    private void placeQueues(int sqEntries, int cqEntries) {
        if (memory == null) {
            throw new IllegalArgumentException("withoutDescriptor needs inMemory or inHugePages");
        }
        QueueMemory sizes = QueueMemory.of(config, sqEntries, cqEntries);
        long rings = sizes.place(memory);
        params.userAddresses(rings, rings + sizes.ringsBytes());
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
        int bits = config.setupFlags();
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
        if (config.has(Abi.SETUP_SQPOLL)) {
            // The polling thread runs its own task work.
            asked.remove(Feature.DEFER_TASKRUN);
            asked.remove(Feature.COOP_TASKRUN);
        }
        if (asked.contains(Feature.DEFER_TASKRUN)) {
            asked.remove(Feature.COOP_TASKRUN);
        } else if (!asked.contains(Feature.COOP_TASKRUN)) {
            asked.remove(Feature.TASKRUN_FLAG);
        }
        return asked;
    }
}
