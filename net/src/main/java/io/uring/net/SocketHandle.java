package io.uring.net;

import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.ring.ControlOps;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.OperationLimitException;
import io.uring.ring.Sockaddr;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.ToIntBiFunction;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A socket's descriptor, which other threads than the loop may use and which is closed exactly
 * once, after its last use.
 */
final class SocketHandle extends Operation {
    private final Reactor reactor;
    private final Descriptor descriptor;
    private final DescriptorGuard guard = new DescriptorGuard();
    private final Runnable onClosed;
    private boolean closing;

    /**
     * @param onClosed run on the loop after {@link #close}
     */
    SocketHandle(Reactor reactor, int fd, Runnable onClosed) {
        this.reactor = reactor;
        this.descriptor = Descriptor.of(fd);
        this.onClosed = onClosed;
    }

    Descriptor descriptor() {
        return descriptor;
    }

    /**
     * The descriptor cannot be closed, and its number not reused, while {@code call} runs.
     *
     * @return what the call returned, or {@code -EBADF} when it is closed
     */
    int with(ToIntFunction<Integer> call) {
        if (!guard.enter()) {
            return -Errno.EBADF;
        }
        try {
            return call.applyAsInt(descriptor.number());
        } finally {
            guard.exit();
        }
    }

    /** As above; what fails is an exception. */
    int call(String what, ToIntFunction<Integer> call) throws IOException {
        int result = with(call);
        if (result == -Errno.EBADF) {
            throw new ClosedChannelException();
        }
        if (result < 0) {
            throw SocketErrors.exception(what, -result);
        }
        return result;
    }

    <T> void option(SocketOption<T> option, T value) throws IOException {
        call("setsockopt " + option + " of " + this, fd -> option.set(fd, value));
    }

    <T> T option(SocketOption<T> option) throws IOException {
        byte[] value = SocketOption.room();
        int length = call("getsockopt " + option + " of " + this, fd -> option.get(fd, value));
        return option.decode(value, length);
    }

    @Nullable SocketAddress address(ToIntBiFunction<Integer, MemorySegment> question) {
        try (Arena arena = Arena.ofConfined()) {
            Sockaddr address = new Sockaddr(arena);
            int length = with(fd -> question.applyAsInt(fd, address.encoded()));
            return length < 0 ? null : address.length(length).get();
        }
    }

    boolean isClosing() {
        return closing;
    }

    /** Whether another thread uses the descriptor at this moment. */
    boolean isUsed() {
        return guard.isUsed();
    }

    /** Closes once the other threads are out of it; no operation may be pending. */
    void close() {
        Runnable afterOthers = this::closeAfterOthers; // first: without memory nothing has begun
        closing = true;
        if (guard.close(afterOthers)) {
            submitClose();
        }
    }

    private void submitClose() {
        try {
            reactor.submit(this);
        } catch (OperationLimitException
                | OutOfMemoryError e) { // the way to fewer operations must not need one more
            SocketCalls.close(descriptor.number());
            reactor.execute(onClosed);
        }
    }

    /** On the thread that was the last to use the descriptor. */
    private void closeAfterOthers() {
        try {
            reactor.execute(() -> {
                if (reactor.hasFailed()) {
                    SocketCalls.close(descriptor.number());
                } else {
                    submitClose();
                }
            });
        } catch (RejectedExecutionException e) {
            SocketCalls.close(descriptor.number()); // the loop has closed meanwhile
        }
    }

    /** For a loop that has failed. A close that has begun is not repeated. */
    void lost() {
        if (!closing) {
            closing = true;
            if (guard.close(() -> SocketCalls.close(descriptor.number()))) {
                SocketCalls.close(descriptor.number());
            }
        }
    }

    @Override
    protected void prepare(Sqe sqe) {
        ControlOps.close(sqe, descriptor);
    }

    @Override
    protected void complete(int result, int flags) {
        if (result == -Errno.ECANCELED || result == -Errno.EINTR) {
            SocketCalls.close(descriptor.number()); // the loop's end cancelled it
        }
        onClosed.run();
    }

    @Override
    public String toString() {
        return descriptor.toString();
    }
}
