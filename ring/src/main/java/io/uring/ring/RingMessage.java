package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.Kernel;
import java.lang.foreign.Arena;

/**
 * A prepared message to a ring, which any thread can send without having a ring of its own. It
 * wakes the ring's owner from its wait. Kernel 6.13, {@link Feature#SEND_MSG_RING}.
 *
 * <pre>{@code
 * RingMessage wake = ring.message(WAKE, 0); // once
 * wake.send();                              // from any thread
 * }</pre>
 */
public final class RingMessage {
    private final Kernel kernel;
    private final long sqe;

    RingMessage(Kernel kernel, Arena arena, int targetFd, long userData, int result) {
        this.kernel = kernel;
        this.sqe = arena.allocate(Abi.SQE_BYTES, Long.BYTES).address();
        MessageOps.send(new Sqe().at(sqe), Descriptor.of(targetFd), userData, result);
    }

    /**
     * Sends it. The caller makes sure that the target ring is open.
     *
     * @return 0, or {@code -errno}
     */
    public int send() {
        return (int) kernel.register(-1, Abi.REGISTER_SEND_MSG_RING, sqe, 1);
    }
}
