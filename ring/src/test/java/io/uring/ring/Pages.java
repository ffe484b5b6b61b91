package io.uring.ring;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Mapped memory of special kinds, unmapped with the arena. */
final class Pages {
    static final int PROT_NONE = 0;
    static final int PROT_READ = 1;
    static final int PROT_READ_WRITE = 3;

    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MMAP =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("mmap"),
                    FunctionDescriptor.of(
                            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT,
                            JAVA_LONG));
    private static final MethodHandle MUNMAP =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("munmap"),
                    FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MEMFD_CREATE =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("memfd_create"),
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle FTRUNCATE =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("ftruncate"),
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));

    private Pages() {}

    /** Private memory. */
    static MemorySegment anonymous(Arena arena, long bytes, int protection) {
        return map(arena, bytes, protection, MAP_PRIVATE_ANONYMOUS, -1);
    }

    /** A file's memory. */
    static MemorySegment shared(Arena arena, long bytes, int fd) {
        return map(arena, bytes, PROT_READ_WRITE, MAP_SHARED, fd);
    }

    private static MemorySegment map(Arena arena, long bytes, int protection, int flags, int fd) {
        try {
            long address = (long) MMAP.invokeExact(0L, bytes, protection, flags, fd, 0L);
            if (address == -1) {
                throw new AssertionError("mmap of " + bytes + " bytes failed");
            }
            return MemorySegment.ofAddress(address)
                    .reinterpret(bytes, arena, segment -> unmap(segment.address(), bytes));
        } catch (Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static void unmap(long address, long bytes) {
        try {
            if ((int) MUNMAP.invokeExact(address, bytes) != 0) {
                throw new AssertionError("munmap failed");
            }
        } catch (Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** A file in memory, which the caller closes. */
    static int memfd(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            int fd = (int) MEMFD_CREATE.invokeExact(arena.allocateFrom("test"), 0);
            if (fd < 0 || (int) FTRUNCATE.invokeExact(fd, bytes) != 0) {
                throw new AssertionError("memfd_create failed");
            }
            return fd;
        } catch (Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
