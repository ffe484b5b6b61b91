package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.LinuxKernel;
import java.lang.foreign.Arena;

/** System calls on a ring with arguments that the library never makes. */
final class RawCalls {
    private static final LinuxKernel KERNEL = LinuxKernel.instance();

    private RawCalls() {}

    static long enter(int fd, int toSubmit, int minComplete, int flags) {
        return enter(fd, toSubmit, minComplete, flags, 0, Abi.SIGSET_BYTES);
    }

    static long enter(
            int fd, int toSubmit, int minComplete, int flags, long argument, long argumentBytes) {
        try (Arena arena = Arena.ofConfined()) {
            return KERNEL.enter(
                    KERNEL.newCallState(arena),
                    fd,
                    toSubmit,
                    minComplete,
                    flags,
                    argument,
                    argumentBytes);
        }
    }

    static long register(int fd, int opcode, long argument, int count) {
        return KERNEL.register(fd, opcode, argument, count);
    }

    /**
     * Shows the kernel what was prepared, but does not call it.
     *
     * @param kernel the ring's
     */
    static void publish(TestRing test, FaultyKernel kernel) {
        kernel.enterFaults.add((long) -Errno.EAGAIN);
        if (test.ring().submit() != -Errno.EAGAIN) {
            throw new AssertionError("the kernel was called");
        }
    }
}
