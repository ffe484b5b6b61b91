package io.uring.netty;

import io.uring.reactor.Operation;
import io.uring.ring.Cqe;

/** An operation of a channel, which does not leave its loop before all of them have ended. */
abstract class ChannelOperation extends Operation {
    private final UringChannel channel;

    ChannelOperation(UringChannel channel) {
        this.channel = channel;
    }

    /** As {@link Operation#complete}. */
    protected abstract void completed(int result, int flags);

    /** Whether the channel is done with the operation: a completion is its last one. */
    protected boolean endsWith(int flags) {
        return (flags & Cqe.F_MORE) == 0;
    }

    @Override
    protected final void complete(int result, int flags) {
        channel.handled();
        try {
            completed(result, flags);
        } catch (Throwable t) {
            channel.operationFailed(t);
        } finally {
            if (endsWith(flags)) {
                channel.operationEnded();
            }
        }
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + " of " + channel;
    }
}
