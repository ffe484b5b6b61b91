package io.uring.net;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Told exactly once that the kernel no longer reads the memory of a write: on the loop, or where
 * the callbacks of the connection run ({@link ListenerConfig#withExecutor}).
 *
 * <pre>{@code
 * MemorySegment page = ...; // not on the heap, and unchanged until the listener is told
 * socket.write(page, failure -> pool.giveBack(page));
 * }</pre>
 */
@FunctionalInterface
public interface WriteListener {
    /**
     * @param failure null when the kernel has taken all bytes
     */
    void written(@Nullable IOException failure);
}
