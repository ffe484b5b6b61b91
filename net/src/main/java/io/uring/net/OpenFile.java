package io.uring.net;

import io.uring.ring.Descriptor;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;

/**
 * A file that is open to be sent, to any number of connections at the same time. All methods may be
 * called by any thread. Opening may wait for the disk: open files once, or away from the loop.
 *
 * <pre>{@code
 * OpenFile page = OpenFile.open(Path.of("index.html"));
 * socket.write(head);
 * socket.write(page, 0, page.size(), failure -> {});
 * page.close(); // when the last of its writes has ended
 * }</pre>
 */
public final class OpenFile implements AutoCloseable {
    private final Path path;
    private final Descriptor descriptor;

    /** Writes are inside, so the descriptor outlives the last read. */
    private final DescriptorGuard guard = new DescriptorGuard();

    private final java.util.concurrent.atomic.AtomicBoolean closed =
            new java.util.concurrent.atomic.AtomicBoolean();

    private OpenFile(Path path, int fd) {
        this.path = path;
        this.descriptor = Descriptor.of(fd);
    }

    /**
     * Opens a file for reading.
     *
     * @throws IOException with the path and what the kernel says: ENOENT, EACCES, EMFILE
     */
    public static OpenFile open(Path path) throws IOException {
        int result = SocketCalls.openToRead(path.toAbsolutePath().toString());
        if (result < 0) {
            throw SocketErrors.exception("open " + path, -result);
        }
        return new OpenFile(path, result);
    }

    /**
     * Its size in bytes now.
     *
     * @throws ClosedChannelException after {@link #close}
     */
    public long size() throws IOException {
        if (!enter()) {
            throw new ClosedChannelException();
        }
        try {
            long result = SocketCalls.size(descriptor.number());
            if (result < 0) {
                throw SocketErrors.exception("size of " + path, (int) -result);
            }
            return result;
        } finally {
            exit();
        }
    }

    Descriptor descriptor() {
        return descriptor;
    }

    /** Keeps the descriptor open until {@link #exit}; false when the file is closed. */
    boolean enter() {
        return guard.enter();
    }

    void exit() {
        guard.exit();
    }

    /** Writes that were asked for before go on; the descriptor is closed after the last of them. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true) && guard.close(this::closeDescriptor)) {
            closeDescriptor();
        }
    }

    private void closeDescriptor() {
        SocketCalls.close(descriptor.number());
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
