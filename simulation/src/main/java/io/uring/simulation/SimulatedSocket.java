package io.uring.simulation;

import io.uring.ring.Errno;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A stream socket, with the part of TCP that programs can tell: bounded buffers at both ends, bytes
 * that arrive later and in other pieces, FIN, RST, a backlog.
 */
final class SimulatedSocket extends OpenFile {
    /** The result of what must wait. */
    static final int WAIT = Integer.MIN_VALUE;

    final World world;
    private final Network network;
    private final ByteQueue received;
    private final ByteQueue outgoing;

    final int family;
    int port;

    /** Of a unix socket that is bound, or was accepted by one. */
    @Nullable String path;

    boolean lingerZero;
    private @Nullable SimulatedSocket peer;
    private @Nullable ArrayDeque<SimulatedSocket> backlog;
    private int backlogLimit;

    private boolean moving;
    private boolean outputEnded;
    private boolean endDelivered;
    private boolean inputShut;
    private boolean inputEnded;
    private boolean reset;
    private boolean resetTold;
    private boolean released;

    SimulatedSocket(World world, Network network, int family) {
        this.world = world;
        this.network = network;
        this.family = family;
        received = new ByteQueue(world.plan.socketBufferBytes());
        outgoing = new ByteQueue(world.plan.socketBufferBytes());
    }

    static void connect(SimulatedSocket one, SimulatedSocket other) {
        one.peer = other;
        other.peer = one;
        World world = one.world;
        if (!one.isUnix() && world.dice.strikes(Fault.RESET)) {
            world.agenda.in(
                    world.dice.delayNanos() * world.dice.upTo(16),
                    () -> {
                        one.receiveReset();
                        other.receiveReset();
                    });
        }
    }

    /** Unix sockets have no RST: an abort is an end like any other, and unread bytes are told. */
    boolean isUnix() {
        return family == SocketSystemCalls.AF_UNIX;
    }

    void listen(int limit) {
        if (backlog == null) {
            backlog = new ArrayDeque<>();
        }
        backlogLimit = Math.max(limit, 1);
    }

    boolean isListening() {
        return backlog != null;
    }

    boolean hasBacklogRoom() {
        return backlog != null && !inputShut && backlog.size() < backlogLimit;
    }

    /** A connection that waits to be accepted. */
    void enqueue(SimulatedSocket connection) {
        if (backlog != null) {
            backlog.addLast(connection);
        }
    }

    @Nullable SimulatedSocket pollBacklog() {
        return backlog == null ? null : backlog.pollFirst();
    }

    int backlogSize() {
        return backlog == null ? 0 : backlog.size();
    }

    boolean isConnected() {
        return peer != null;
    }

    boolean isShut() {
        return inputShut;
    }

    int peerPort() {
        return peer == null ? 0 : peer.port;
    }

    /** Bytes that can be received, 0 at the end, {@link #WAIT} or {@code -errno}. */
    int receivable() {
        if (peer == null) {
            return -Errno.ENOTCONN;
        }
        if (received.size() > 0) {
            return received.size();
        }
        if (reset && !resetTold) {
            resetTold = true;
            return -Errno.ECONNRESET;
        }
        return reset || inputEnded || inputShut ? 0 : WAIT;
    }

    byte[] receive(int count) {
        byte[] bytes = received.take(count);
        SimulatedSocket sender = peer;
        if (sender != null) {
            sender.move(); // there is room again
        }
        return bytes;
    }

    int unread() {
        return received.size();
    }

    int unsent() {
        return outgoing.size();
    }

    boolean hasMore() {
        return received.size() > 0 || inputEnded;
    }

    /** Bytes that can be sent, {@link #WAIT} or {@code -errno}. */
    int room() {
        if (outputEnded || (reset && resetTold)) {
            return -Errno.EPIPE;
        }
        if (peer == null) {
            return -Errno.EPIPE;
        }
        if (reset) {
            resetTold = true;
            return -Errno.ECONNRESET;
        }
        return outgoing.room() > 0 ? outgoing.room() : WAIT;
    }

    void send(byte[] bytes) {
        outgoing.put(bytes, 0, bytes.length);
        move();
    }

    int shutdown(boolean input, boolean output) {
        if (peer == null && backlog == null) {
            return -Errno.ENOTCONN;
        }
        inputShut |= input;
        if (output && !outputEnded) {
            outputEnded = true;
            move();
        }
        return 0;
    }

    /** Lets the network take what it can, some time. */
    private void move() {
        SimulatedSocket target = peer;
        if (moving || reset || target == null) {
            return;
        }
        boolean bytes = outgoing.size() > 0 && (target.released || target.received.room() > 0);
        boolean end = outputEnded && !endDelivered && outgoing.size() == 0;
        if (bytes || end) {
            moving = true;
            world.agenda.in(world.dice.delayNanos(), this::arrive);
        }
    }

    private void arrive() {
        moving = false;
        SimulatedSocket target = peer;
        if (reset || target == null) {
            return;
        }
        if (outgoing.size() > 0 && target.released) {
            receiveReset(); // nobody is there to read it
            return;
        }
        int count = Math.min(outgoing.size(), target.received.room());
        if (count > 0) {
            int part = world.dice.flip() ? count : world.dice.upTo(count);
            target.received.put(outgoing.take(part), 0, part);
            world.trace.add("arrive", target.port, part, 0);
        } else if (outputEnded && !endDelivered && outgoing.size() == 0) {
            endDelivered = true;
            target.inputEnded = true;
            world.trace.add("fin", target.port, 0, 0);
        }
        move();
    }

    void receiveReset() {
        if (!reset) {
            reset = true;
            outgoing.clear();
            world.trace.add("rst", port, 0, 0);
        }
    }

    boolean isReset() {
        return reset;
    }

    @Override
    void released() {
        released = true;
        network.forget(this);
        for (SimulatedSocket waiting = pollBacklog(); waiting != null; waiting = pollBacklog()) {
            waiting.lingerZero = true;
            waiting.released();
        }
        SimulatedSocket target = peer;
        if (target == null) {
            return;
        }
        if ((lingerZero && !isUnix()) || received.size() > 0) {
            received.clear();
            outgoing.clear();
            reset = true;
            world.agenda.in(world.dice.delayNanos(), target::receiveReset);
        } else if (!outputEnded) {
            outputEnded = true;
            move();
        }
        target.move(); // what it sends finds nobody
    }

    @Override
    int readiness() {
        if (backlog != null) {
            return backlog.isEmpty() ? 0 : Poll.IN;
        }
        if (peer == null) {
            return Poll.OUT | Poll.HUP;
        }
        int events = received.size() > 0 || inputEnded || reset ? Poll.IN : 0;
        events |= outgoing.room() > 0 || reset ? Poll.OUT : 0;
        events |= inputEnded ? Poll.RDHUP : 0;
        events |= reset ? Poll.HUP : 0;
        events |= reset && !resetTold ? Poll.ERR : 0;
        return events;
    }

    @Override
    public String toString() {
        return (backlog != null ? "listener on " : "socket on ") + port;
    }
}
