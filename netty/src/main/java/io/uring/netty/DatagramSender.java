package io.uring.netty;

import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.concurrent.Future;
import io.uring.ring.Errno;
import io.uring.ring.Feature;
import io.uring.ring.PollOps;
import io.uring.ring.Sqe;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetConnectedException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
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

    private static final long RETRY_MILLIS = 1;

    private final UringPacketChannel channel;
    private final Runnable flush = this::flush;

    /** Where the messages are, from the first flush on; Netty's own reference ends with a close. */
    private @Nullable ChannelOutboundBuffer queue;

    /** The first messages of the queue, in its order. */
    private final ArrayDeque<DatagramSend> taken = new ArrayDeque<>(0);

    private final ArrayDeque<DatagramSend> idle = new ArrayDeque<>(0);

    /** On unix sockets: what waits until the receiver has room, the one or the other. */
    private @Nullable Room room;

    private @Nullable Future<?> retry;

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
        cancelRetry();
    }

    /** Whether SEND takes an address, as it does from the same kernel on; otherwise SENDMSG. */
    boolean sendsToAddresses() {
        return sendsToAddresses;
    }

    private void flush() {
        if (channel.isOnThisLoop()) { // or it has left since
            scheduled = false;
            if (!isAwaitingRoom()) {
                send(channel.mostInFlight(), true);
            }
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
            // A send that waits has read its bytes already where the receiver has no room, and in
            // the end the kernel sends none (seen on 6.18).
            send.waits(waits && !channel.socket.isUnix());
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
            if (result == -Errno.EAGAIN && channel.socket.isUnix()) {
                awaitRoom(send);
            } else {
                schedule();
            }
        }
    }

    private boolean isAwaitingRoom() {
        return retry != null || (room != null && room.isPending());
    }

    /** Only of its peer does the kernel tell a socket when there is room. */
    private void awaitRoom(DatagramSend send) {
        if (isAwaitingRoom() || !channel.isOnThisLoop()) {
            return;
        }
        if (send.hasRecipient()) {
            retry = channel.eventLoop().schedule(this::goOn, RETRY_MILLIS, TimeUnit.MILLISECONDS);
            return;
        }
        if (room == null) {
            room = new Room();
        }
        try {
            channel.submit(room);
        } catch (RuntimeException e) { // the limit of operations
            retry = channel.eventLoop().schedule(this::goOn, RETRY_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void goOn() {
        retry = null;
        schedule();
    }

    private void cancelRetry() {
        Future<?> waiting = retry;
        if (waiting != null) {
            retry = null;
            waiting.cancel(false);
        }
    }

    private final class Room extends ChannelOperation {
        Room() {
            super(channel);
        }

        @Override
        protected void prepare(Sqe sqe) {
            PollOps.poll(sqe, channel.descriptor(), PollOps.OUT);
        }

        @Override
        protected void completed(int result, int flags) {
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
    List<ChannelOperation> waiting() {
        List<ChannelOperation> waiting = new ArrayList<>();
        for (DatagramSend send : taken) {
            if (send.isPending() && send.waits()) {
                waiting.add(send);
            }
        }
        if (room != null) {
            waiting.add(room);
        }
        return waiting;
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
        cancelRetry();
    }
}
