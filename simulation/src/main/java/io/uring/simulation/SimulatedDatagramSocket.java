package io.uring.simulation;

import io.uring.ring.Errno;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A datagram socket, with the part of UDP that programs can tell: datagrams that come whole, in any
 * order or not at all, a buffer that drops what it has no room for, and the network's answer to a
 * connected socket whose peer is not there.
 */
final class SimulatedDatagramSocket extends OpenFile {
    /** A datagram on its way or in a buffer. */
    static final class Packet {
        final byte[] bytes;
        final int sourcePort;

        Packet(byte[] bytes, int sourcePort) {
            this.bytes = bytes;
            this.sourcePort = sourcePort;
        }
    }

    private static final int MAX_BYTES = 65_507;
    private static final int EMSGSIZE = 90;
    private static final int EDESTADDRREQ = 89;
    private static final int EISCONN = 106;

    final int family;
    private final World world;
    private final Network network;
    private final ArrayDeque<Packet> received = new ArrayDeque<>();
    private int receivedBytes;
    private int dropped;
    private int port;
    private int peerPort;
    private boolean refused;

    SimulatedDatagramSocket(World world, Network network, int family) {
        this.world = world;
        this.network = network;
        this.family = family;
    }

    int port() {
        return port;
    }

    int peerPort() {
        return peerPort;
    }

    int dropped() {
        return dropped;
    }

    int bind(int wanted) {
        int result = network.bind(this, wanted);
        if (result > 0) {
            port = result;
        }
        return Math.min(result, 0);
    }

    int connect(int target) {
        peerPort = target;
        return port == 0 ? bind(0) : 0;
    }

    /**
     * Sends one datagram, or several of {@code segmentBytes} each.
     *
     * @param target 0 for the peer
     * @return the bytes, or {@code -errno}
     */
    int send(byte[] bytes, int target, int segmentBytes) {
        if (refused) {
            refused = false;
            return -Errno.ECONNREFUSED;
        }
        if (target == 0 && peerPort == 0) {
            return -EDESTADDRREQ;
        }
        if (target != 0 && peerPort != 0 && target != peerPort) {
            return -EISCONN;
        }
        if (bytes.length > MAX_BYTES) {
            return -EMSGSIZE;
        }
        if (port == 0) {
            int bound = bind(0);
            if (bound < 0) {
                return bound;
            }
        }
        int each = segmentBytes == 0 ? Math.max(bytes.length, 1) : segmentBytes;
        int at = 0;
        do {
            int end = Math.min(at + each, bytes.length);
            post(Arrays.copyOfRange(bytes, at, end), target == 0 ? peerPort : target);
            at = end;
        } while (at < bytes.length);
        return bytes.length;
    }

    private void post(byte[] bytes, int target) {
        if (world.dice.strikes(Fault.LOST_DATAGRAM)) {
            return;
        }
        Packet packet = new Packet(bytes, port);
        world.agenda.in(world.dice.delayNanos(), () -> arrive(packet, target));
    }

    private void arrive(Packet packet, int target) {
        SimulatedDatagramSocket to = network.datagrams(target);
        if (to == null) {
            boolean told = peerPort == target;
            refused |= told;
            world.trace.add("unreachable", target, packet.bytes.length, told ? 1 : 0);
        } else {
            to.take(packet);
        }
    }

    private void take(Packet packet) {
        if (peerPort != 0 && packet.sourcePort != peerPort) {
            return;
        }
        if (receivedBytes + packet.bytes.length > world.plan.socketBufferBytes()) {
            dropped++;
            return;
        }
        received.addLast(packet);
        receivedBytes += packet.bytes.length;
        world.trace.add("datagram", port, packet.bytes.length, packet.sourcePort);
    }

    /** An error that is told once, or 0. */
    int pollError() {
        boolean told = refused;
        refused = false;
        return told ? Errno.ECONNREFUSED : 0;
    }

    boolean hasDatagram() {
        return !received.isEmpty();
    }

    @Nullable Packet poll() {
        Packet first = received.pollFirst();
        if (first != null) {
            receivedBytes -= first.bytes.length;
        }
        return first;
    }

    @Override
    void released() {
        network.forget(this);
        received.clear();
    }

    @Override
    int readiness() {
        return Poll.OUT | (received.isEmpty() ? 0 : Poll.IN) | (refused ? Poll.ERR : 0);
    }

    @Override
    public String toString() {
        return "datagram socket on " + port;
    }
}
