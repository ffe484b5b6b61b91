package io.uring.net;

import io.uring.ring.Errno;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Sends on whatever thread calls, past the loop. The kernel tells of a reset only once, to whoever
 * asks first: when that is a send here, a receive on the loop finds an end of input like any other.
 * So what a send was told is kept for the loop before the descriptor is left.
 */
final class DirectSend {
    private final StreamSocket socket;
    private final SocketHandle handle;
    private volatile @Nullable IOException failure;

    DirectSend(StreamSocket socket, SocketHandle handle) {
        this.socket = socket;
        this.handle = handle;
    }

    int trySend(MemorySegment data, long offset, int length) throws IOException {
        int result = handle.with(fd -> noted(SocketCalls.sendNow(fd, data, offset, length)));
        if (result >= 0 || result == -Errno.EAGAIN || result == -Errno.EINTR) {
            return Math.max(result, 0);
        }
        if (result == -Errno.EBADF) {
            throw new ClosedChannelException();
        }
        IOException told = failure;
        if (told == null) {
            throw exception(result);
        }
        breakConnection(told);
        throw SocketErrors.again(told);
    }

    /** EPIPE is not told once: the output was shut down here, or the loop knows already. */
    private int noted(int result) {
        boolean broken =
                result < 0
                        && result != -Errno.EAGAIN
                        && result != -Errno.EINTR
                        && result != -Errno.EPIPE;
        if (broken && failure == null) {
            failure = exception(result);
        }
        return result;
    }

    private IOException exception(int result) {
        return SocketErrors.exception("send to " + socket, -result);
    }

    private void breakConnection(IOException cause) {
        try {
            socket.reactor().execute(() -> socket.fail(cause));
        } catch (RejectedExecutionException e) {
            // The loop has closed, and the connection with it.
        }
    }

    /** Whether a send may just have been told something. */
    boolean isUnderWay() {
        return handle.isUsed();
    }

    /** What a send was told, and the loop will never hear from the kernel. */
    @Nullable IOException failure() {
        return failure;
    }
}
