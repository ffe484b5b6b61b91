package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** What registering files and buffers have in common. */
final class ResourceTable {
    /** The register calls of a kind of resource; the first is for kernels before 5.13. */
    enum Kind {
        BUFFERS(0, RegisterAbi.REGISTER_BUFFERS2, RegisterAbi.REGISTER_BUFFERS_UPDATE),
        FILES(2, RegisterAbi.REGISTER_FILES2, RegisterAbi.REGISTER_FILES_UPDATE2);

        private final int simple;
        private final int register;
        private final int update;

        Kind(int simple, int register, int update) {
            this.simple = simple;
            this.register = register;
            this.update = update;
        }
    }

    private ResourceTable() {}

    /**
     * @param data the address of the resources, 0 for a sparse table
     */
    static void register(
            Ring ring, Kind kind, Arena scratch, int count, long data, long @Nullable [] tags) {
        String name = "REGISTER_" + kind;
        if (data != 0 && tags == null) {
            check(ring, name, ring.tryRegister(kind.simple, data, count));
            return;
        }
        ring.support().require(Feature.RSRC_TAGS);
        long argument = scratch.allocate(RegisterAbi.RSRC_REGISTER_BYTES, Long.BYTES).address();
        NativeMemory.putInt(argument + RegisterAbi.RSRC_REGISTER_NR, count);
        NativeMemory.putInt(
                argument + RegisterAbi.RSRC_REGISTER_FLAGS,
                data == 0 ? RegisterAbi.RSRC_REGISTER_SPARSE : 0);
        NativeMemory.putLong(argument + RegisterAbi.RSRC_REGISTER_DATA, data);
        NativeMemory.putLong(argument + RegisterAbi.RSRC_REGISTER_TAGS, tags(scratch, count, tags));
        check(
                ring,
                name,
                ring.tryRegister(kind.register, argument, RegisterAbi.RSRC_REGISTER_BYTES));
    }

    /** Returns how many were updated. */
    static int update(
            Ring ring,
            Kind kind,
            Arena scratch,
            int offset,
            int count,
            long data,
            long @Nullable [] tags) {
        String name = "UPDATE_" + kind;
        if (kind == Kind.FILES && tags == null) {
            long argument = scratch.allocate(Abi.RSRC_UPDATE_BYTES, Long.BYTES).address();
            NativeMemory.putInt(argument + Abi.RSRC_UPDATE_OFFSET, offset);
            NativeMemory.putLong(argument + Abi.RSRC_UPDATE_DATA, data);
            return ring.register(name, RegisterAbi.REGISTER_FILES_UPDATE, argument, count);
        }
        ring.support().require(Feature.RSRC_TAGS);
        long argument = scratch.allocate(RegisterAbi.RSRC_UPDATE2_BYTES, Long.BYTES).address();
        NativeMemory.putInt(argument + RegisterAbi.RSRC_UPDATE2_OFFSET, offset);
        NativeMemory.putLong(argument + RegisterAbi.RSRC_UPDATE2_DATA, data);
        NativeMemory.putLong(argument + RegisterAbi.RSRC_UPDATE2_TAGS, tags(scratch, count, tags));
        NativeMemory.putInt(argument + RegisterAbi.RSRC_UPDATE2_NR, count);
        return ring.register(name, kind.update, argument, RegisterAbi.RSRC_UPDATE2_BYTES);
    }

    /** Throws for {@code -errno}. */
    static void check(Ring ring, String name, int result) {
        if (result < 0) {
            String call = "io_uring_register(" + name + ") on " + ring;
            throw new RingException(call, -result, remedy(-result));
        }
    }

    private static String remedy(int errno) {
        return switch (errno) {
            case Errno.EBUSY -> "There is one already: close it first.";
            case Errno.ENOMEM -> "Raise the limit of locked memory (RLIMIT_MEMLOCK, ulimit -l).";
            case Errno.EMFILE -> "Raise the limit of open files (RLIMIT_NOFILE, ulimit -n).";
            case Errno.EFAULT -> "The memory cannot be pinned: it must be anonymous and writable.";
            default -> "";
        };
    }

    private static long tags(Arena scratch, int count, long @Nullable [] tags) {
        if (tags == null) {
            return 0;
        }
        if (tags.length != count) {
            throw new IllegalArgumentException(tags.length + " tags for " + count);
        }
        return scratch.allocateFrom(ValueLayout.JAVA_LONG, tags).address();
    }
}
