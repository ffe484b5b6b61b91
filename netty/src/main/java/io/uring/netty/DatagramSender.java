package io.uring.netty;

import io.netty.channel.ChannelOutboundBuffer;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetConnectedException;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of a datagram channel. All that is flushed in a turn leaves with its one system
 * call: each message is an operation of its own, at most {@value #MAX_IN_FLIGHT} at a time. Results
 * are told in the order of the queue, and each concerns its message alone.
 */
final class DatagramSender implements ChannelOutboundBuffer.MessageProcessor {
    /** A small part of a loop's queues; more than most send buffers hold. */
    static final int MAX_IN_FLIGHT = 64;

    /**
     * When there is no later turn: what was flushed before a close should go, but not without end.
     */
    private static final int MAX_AT_LAST = 1024;

    private final UringPacketChannel channel;
    private final Runnable flush = this::flush;

    /** Where the messages are, from the first flush on; Netty's own reference ends with a close. */
    private @Nullable ChannelOutboundBuffer queue;

    /** The first messages of the queue, in its order. */
    private final ArrayDeque<DatagramSend> taken = new ArrayDeque<>(0);

    private final ArrayDeque<DatagramSend> idle = new ArrayDeque<>(0);
    private boolean scheduled;
    private boolean sendsToAddresses;

    /** Of the flush that goes on: messages to pass by, and how many may be taken in all. */
    private int skips;

    private int limit;
    private boolean waits;

    /** The queue has been emptied by others. */
    private boolean gone;

    private boolean ending;

    DatagramSender(UringPacketChannel channel) {
        this.channel = channel;
    }

    /** Netty flushed. */
    void flushed(ChannelOutboundBuffer in) {
        queue = in;
        schedule();
    }

    private void schedule() {
        if (!scheduled && channel.isOnThisLoop()) {
            scheduled = true;
            channel.reactor().beforeSubmit(flush);
        }
    }

    /** On a loop: what was flushed and not sent. */
    void resume() {
        sendsToAddresses = channel.reactor().ring().capabilities().has(Feature.MULTISHOT_RECV);
        if (queue != null) {
            schedule();
        }
    }

    /** The loop is left: a task of it must not send here. */
    void leave() {
        scheduled = false;
    }

    /** Whether SEND takes an address, as it does from the same kernel on; otherwise SENDMSG. */
    boolean sendsToAddresses() {
        return sendsToAddresses;
    }

    private void flush() {
        if (channel.isOnThisLoop()) { // or it has left since
            scheduled = false;
            send(channel.mostInFlight(), true);
        }
    }

    /** Gives all that is flushed to the kernel, before the socket changes. */
    void sendNow() {
        if (queue != null && channel.isOnThisLoop()) {
            send(MAX_AT_LAST, true);
            channel.submitNow();
        }
    }

    /** The same before a close, which waits for no room. */
    void sendAtLast() {
        ending = true;
        if (queue != null && channel.isOnThisLoop()) {
            send(MAX_AT_LAST, false);
        }
    }

    private void send(int most, boolean mayWait) {
        ChannelOutboundBuffer in = queue;
        if (in == null || gone) {
            return;
        }
        limit = most;
        waits = mayWait;
        for (DatagramSend send : taken) {
            if (!send.isPending() && !send.hasEnded()) {
                start(send); // once more, after the loop was left
            }
        }
        skips = taken.size();
        try {
            in.forEachFlushedMessage(this);
        } catch (Exception e) {
            throw new AssertionError(e); // our own code
        }
        if (taken.isEmpty()) {
            dropCancelled(in);
        } else {
            settle();
        }
    }

    /** Takes a flushed message; returns whether there is room for the next one. */
    @Override
    public boolean processMessage(Object message) {
        if (skips > 0) {
            skips--;
            return true;
        }
        if (taken.size() >= limit) {
            return false;
        }
        DatagramSend send = idle.pollFirst();
        if (send == null) {
            send = new DatagramSend(channel, this);
        }
        taken.addLast(send.of(message));
        start(send);
        return true;
    }

    private void start(DatagramSend send) {
        if (send.isEmpty()) {
            send.end(null); // as all of Netty's transports do
        } else if (!send.hasRecipient() && !channel.isConnected()) {
            send.end(new NotYetConnectedException());
        } else {
            send.waits(waits);
            try {
                channel.submit(send);
            } catch (RuntimeException e) {
                send.end(e); // its memory was released, or too many operations wait
            }
        }
    }

    void completed(DatagramSend send, int result) {
        if (result >= 0) {
            channel.reactor().counters().sent(result);
            send.end(null);
        } else if (!isPassing(result)) {
            send.end(channel.sendException(send.toString(), -result));
        } else if (ending) {
            send.end(new ClosedChannelException());
        }
        settle();
        ChannelOutboundBuffer in = queue;
        boolean more = in != null && in.size() > taken.size();
        if (channel.isActive() && (more || !send.hasEnded())) {
            schedule();
        }
    }

    private static boolean isPassing(int result) {
        return result == -Errno.EINTR || result == -Errno.EAGAIN || result == -Errno.ECANCELED;
    }

    /** Tells the results, as far as they are known without a gap. Listeners may do anything. */
    private void settle() {
        ChannelOutboundBuffer in = queue;
        DatagramSend first = taken.peekFirst();
        while (in != null && !gone && first != null && first.hasEnded()) {
            taken.removeFirst();
            Object message = first.message();
            Throwable cause = first.failure();
            first.clear();
            idle.addFirst(first);
            Object head = in.current();
            while (head != message && in.remove()) { // it was cancelled before it was flushed
                head = in.current();
            }
            if (cause == null) {
                in.remove();
            } else {
                in.remove(cause);
            }
            first = taken.peekFirst();
        }
    }

    private static void dropCancelled(ChannelOutboundBuffer in) {
        while (in.current() != null) {
            in.remove();
        }
    }

    /** Those that a close or a change of loops cannot wait for. */
    List<DatagramSend> waiting() {
        return taken.stream().filter(send -> send.isPending() && send.waits()).toList();
    }

    /** The queue gives its messages up; those that the kernel reads are kept until it is done. */
    void keepWhatIsSent() {
        gone = true;
        taken.forEach(DatagramSend::keep);
    }

    /** Nothing is in flight but what is kept. */
    void closed() {
        gone = true;
        taken.clear();
    }
}
