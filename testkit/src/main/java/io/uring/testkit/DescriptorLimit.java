package io.uring.testkit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Leaves this process without a descriptor to open, until it is closed: the soft RLIMIT_NOFILE goes
 * below what is open already.
 *
 * <pre>{@code
 * try (DescriptorLimit _ = DescriptorLimit.none()) {
 *     assertThrows(IOException.class, () -> Files.newInputStream(file));
 * }
 * }</pre>
 */
public final class DescriptorLimit implements AutoCloseable {
    private static final int RLIMIT_NOFILE = 7;
    private static final MethodHandle GETRLIMIT = handle("getrlimit");
    private static final MethodHandle SETRLIMIT = handle("setrlimit");

    private final long before;

    private DescriptorLimit(long before) {
        this.before = before;
    }

    /** Leaves none. */
    public static DescriptorLimit none() {
        return new DescriptorLimit(swap(3));
    }

    /** Leaves so many: the lowest numbers that are free. */
    public static DescriptorLimit leaving(int count) throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            Set<String> taken =
                    open.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
            int end = 0;
            // The listing's own descriptor is one of them, and free again.
            for (int free = 1; free < count || taken.contains("" + end); end++) {
                free += taken.contains("" + end) ? 0 : 1;
            }
            return new DescriptorLimit(swap(end));
        }
    }

    /** Sets the soft limit and returns the one before. struct rlimit (16): cur 0, max 8. */
    private static long swap(long soft) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limit = arena.allocate(16, 8);
            int got = (int) GETRLIMIT.invokeExact(RLIMIT_NOFILE, limit);
            long old = limit.get(JAVA_LONG, 0);
            limit.set(JAVA_LONG, 0, soft);
            int set = (int) SETRLIMIT.invokeExact(RLIMIT_NOFILE, limit);
            if (got != 0 || set != 0) {
                throw new IllegalStateException("no limit: the test proves nothing");
            }
            return old;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle handle(String name) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    }

    @Override
    public void close() {
        swap(before);
    }
}
