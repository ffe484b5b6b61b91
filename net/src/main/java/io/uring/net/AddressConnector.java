package io.uring.net;

import io.uring.reactor.EventLoop;
import io.uring.reactor.Timer;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Connects to the first of several addresses of a host that answers, in the manner of RFC 8305: the
 * families take turns, an attempt starts when the one before has failed or has not answered for
 * {@link #STAGGER_NANOS}, the first connection wins, and the others are cancelled and closed. Ends
 * in exactly one of two ways, like a {@link Connector}; callbacks are called on the loop.
 *
 * <pre>{@code
 * List<InetSocketAddress> addresses = Arrays.stream(InetAddress.getAllByName("example.org"))
 *         .map(host -> new InetSocketAddress(host, 443)).toList();
 * AddressConnector attempt = AddressConnector.connect(
 *         loops.next(), addresses, StreamConfig.defaults(), SECONDS.toNanos(10), handler, log::failed);
 * }</pre>
 */
public final class AddressConnector {
    /** RFC 8305, section 8: the recommended Connection Attempt Delay. */
    public static final long STAGGER_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final EventLoop loop;
    private final StreamConfig config;
    private final StreamHandler handler;
    private final Consumer<IOException> onFailure;
    private final String name;
    private final ArrayDeque<InetSocketAddress> left;
    private final List<Connector> attempts = new ArrayList<>();
    private final List<IOException> failures = new ArrayList<>();
    private final Timer stagger = new Timer(this::next);
    private final Timer timeout = new Timer(this::timedOut);
    private int running;
    private boolean won;
    private boolean ended;
    private @Nullable IOException reason;

    private AddressConnector(
            EventLoop loop,
            List<InetSocketAddress> addresses,
            StreamConfig config,
            StreamHandler handler,
            Consumer<IOException> onFailure) {
        this.loop = loop;
        this.config = config;
        this.handler = handler;
        this.onFailure = onFailure;
        this.name = addresses.toString();
        this.left = new ArrayDeque<>(interleaved(addresses));
    }

    /**
     * Starts to connect; from any thread.
     *
     * @param addresses resolved, at least one, the preferred one first
     * @param timeoutNanos for all attempts together, 0 for as long as the kernel tries
     * @param handler the connection's, once it is there
     * @param onFailure called when there will be none; with several addresses, every attempt's
     *     failure is suppressed in it
     */
    public static AddressConnector connect(
            EventLoop loop,
            List<InetSocketAddress> addresses,
            StreamConfig config,
            long timeoutNanos,
            StreamHandler handler,
            Consumer<IOException> onFailure) {
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("no addresses");
        }
        for (InetSocketAddress address : addresses) {
            if (address.isUnresolved()) {
                throw new IllegalArgumentException("unresolved address " + address);
            }
        }
        AddressConnector connector =
                new AddressConnector(loop, addresses, config, handler, onFailure);
        loop.execute(() -> connector.start(timeoutNanos));
        return connector;
    }

    /** RFC 8305, section 4: the first address's family begins, then they take turns. */
    static List<InetSocketAddress> interleaved(List<InetSocketAddress> addresses) {
        boolean firstIs6 = isV6(addresses.getFirst());
        ArrayDeque<InetSocketAddress> same = new ArrayDeque<>();
        ArrayDeque<InetSocketAddress> other = new ArrayDeque<>();
        for (InetSocketAddress address : addresses) {
            (isV6(address) == firstIs6 ? same : other).add(address);
        }
        List<InetSocketAddress> result = new ArrayList<>();
        while (!same.isEmpty() || !other.isEmpty()) {
            if (!same.isEmpty()) {
                result.add(same.removeFirst());
            }
            if (!other.isEmpty()) {
                result.add(other.removeFirst());
            }
        }
        return result;
    }

    private static boolean isV6(InetSocketAddress address) {
        return address.getAddress() instanceof Inet6Address;
    }

    /** Gives up, unless it has ended; from any thread. */
    public void cancel() {
        try {
            loop.execute(
                    () -> giveUp(new IOException("connect " + name, new CancellationException())));
        } catch (RejectedExecutionException e) {
            // The loop has closed, and ended the attempts with it.
        }
    }

    private void start(long timeoutNanos) {
        if (timeoutNanos > 0 && !ended) {
            loop.reactor().schedule(timeout, timeoutNanos);
        }
        next();
    }

    private void timedOut() {
        giveUp(new SocketTimeoutException("connect " + name + ": no answer in time"));
    }

    private void next() {
        InetSocketAddress address = left.pollFirst();
        if (address == null || won || reason != null || ended) {
            return;
        }
        running++;
        attempts.add(Connector.attempt(loop, address, config, handler, this::failed, this::wins));
        if (!left.isEmpty()) {
            loop.reactor().schedule(stagger, STAGGER_NANOS);
        }
    }

    /** Asked by an attempt that is connected. Two can be in the same turn: one is closed. */
    private boolean wins() {
        if (won || reason != null) {
            return false;
        }
        won = true;
        ended = true;
        stop();
        return true;
    }

    private void failed(IOException failure) {
        running--;
        failures.add(failure);
        if (running == 0 && !won && (left.isEmpty() || reason != null)) {
            end();
        } else {
            next(); // at once: waiting for the stagger helps nobody
        }
    }

    private void giveUp(IOException why) {
        if (ended || reason != null) {
            return;
        }
        reason = why;
        stop();
        if (running == 0) {
            end();
        }
    }

    private void stop() {
        loop.reactor().cancel(stagger);
        loop.reactor().cancel(timeout);
        attempts.forEach(Connector::cancel); // those that have ended do not mind
    }

    private void end() {
        if (ended) {
            return;
        }
        ended = true;
        loop.reactor().cancel(stagger);
        loop.reactor().cancel(timeout);
        onFailure.accept(outcome());
    }

    private IOException outcome() {
        IOException given = reason;
        IOException first = failures.isEmpty() ? null : failures.getFirst();
        if (given == null && first != null && failures.size() == 1) {
            return first;
        }
        IOException why;
        if (given != null) {
            why = given;
        } else if (first != null) {
            why = SocketErrors.again(first);
        } else {
            throw new AssertionError("an end without a reason");
        }
        failures.forEach(why::addSuppressed);
        return why;
    }

    @Override
    public String toString() {
        return "AddressConnector[" + name + "]";
    }
}
