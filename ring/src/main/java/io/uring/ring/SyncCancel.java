package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.RegisterAbi;
import java.lang.foreign.Arena;

/**
 * Cancels and waits until what was found is cancelled, in one call. The completions come as others
 * do: with DEFER_TASKRUN at the next enter call, with SQPOLL a little later. Kernel 6.0.
 *
 * <pre>{@code
 * int count = SyncCancel.cancel(ring, Cancellation.of(socket).all(), 1_000_000_000L);
 * }</pre>
 */
public final class SyncCancel {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private SyncCancel() {}

    /**
     * @param timeoutNanos at most so long; {@link Ring#FOREVER}
     * @return 0, or their number for ALL and ANY, or {@code -errno}: ENOENT (nothing found),
     *     EALREADY (runs and cannot be stopped), ETIME
     * @throws RingException for other errors
     */
    public static int cancel(Ring ring, Cancellation cancellation, long timeoutNanos) {
        ring.support().require(600, "a synchronous cancellation");
        cancellation.check(ring.support());
        boolean forever = timeoutNanos == Ring.FOREVER;
        try (Arena scratch = Arena.ofConfined()) {
            long argument = scratch.allocate(RegisterAbi.SYNC_CANCEL_BYTES, Long.BYTES).address();
            NativeMemory.putLong(argument + RegisterAbi.SYNC_CANCEL_ADDR, cancellation.userData());
            NativeMemory.putInt(argument + RegisterAbi.SYNC_CANCEL_FD, cancellation.fd());
            NativeMemory.putInt(argument + RegisterAbi.SYNC_CANCEL_FLAGS, cancellation.flags());
            long timeout = argument + RegisterAbi.SYNC_CANCEL_TIMEOUT;
            long nanos = Math.max(timeoutNanos, 0);
            NativeMemory.putLong(timeout, forever ? -1 : nanos / NANOS_PER_SECOND);
            NativeMemory.putLong(timeout + Long.BYTES, forever ? -1 : nanos % NANOS_PER_SECOND);
            NativeMemory.putByte(
                    argument + RegisterAbi.SYNC_CANCEL_OPCODE, (byte) cancellation.opcode());
            int result = ring.tryRegister(RegisterAbi.REGISTER_SYNC_CANCEL, argument, 1);
            return switch (-result) {
                case Errno.ENOENT, Errno.EALREADY, Errno.ETIME -> result;
                default -> {
                    if (result < 0) {
                        throw new RingException("io_uring_register(SYNC_CANCEL)", -result);
                    }
                    yield result;
                }
            };
        }
    }
}
