package io.uring.net;

import io.uring.reactor.Reactor;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A write whose memory the kernel reads in place, in one send or more. Its listener is told when it
 * has left the queue and the kernel has notified the end of each of its sends.
 */
final class ZeroCopyWrite {
    private final WriteListener listener;

    /** Sends without their notification. */
    private int reading;

    private boolean ended;
    private boolean told;
    private @Nullable IOException failure;

    ZeroCopyWrite(WriteListener listener) {
        this.listener = listener;
    }

    void sending() {
        reading++;
    }

    void notified() {
        reading--;
        tellWhenDone();
    }

    /** It has left the queue: sent, or failed. */
    void ended(@Nullable IOException cause) {
        ended = true;
        failure = cause;
        tellWhenDone();
    }

    private void tellWhenDone() {
        if (ended && reading == 0) {
            tell();
        }
    }

    /** The loop has failed: no notification comes any more. */
    void lost(IOException cause) {
        if (failure == null) {
            failure = cause;
        }
        tell();
    }

    private void tell() {
        if (!told) {
            told = true;
            try {
                listener.written(failure);
            } catch (Throwable e) { // a listener's failure must not keep the others from hearing
                Reactor.report(listener, e);
            }
        }
    }
}
