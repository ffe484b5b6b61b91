package io.uring.net;

import io.uring.reactor.Chunk;
import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.reactor.Timer;
import io.uring.ring.Errno;
import io.uring.ring.Opcode;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The end of a connection whose peer may still be sending. The kernel answers input that nobody
 * will read with RST, and with that it drops what the peer has not acknowledged: the end of the
 * last response. So FIN goes first, and what comes is read and dropped until the peer ends as well,
 * has acknowledged everything and is silent, or neither sends nor acknowledges anything for {@link
 * StreamConfig#lingerNanos}.
 */
final class LingeringClose extends Operation {
    /** A few round trips of a near peer; the pauses between two looks then grow. */
    private static final long FIRST_PAUSE_NANOS = 20_000_000;

    // SO_MEMINFO gives nine u32: received and unread bytes @0, sent and unacknowledged ones @20,
    // as they are accounted: never 0 when there are any.
    private static final int MEMINFO_BYTES = 36;
    private static final int MEMINFO_UNREAD = 0;
    private static final int MEMINFO_UNACKNOWLEDGED = 20;

    private final StreamSocket socket;
    private final Reactor reactor;
    private final Timer timer = new Timer(this::checkProgress);
    private final Operation fin = new Fin();
    private @Nullable Chunk chunk;
    private boolean over;
    private boolean progress;
    private int unacknowledged;
    private long startedAt;
    private long pauseNanos;
    private long quietNanos;

    LingeringClose(StreamSocket socket) {
        this.socket = socket;
        this.reactor = socket.reactor();
    }

    /** Whether a close of {@code socket} now could cost bytes. */
    static boolean isNeeded(StreamSocket socket) {
        return socket.config().lingerNanos() > 0
                && !socket.hasInputEnded()
                && (memory(socket, MEMINFO_UNREAD) > 0
                        || memory(socket, MEMINFO_UNACKNOWLEDGED) > 0);
    }

    /** Returns whether the close has to wait: {@link StreamSocket#closeStep} is called again. */
    boolean begin() {
        unacknowledged = memory(socket, MEMINFO_UNACKNOWLEDGED);
        startedAt = reactor.now();
        try {
            if (reactor.ring().capabilities().supports(Opcode.SHUTDOWN)) {
                reactor.submit(fin);
            } else {
                SocketCalls.shutdownOutput(socket.descriptor().number()); // before 5.11
            }
            reactor.submit(this);
        } catch (IllegalStateException e) {
            over = true; // the loop is at its limit of operations
            return fin.isPending();
        }
        pauseNanos = Math.min(FIRST_PAUSE_NANOS, socket.config().lingerNanos());
        reactor.schedule(timer, pauseNanos);
        return true;
    }

    boolean isBusy() {
        return isPending() || fin.isPending();
    }

    /** Gives up: the close goes on at once. */
    void stop() {
        over = true;
        reactor.cancel(timer);
        if (isPending()) {
            reactor.cancel(this);
        }
    }

    private void checkProgress() {
        int before = unacknowledged;
        unacknowledged = memory(socket, MEMINFO_UNACKNOWLEDGED);
        quietNanos = progress || unacknowledged < before ? 0 : quietNanos + pauseNanos;
        boolean harmless = !progress && unacknowledged == 0; // the peer has all, and sends nothing
        boolean late = reactor.now() - startedAt >= socket.config().closeNanos();
        if (harmless || late || quietNanos >= socket.config().lingerNanos()) {
            stop();
            return;
        }
        progress = false;
        pauseNanos = Math.min(pauseNanos * 2, socket.config().lingerNanos());
        reactor.schedule(timer, pauseNanos);
    }

    /** What the kernel accounts for the socket; something where it does not say (before 4.12). */
    private static int memory(StreamSocket socket, int offset) {
        byte[] bytes = new byte[MEMINFO_BYTES];
        int fd = socket.descriptor().number();
        int length =
                SocketCalls.getOption(fd, SocketCalls.SOL_SOCKET, SocketCalls.SO_MEMINFO, bytes);
        return length < offset + Integer.BYTES
                ? 1
                : ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getInt(offset);
    }

    @Override
    protected void prepare(Sqe sqe) {
        Chunk memory = chunk;
        if (memory == null) {
            memory = reactor.buffers().takeChunk();
            chunk = memory;
        }
        SocketOps.recv(sqe, socket.descriptor(), memory.memory(), 0);
    }

    @Override
    protected void complete(int result, int flags) {
        progress |= result > 0;
        boolean again = result > 0 || result == -Errno.EINTR || result == -Errno.EAGAIN;
        if (again && !over) {
            try {
                reactor.submit(this);
                return;
            } catch (IllegalStateException | OutOfMemoryError e) {
                // At the limit of operations: the close does not wait longer.
            }
        }
        Chunk memory = chunk;
        if (memory != null) {
            chunk = null;
            reactor.buffers().returnChunk(memory);
        }
        stop();
        socket.closeStep();
    }

    /** The peer hears that nothing more comes. */
    private final class Fin extends Operation {
        @Override
        protected void prepare(Sqe sqe) {
            SocketOps.shutdown(sqe, socket.descriptor(), SocketOps.SHUT_WR);
        }

        @Override
        protected void complete(int result, int flags) {
            socket.closeStep();
        }
    }

    @Override
    public String toString() {
        return "lingering close of " + socket;
    }
}
