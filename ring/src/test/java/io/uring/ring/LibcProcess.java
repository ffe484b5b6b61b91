package io.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.uring.ring.internal.LinuxKernel;
import io.uring.ring.internal.NativeMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What a test asks about its process and changes in it: limits, users, raw mappings. */
final class LibcProcess {
    static final int RLIMIT_NOFILE = 7;
    static final int RLIMIT_MEMLOCK = 8;
    static final int NOBODY = 65534;

    static final int MAP_SHARED = 1;
    static final int MAP_FIXED = 0x10;

    private static final boolean X86_64 = System.getProperty("os.arch").equals("amd64");
    private static final int MMAP = X86_64 ? 9 : 222;
    private static final int MUNMAP = X86_64 ? 11 : 215;
    private static final int SETRESUID = X86_64 ? 117 : 147;
    private static final int PRLIMIT64 = X86_64 ? 302 : 261;
    private static final int PROT_READ_WRITE = 3;

    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle SYSCALL = syscall();

    private LibcProcess() {}

    private static MethodHandle syscall() {
        Linker linker = Linker.nativeLinker();
        FunctionDescriptor type =
                FunctionDescriptor.of(
                        JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                        JAVA_LONG);
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("syscall"),
                type,
                Linker.Option.firstVariadicArg(1),
                Linker.Option.captureCallState("errno"));
    }

    /** The result, or {@code -errno}. */
    private static long call(long number, long a, long b, long c, long d, long e, long f) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long result = (long) SYSCALL.invokeExact(state, number, a, b, c, d, e, f);
            return result == -1 ? -(int) ERRNO.get(state, 0L) : result;
        } catch (RuntimeException | Error unchecked) {
            throw unchecked;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** mmap(2) with a hint, which {@link io.uring.ring.internal.Kernel} never gives. */
    static long map(long hint, long bytes, int flags, int fd, long offset) {
        return call(MMAP, hint, bytes, PROT_READ_WRITE, flags, fd, offset);
    }

    /**
     * Memory for the queues of a ring. The kernel writes into it for a while after the ring is
     * closed: that must not be the C library's heap by then.
     */
    static MemorySegment mapped(long bytes) {
        long all = bytes + NativeMemory.PAGE_BYTES;
        long start = LinuxKernel.instance().map(all, -1, 0);
        check("mmap", start);
        MemorySegment segment = LinuxKernel.instance().own(Arena.ofAuto(), start, all);
        return segment.asSlice(-start & (NativeMemory.PAGE_BYTES - 1), bytes);
    }

    static long unmap(long address, long bytes) {
        return call(MUNMAP, address, bytes, 0, 0, 0, 0);
    }

    /** Makes the calling thread, and no other, one of user nobody: for threads that then end. */
    static void becomeNobody() {
        check("setresuid", call(SETRESUID, NOBODY, NOBODY, NOBODY, 0, 0, 0));
    }

    /** Lowers a limit of the whole process: for child processes. */
    static void limit(int resource, long soft) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limits = arena.allocate(16, 8); // rlim_cur u64@0, rlim_max u64@8
            check("prlimit", call(PRLIMIT64, 0, resource, 0, limits.address(), 0, 0));
            limits.set(JAVA_LONG, 0, soft);
            check("prlimit", call(PRLIMIT64, 0, resource, limits.address(), 0, 0, 0));
        }
    }

    private static void check(String call, long result) {
        if (result < 0) {
            throw new AssertionError(call + " failed: " + Errno.name((int) -result));
        }
    }

    /** A field of what the kernel tells about a descriptor. */
    static String descriptorField(int fd, String name) {
        return field(Path.of("/proc/self/fdinfo", Integer.toString(fd)), name);
    }

    /** A field of the status of one of our threads, of the kernel's too. */
    static String threadField(String tid, String name) {
        return field(Path.of("/proc/self/task", tid, "status"), name);
    }

    /** Whether one of our threads is in a system call. */
    static boolean inSystemCall(int number) {
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            return threads.anyMatch(
                    thread -> lines(thread.resolve("syscall")).getFirst().startsWith(number + " "));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String field(Path file, String name) {
        for (String line : lines(file)) {
            if (line.startsWith(name + ":")) {
                return line.substring(name.length() + 1).strip();
            }
        }
        throw new AssertionError("no " + name + " in " + file);
    }

    /** Mappings of rings that this process has. */
    static long ringMappings() {
        return lines(Path.of("/proc/self/maps")).stream()
                .filter(line -> line.endsWith("anon_inode:[io_uring]"))
                .count();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
