package io.uring.netty;

import io.netty.buffer.ByteBuf;
import io.uring.ring.Cqe;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.Opcode;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.ZeroCopyOps;
import io.uring.ring.internal.NativeMemory;
import org.jspecify.annotations.Nullable;

/**
 * The sends of a stream that are not copied: one at a time waits for its result, any number for the
 * notification that the kernel reads the memory no more. Given up when the kernel copies after all
 * or has no room.
 */
final class ZeroCopySend {
    /** All of what a send names counts as locked memory, of which a user has 8 MiB by default. */
    private static final int BYTES_MAX = 1 << 20;

    private final UringStreamChannel channel;
    private final StreamSend sender;
    private @Nullable Send current;

    /** Whether the kernel can say that it copied after all. */
    private final boolean reportsUsage;

    private boolean on;

    ZeroCopySend(UringStreamChannel channel, StreamSend sender) {
        this.channel = channel;
        this.sender = sender;
        // The report came with 6.2, of which there is no sign; this one is of 6.3.
        this.reportsUsage = channel.reactor().ring().capabilities().has(Feature.REG_REG_RING);
        this.on = channel.reactor().ring().capabilities().supports(Opcode.SEND_ZC);
    }

    /** The one that waits for its result. */
    @Nullable ChannelOperation current() {
        return current;
    }

    /**
     * @param threshold fewer bytes are copied
     * @param more whether another message follows
     * @return whether it is being sent
     */
    boolean trySend(ByteBuf bytes, int threshold, boolean more) {
        if (!on || bytes.readableBytes() < threshold || !bytes.hasMemoryAddress()) {
            return false;
        }
        Send send = new Send(bytes, more);
        channel.submit(send); // throws before anything has changed
        bytes.retain(); // until the notification, which comes after the queue has let it go
        current = send;
        return true;
    }

    private static boolean isRefusal(int result) {
        return result == -Errno.EOPNOTSUPP || result == -Errno.ENOMEM || result == -Errno.ENOBUFS;
    }

    private final class Send extends ChannelOperation {
        private final ByteBuf bytes;
        private final boolean more;

        Send(ByteBuf bytes, boolean more) {
            super(channel);
            this.bytes = bytes;
            this.more = more;
        }

        /**
         * With its result: the notification needs the peer, for which neither a close nor another
         * loop waits.
         */
        @Override
        protected boolean endsWith(int flags) {
            return (flags & Cqe.F_NOTIF) == 0;
        }

        @Override
        protected void prepare(Sqe sqe) {
            int length = Math.min(bytes.readableBytes(), BYTES_MAX);
            boolean follows = more || length < bytes.readableBytes();
            ZeroCopyOps.send(
                    sqe,
                    channel.descriptor(),
                    NativeMemory.everything(),
                    bytes.memoryAddress() + bytes.readerIndex(),
                    length,
                    SocketOps.MSG_NOSIGNAL | (follows ? SocketOps.MSG_MORE : 0));
            if (reportsUsage) {
                ZeroCopyOps.reportUsage(sqe);
            }
        }

        @Override
        protected void completed(int result, int flags) {
            if ((flags & Cqe.F_NOTIF) != 0) {
                if ((result & Cqe.NOTIF_USAGE_ZC_COPIED) != 0) {
                    on = false;
                }
                bytes.release();
                return;
            }
            current = null;
            if (isRefusal(result)) {
                on = false;
            }
            try {
                sender.sent(isRefusal(result) ? -Errno.EAGAIN : result);
            } finally {
                if (!isPending()) {
                    bytes.release(); // without a notification
                }
            }
        }
    }
}
