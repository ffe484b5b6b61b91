package io.uring.netty;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoRegistration;

/** A channel, as its loop sees it. */
interface UringIoHandle extends IoHandle {
    /** Runs {@code task} on the loop once no operation is pending, at once when none is. */
    void whenIdle(Runnable task);

    /** Whether operations have not ended. */
    boolean isBusy();

    /** The ring has failed: no operation ever ends. */
    void lost(Throwable cause);

    @Override
    void close();

    /** Completions go to the operations themselves. */
    @Override
    default void handle(IoRegistration registration, IoEvent event) {
        throw new UnsupportedOperationException("operations complete by themselves");
    }
}
