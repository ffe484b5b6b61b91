package io.uring.net;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Told, on the loop and exactly once, that the kernel no longer reads the memory of a write. */
@FunctionalInterface
public interface WriteListener {
    /**
     * @param failure null when the kernel has taken all bytes
     */
    void written(@Nullable IOException failure);
}
