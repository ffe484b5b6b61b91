package io.uring.net;

import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.reactor.Resource;
import io.uring.ring.Cqe;
import io.uring.ring.Opcode;
import io.uring.ring.Sqe;
import java.io.IOException;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The zero-copy sends of a connection. One at a time waits for its result; any number waits for the
 * notification that the kernel no longer reads the memory, which comes when the peer has
 * acknowledged the bytes. Ends for good when the kernel says that it copies after all.
 */
final class ZeroCopySender implements Resource {
    private final Sender sender;
    private final Reactor reactor;
    private final ArrayList<Send> idle = new ArrayList<>(1);

    /** All that wait for their notification. */
    private final ArrayList<Send> reading = new ArrayList<>(1);

    /** The one that waits for its result. */
    private @Nullable Send current;

    private boolean on;
    private boolean attached;

    ZeroCopySender(Sender sender, Reactor reactor) {
        this.sender = sender;
        this.reactor = reactor;
        this.on = reactor.ring().capabilities().supports(Opcode.SEND_ZC);
    }

    boolean isOn() {
        return on;
    }

    /** From now on the queue's writes are copied. */
    void turnOff() {
        on = false;
        sender.queue.copyAll();
    }

    boolean isSending() {
        return current != null;
    }

    void send(ZeroCopyWrite write) {
        Send send = idle.isEmpty() ? new Send() : idle.removeLast();
        send.write = write;
        reactor.submit(send); // throws before anything has changed
        write.sending();
        reading.add(send);
        current = send;
    }

    @Nullable Operation current() {
        return current;
    }

    /** The socket has closed: from now on the loop asks whether anything is still to come. */
    void outliveSocket() {
        if (!reading.isEmpty()) {
            attached = true;
            reactor.attach(this);
        }
    }

    @Override
    public void shutdown() {
        // Nothing ends it but the peer; the loop waits for a time.
    }

    @Override
    public void lost(Throwable cause) {
        lost(new IOException("the loop has failed: " + cause.getMessage(), cause));
    }

    /** No notification comes any more. */
    void lost(IOException cause) {
        current = null;
        for (Send send : reading) {
            send.write().lost(cause);
        }
        reading.clear();
    }

    private void ended(Send send, ZeroCopyWrite write) {
        reading.remove(send);
        send.write = null;
        idle.add(send);
        if (attached && reading.isEmpty()) {
            attached = false;
            reactor.detach(this);
        }
        write.notified();
    }

    private final class Send extends Operation {
        private @Nullable ZeroCopyWrite write;

        private ZeroCopyWrite write() {
            ZeroCopyWrite of = write;
            if (of == null) {
                throw new AssertionError("a send of nothing");
            }
            return of;
        }

        @Override
        protected void prepare(Sqe sqe) {
            sender.queue.prepareZeroCopy(sqe, sender.descriptor());
        }

        @Override
        protected void complete(int result, int flags) {
            ZeroCopyWrite of = write();
            if ((flags & Cqe.F_NOTIF) != 0) {
                if ((result & Cqe.NOTIF_USAGE_ZC_COPIED) != 0 && on) {
                    turnOff();
                }
                ended(this, of);
                return;
            }
            current = null;
            if (isPending()) {
                sender.sent(result); // the notification follows
                return;
            }
            try {
                sender.sent(result);
            } finally {
                ended(this, of);
            }
        }

        @Override
        protected void completionFailed(Throwable cause) {
            sender.completionFailed(cause);
        }

        @Override
        public String toString() {
            return "zero-copy " + sender;
        }
    }
}
