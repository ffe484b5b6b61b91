package io.uring.ring.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The seam between a ring and the operating system: the calls a ring needs to exist and run, those
 * that sockets need beside it, and the clock that timeouts go by. Every method returns what the
 * kernel returned, or {@code -errno}; none throws for what the kernel says.
 *
 * <p>Tests put kernels behind it that lack features, run out of memory, interrupt, or are
 * simulated.
 */
public interface Kernel {
    /** For calls that a kernel does not have. */
    int ENOSYS = 38;

    /** {@code io_uring_setup(2)}: the ring's descriptor. */
    long setup(int entries, long params);

    /**
     * {@code io_uring_enter(2)}: the number of SQEs consumed. The only call on the hot path, so it
     * captures errno into a segment of the caller's, made by {@link #newCallState}.
     */
    long enter(
            MemorySegment callState,
            int fd,
            int toSubmit,
            int minComplete,
            int flags,
            long argument,
            long argumentBytes);

    /** {@code io_uring_register(2)}. */
    long register(int fd, int opcode, long argument, int count);

    /**
     * {@code mmap(2)}: the address of shared memory of a ring, or of zeroed private memory.
     *
     * @param fd a ring, or -1 for anonymous memory
     */
    long map(long bytes, int fd, long offset);

    /** {@code mmap(2)} of zeroed private memory in huge pages: the address. */
    long mapHuge(long bytes);

    /** A segment over mapped memory, which is unmapped when {@code arena} closes. */
    MemorySegment own(Arena arena, long address, long bytes);

    /** The same, unmapped when nothing refers to the segment any more. */
    default MemorySegment ownLasting(long address, long bytes) {
        return own(Arena.ofAuto(), address, bytes);
    }

    /** {@code close(2)}. */
    long close(int fd);

    /** {@code eventfd2(2)}, close-on-exec. Without O_NONBLOCK: io_uring waits by itself. */
    long eventfd();

    /** Writes 1 to an eventfd. */
    long signal(int eventfd);

    /** Any other system call; a kernel that only has rings has none. */
    default long call(SystemCall call, long a, long b, long c, long d, long e, long f) {
        return -ENOSYS;
    }

    /** CLOCK_MONOTONIC in nanoseconds, as {@link System#nanoTime}. */
    default long nanoTime() {
        return System.nanoTime();
    }

    /** Memory for the errno of one thread's calls. */
    MemorySegment newCallState(Arena arena);
}
