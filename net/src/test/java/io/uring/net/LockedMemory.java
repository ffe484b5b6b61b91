package io.uring.net;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** RLIMIT_MEMLOCK for this process, without the right to ignore it. */
final class LockedMemory {
    private static final int RLIMIT_MEMLOCK = 8;
    private static final int CAP_IPC_LOCK = 14;
    private static final int CAPABILITY_VERSION_3 = 0x20080522;

    private LockedMemory() {}

    /** For the calling thread and those it starts. */
    static void limit(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limit = arena.allocateFrom(JAVA_LONG, bytes, bytes); // struct rlimit
            check((int) handle("setrlimit", JAVA_INT, ADDRESS).invokeExact(RLIMIT_MEMLOCK, limit));
            // struct { u32 version; int pid; } and two of { u32 effective, permitted, inheritable }
            MemorySegment header = arena.allocateFrom(JAVA_INT, CAPABILITY_VERSION_3, 0);
            MemorySegment data = arena.allocate(24, 4);
            check((int) handle("capget", ADDRESS, ADDRESS).invokeExact(header, data));
            int effective = data.get(JAVA_INT, 0) & ~(1 << CAP_IPC_LOCK);
            data.set(JAVA_INT, 0, effective);
            check((int) handle("capset", ADDRESS, ADDRESS).invokeExact(header, data));
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private static void check(int result) {
        if (result != 0) {
            throw new IllegalStateException("no limit: the test proves nothing");
        }
    }

    private static MethodHandle handle(String name, MemoryLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, arguments));
    }
}
