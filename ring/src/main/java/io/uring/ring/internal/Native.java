package io.uring.ring.internal;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The two restricted things the project stands on: a handle to libc's {@code syscall} and a segment
 * that covers the whole address space. Both are static finals, so that the JIT folds them.
 *
 * <p>One downcall serves every system call. It needs no libc header, is the same on glibc and musl,
 * and links in a tenth of the time that a handle per function takes.
 */
final class Native {
    /** Why restricted access failed, or null when it works. */
    static final @Nullable Throwable FAILURE;

    /** {@code long syscall(long number, long a, long b, long c, long d, long e, long f)}. */
    static final MethodHandle SYSCALL;

    /** The address space, so that an absolute address is an offset. */
    static final MemorySegment EVERYTHING;

    static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    static final VarHandle ERRNO =
            CALL_STATE.varHandle(java.lang.foreign.MemoryLayout.PathElement.groupElement("errno"));

    static {
        Throwable failure = null;
        MethodHandle syscall = null;
        MemorySegment everything = MemorySegment.NULL;
        try {
            everything = everything();
            syscall = syscall();
        } catch (RuntimeException | LinkageError e) {
            failure = e; // IllegalCallerException (native access denied) or no such symbol
        }
        FAILURE = failure;
        SYSCALL = syscall != null ? syscall : unlinked();
        EVERYTHING = everything;
    }

    private Native() {}

    @SuppressWarnings("restricted")
    private static MemorySegment everything() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    @SuppressWarnings("restricted")
    private static MethodHandle syscall() {
        Linker linker = Linker.nativeLinker();
        ValueLayout.OfLong l = JAVA_LONG;
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("syscall"),
                FunctionDescriptor.of(l, l, l, l, l, l, l, l),
                Linker.Option.captureCallState("errno"),
                // C declares it variadic after the number: SysV x86-64 then wants al set.
                Linker.Option.firstVariadicArg(1));
    }

    private static MethodHandle unlinked() {
        return java.lang.invoke.MethodHandles.empty(
                java.lang.invoke.MethodType.methodType(
                        long.class,
                        MemorySegment.class,
                        long.class,
                        long.class,
                        long.class,
                        long.class,
                        long.class,
                        long.class,
                        long.class));
    }
}
