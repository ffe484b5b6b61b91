package io.uring.simulation;

import io.uring.ring.Errno;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The ports of the one host there is. */
final class Network {
    private static final int FIRST_PORT = 40_000;
    private final World world;
    private final Map<Integer, SimulatedSocket> bound = new HashMap<>();
    private final Map<Integer, SimulatedDatagramSocket> datagrams = new HashMap<>();
    private int nextPort = FIRST_PORT;

    Network(World world) {
        this.world = world;
    }

    SimulatedSocket newSocket(int family) {
        return new SimulatedSocket(world, this, family);
    }

    /** The port that stands for a path, 0 when nobody is bound to it. */
    int port(String path) {
        return bound.values().stream()
                .filter(socket -> path.equals(socket.path))
                .mapToInt(socket -> socket.port)
                .findFirst()
                .orElse(0);
    }

    int bind(SimulatedSocket socket, String path) {
        if (port(path) != 0) {
            return -Errno.EADDRINUSE;
        }
        socket.path = path;
        return bind(socket, 0);
    }

    int bind(SimulatedSocket socket, int port) {
        int chosen = port == 0 ? nextPort++ : port;
        if (bound.containsKey(chosen)) {
            return -Errno.EADDRINUSE;
        }
        socket.port = chosen;
        bound.put(chosen, socket);
        return 0;
    }

    /** The port, or {@code -errno}. */
    int bind(SimulatedDatagramSocket socket, int port) {
        int chosen = port == 0 ? nextPort++ : port;
        return datagrams.putIfAbsent(chosen, socket) == null ? chosen : -Errno.EADDRINUSE;
    }

    void forget(SimulatedDatagramSocket socket) {
        datagrams.remove(socket.port(), socket);
    }

    /** Who gets the datagrams to a port. */
    @Nullable SimulatedDatagramSocket datagrams(int port) {
        return datagrams.get(port);
    }

    void forget(SimulatedSocket socket) {
        bound.remove(socket.port, socket);
    }

    @Nullable SimulatedSocket listener(int port) {
        SimulatedSocket socket = bound.get(port);
        return socket != null && socket.isListening() && !socket.isShut() ? socket : null;
    }

    /** 0, {@code -errno}, or {@link SimulatedSocket#WAIT} while the backlog is full. */
    int connect(SimulatedSocket client, int port) {
        SimulatedSocket listener = listener(port);
        if (listener == null) {
            return -Errno.ECONNREFUSED;
        }
        if (!listener.hasBacklogRoom()) {
            return SimulatedSocket.WAIT;
        }
        SimulatedSocket server = newSocket(listener.family);
        server.port = port;
        server.path = listener.path;
        client.port = nextPort++;
        SimulatedSocket.connect(client, server);
        listener.enqueue(server);
        return 0;
    }
}
