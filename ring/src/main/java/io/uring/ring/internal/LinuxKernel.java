package io.uring.ring.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** The real kernel. Stateless; every method may be called from any thread. */
public final class LinuxKernel implements Kernel {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_POPULATE = 0x8000;
    private static final int MAP_HUGETLB = 0x40000;
    private static final int MADV_DONTFORK = 10;
    private static final int EFD_CLOEXEC = 0x80000;

    private static final LinuxKernel INSTANCE = new LinuxKernel();

    private LinuxKernel() {}

    public static LinuxKernel instance() {
        return INSTANCE;
    }

    /** Why system calls cannot be made at all from this JVM, or null when they can. */
    public static @Nullable Throwable failure() {
        if (SystemCall.UNSUPPORTED != null) {
            return new UnsupportedOperationException(SystemCall.UNSUPPORTED);
        }
        return Native.FAILURE;
    }

    @Override
    public long setup(int entries, long params) {
        return call(SystemCall.IO_URING_SETUP, entries, params);
    }

    @Override
    public long enter(
            MemorySegment callState,
            int fd,
            int toSubmit,
            int minComplete,
            int flags,
            long argument,
            long argumentBytes) {
        return call(
                callState,
                426, // the same on every architecture, and a constant for the JIT
                fd,
                toSubmit,
                minComplete,
                flags,
                argument,
                argumentBytes);
    }

    @Override
    public long register(int fd, int opcode, long argument, int count) {
        return call(SystemCall.IO_URING_REGISTER, fd, opcode, argument, count, 0, 0);
    }

    @Override
    public long map(long bytes, int fd, long offset) {
        int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED | MAP_POPULATE;
        long address = call(SystemCall.MMAP, 0, bytes, PROT_READ_WRITE, flags, fd, offset);
        if (address > 0 && fd >= 0) {
            // A forked child would otherwise share the queues with us.
            call(SystemCall.MADVISE, address, bytes, MADV_DONTFORK, 0, 0, 0);
        }
        return address;
    }

    @Override
    public long mapHuge(long bytes) {
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
        return call(SystemCall.MMAP, 0, bytes, PROT_READ_WRITE, flags, -1, 0);
    }

    @Override
    @SuppressWarnings("restricted")
    public MemorySegment own(Arena arena, long address, long bytes) {
        return MemorySegment.ofAddress(address)
                .reinterpret(bytes, arena, s -> call(SystemCall.MUNMAP, s.address(), bytes));
    }

    @Override
    public long close(int fd) {
        return call(SystemCall.CLOSE, fd, 0);
    }

    @Override
    public long eventfd() {
        return call(SystemCall.EVENTFD2, 0, EFD_CLOEXEC);
    }

    @Override
    public long signal(int eventfd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_LONG, 1);
            return call(SystemCall.WRITE, eventfd, one.address(), 8, 0, 0, 0);
        }
    }

    @Override
    public MemorySegment newCallState(Arena arena) {
        return arena.allocate(Native.CALL_STATE);
    }

    long call(SystemCall call, long a, long b) {
        return call(call, a, b, 0, 0, 0, 0);
    }

    /** A call off the hot path: errno goes to memory of its own, so any thread may make it. */
    @Override
    public long call(SystemCall call, long a, long b, long c, long d, long e, long f) {
        try (Arena arena = Arena.ofConfined()) {
            return call(arena.allocate(Native.CALL_STATE), call.number(), a, b, c, d, e, f);
        }
    }

    private static long call(
            MemorySegment callState, long number, long a, long b, long c, long d, long e, long f) {
        long result;
        try {
            result = (long) Native.SYSCALL.invokeExact(callState, number, a, b, c, d, e, f);
        } catch (RuntimeException | Error unchecked) {
            throw unchecked;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
        if (result != -1) {
            return result;
        }
        int errno = (int) Native.ERRNO.get(callState, 0L);
        assert errno > 0 : "syscall " + number + " failed without an errno";
        return -errno;
    }
}
