package io.uring.simulation;

import io.uring.ring.internal.CurrentKernel;
import io.uring.ring.internal.Kernel;
import io.uring.ring.internal.SystemCall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The kernel that is there, of which single calls fail: what Linux does when memory is short, or a
 * heap that is full at that moment. Calls come from any thread.
 *
 * <pre>{@code
 * try (FailingKernel kernel = FailingKernel.install(call -> call.equals("map") ? -ENOMEM : GO_ON)) {
 *     assertThrows(RingException.class, () -> Ring.open(config));
 * }
 * }</pre>
 */
public final class FailingKernel implements Kernel, AutoCloseable {
    /** The call is made. */
    public static final long GO_ON = Long.MIN_VALUE;

    /** Decides what becomes of a call; may throw. */
    @FunctionalInterface
    public interface Failures {
        /**
         * @param call setup, enter, register, map, or the name of a {@link SystemCall}
         * @return what the call returns instead, or {@link #GO_ON}
         */
        long before(String call);
    }

    private final Kernel kernel = CurrentKernel.get();
    private final Failures failures;

    private FailingKernel(Failures failures) {
        this.failures = failures;
    }

    /**
     * Takes the place of the kernel until {@link #close}; rings keep the one they were made with.
     */
    public static FailingKernel install(Failures failures) {
        FailingKernel failing = new FailingKernel(failures);
        CurrentKernel.replace(failing);
        return failing;
    }

    @Override
    public long setup(int entries, long params) {
        long instead = failures.before("setup");
        return instead != GO_ON ? instead : kernel.setup(entries, params);
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
        long instead = failures.before("enter");
        return instead != GO_ON
                ? instead
                : kernel.enter(
                        callState, fd, toSubmit, minComplete, flags, argument, argumentBytes);
    }

    @Override
    public long register(int fd, int opcode, long argument, int count) {
        long instead = failures.before("register");
        return instead != GO_ON ? instead : kernel.register(fd, opcode, argument, count);
    }

    @Override
    public long map(long bytes, int fd, long offset) {
        long instead = failures.before("map");
        return instead != GO_ON ? instead : kernel.map(bytes, fd, offset);
    }

    @Override
    public long mapHuge(long bytes) {
        return kernel.mapHuge(bytes);
    }

    @Override
    public MemorySegment own(Arena arena, long address, long bytes) {
        return kernel.own(arena, address, bytes);
    }

    @Override
    public MemorySegment ownLasting(long address, long bytes) {
        return kernel.ownLasting(address, bytes);
    }

    @Override
    public long close(int fd) {
        return kernel.close(fd);
    }

    @Override
    public long eventfd() {
        return kernel.eventfd();
    }

    @Override
    public long signal(int eventfd) {
        return kernel.signal(eventfd);
    }

    @Override
    public long call(SystemCall call, long a, long b, long c, long d, long e, long f) {
        long instead = failures.before(call.name());
        return instead != GO_ON ? instead : kernel.call(call, a, b, c, d, e, f);
    }

    @Override
    public long nanoTime() {
        return kernel.nanoTime();
    }

    @Override
    public MemorySegment newCallState(Arena arena) {
        return kernel.newCallState(arena);
    }

    @Override
    public void close() {
        CurrentKernel.replace(kernel);
    }
}
