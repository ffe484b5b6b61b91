package io.uring.netty;

import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;

/** A channel's place on a loop. */
final class UringRegistration implements IoRegistration {
    private final UringIoHandler handler;
    private final UringIoHandle handle;
    private volatile boolean cancelled;

    UringRegistration(UringIoHandler handler, UringIoHandle handle) {
        this.handler = handler;
        this.handle = handle;
    }

    UringIoHandler handler() {
        return handler;
    }

    UringIoHandle handle() {
        return handle;
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // as Netty declares it
    @Override
    public <T> T attachment() {
        return (T) handler;
    }

    /** Channels give their operations to the reactor. */
    @Override
    public long submit(IoOps ops) {
        throw new UnsupportedOperationException("operations go to UringIoHandler.reactor()");
    }

    @Override
    public boolean isValid() {
        return !cancelled;
    }

    /** On the loop; the handle is told when its last operation has ended. */
    @Override
    public boolean cancel() {
        if (cancelled) {
            return false;
        }
        cancelled = true;
        handle.whenIdle(() -> {
            handler.remove(this);
            handle.unregistered();
        });
        return true;
    }
}
