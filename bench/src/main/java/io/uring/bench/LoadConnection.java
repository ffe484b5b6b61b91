package io.uring.bench;

import io.uring.net.StreamHandler;
import io.uring.net.StreamSocket;
import io.uring.net.WriteListener;
import io.uring.reactor.ReceivedBuffer;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** One of a load's connections. Belongs to the load's loop. */
final class LoadConnection implements StreamHandler {
    /** A failed write is followed by onClose, which counts it. */
    private static final WriteListener IGNORED = failure -> {};

    private final Load load;
    private final int number;
    private @Nullable StreamSocket socket;
    private long receivedBytes;
    private long sent;
    private long done;
    private long batchSentAt;
    private boolean closedByUs;
    long connectingAt;

    LoadConnection(Load load, int number) {
        this.load = load;
        this.number = number;
    }

    @Override
    public void onOpen(StreamSocket opened) {
        socket = opened;
        closedByUs = false;
        load.opened();
        if (load.isRunning()) {
            sendMore();
        }
    }

    @Override
    public void onData(StreamSocket from, ReceivedBuffer data) {
        receivedBytes += data.remaining();
        data.release();
        long answers = receivedBytes / load.responseBytes;
        if (answers == 0) {
            return;
        }
        receivedBytes -= answers * load.responseBytes;
        long now = System.nanoTime();
        for (long i = 0; i < answers; i++) {
            load.completed(now - startOf(done + i, now));
        }
        done += answers;
        answered(from);
    }

    private long startOf(long index, long now) {
        LoadSpec spec = load.spec;
        if (spec.isOpenLoop()) {
            return now - load.elapsedNanos(now) + spec.intendedNanos(number, index);
        }
        return spec.kind() == LoadSpec.Kind.CHURN ? connectingAt : batchSentAt;
    }

    private void answered(StreamSocket from) {
        switch (load.spec.kind()) {
            case REQUESTS -> sendMore();
            case CHURN -> {
                closedByUs = true;
                from.close();
            }
            case IDLE -> {}
        }
    }

    /** Sends what may be sent now; a closed loop sends a batch when the last one is answered. */
    void sendMore() {
        StreamSocket to = socket;
        if (to == null || !load.isRunning()) {
            return;
        }
        long free = load.spec.depth() - (sent - done);
        long count;
        if (load.spec.isOpenLoop()) {
            long due = load.spec.dueAt(number, load.elapsedNanos(System.nanoTime()));
            count = Math.min(free, due - sent);
        } else {
            count = sent == done ? free : 0;
        }
        if (count <= 0) {
            return;
        }
        if (!load.spec.isOpenLoop()) {
            batchSentAt = System.nanoTime();
        }
        sent += count;
        to.write(load.batch.asSlice(0, count * load.requestBytes), IGNORED);
    }

    @Override
    public void onClose(StreamSocket from, @Nullable IOException cause) {
        socket = null;
        if (!closedByUs) {
            load.closedUnexpectedly();
        }
        if (load.isRunning() && load.spec.kind() == LoadSpec.Kind.CHURN) {
            receivedBytes = 0;
            done = sent;
            load.connect(this);
        }
    }

    void close() {
        StreamSocket open = socket;
        if (open != null) {
            closedByUs = true;
            // Not a FIN: thousands of ports in TIME_WAIT would slow down the next load's connects.
            open.abort(new IOException("the load has ended"));
        }
    }
}
