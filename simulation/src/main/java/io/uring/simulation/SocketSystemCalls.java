package io.uring.simulation;

import io.uring.ring.Errno;
import io.uring.ring.internal.NativeMemory;
import io.uring.ring.internal.SystemCall;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The system calls on sockets, with their arguments as Linux has them. */
final class SocketSystemCalls {
    private static final int SOL_SOCKET = 1;
    private static final int SO_LINGER = 13;
    private static final int SO_ACCEPTCONN = 30;
    private static final int SO_DOMAIN = 39;
    private static final int SO_MEMINFO = 55;
    private static final int MEMINFO_BYTES = 36;
    private static final int MEMINFO_UNSENT = 20;
    private static final int MEMINFO_DROPS = 32;
    private static final int SOCK_DGRAM = 2;
    private static final int TYPE_MASK = 0xf;
    static final int AF_UNIX = 1;
    private static final int AF_INET6 = 10;
    private static final int PATH = 2;
    private static final int PORT = 2;
    static final int INET_BYTES = 16;
    private static final int INET6_BYTES = 28;
    private static final int ENOTSOCK = 88;
    static final int LOOPBACK = 0x0100007f;

    private final World world;
    private final Network network;

    SocketSystemCalls(World world, Network network) {
        this.world = world;
        this.network = network;
    }

    long call(SystemCall call, long a, long b, long c, long d, long e) {
        if (call == SystemCall.SOCKET) {
            return world.dice.strikes(Fault.NO_DESCRIPTORS)
                    ? -Errno.EMFILE
                    : world.descriptors.add(newSocket((int) a, (int) b & TYPE_MASK));
        }
        OpenFile file = world.descriptors.get((int) a);
        if (file == null) {
            world.problem(call + " on closed descriptor " + a);
            return -Errno.EBADF;
        }
        if (file instanceof SimulatedDatagramSocket datagrams) {
            return call(datagrams, call, b, c, d, e);
        }
        if (!(file instanceof SimulatedSocket socket)) {
            return -ENOTSOCK;
        }
        return switch (call) {
            case BIND ->
                    socket.isUnix() ? network.bind(socket, path(b)) : network.bind(socket, port(b));
            case LISTEN -> {
                socket.listen((int) b);
                yield 0;
            }
            case GETSOCKNAME ->
                    socket.isUnix()
                            ? unixName(socket.path, b, c)
                            : name(socket.family, socket.port, b, c);
            case GETPEERNAME -> socket.isConnected() ? peerName(socket, b, c) : -Errno.ENOTCONN;
            case SETSOCKOPT -> setOption(socket, (int) b, (int) c, d);
            case GETSOCKOPT -> option(socket, (int) b, (int) c, d, e);
            case SHUTDOWN -> socket.shutdown(b != 1, b != 0);
            case SENDTO -> send(socket, b, c);
            case FCNTL -> 0;
            default -> -Errno.ENOSYS;
        };
    }

    private OpenFile newSocket(int family, int type) {
        return type == SOCK_DGRAM
                ? new SimulatedDatagramSocket(world, network, family)
                : network.newSocket(family);
    }

    private static long call(
            SimulatedDatagramSocket socket, SystemCall call, long b, long c, long d, long e) {
        return switch (call) {
            case BIND -> socket.bind(port(b));
            case CONNECT -> socket.connect(port(b));
            case GETSOCKNAME -> name(socket.family, socket.port(), b, c);
            case SETSOCKOPT -> 0;
            case GETSOCKOPT -> option(socket, (int) c, d, e);
            default -> -Errno.ENOSYS;
        };
    }

    private static long option(SimulatedDatagramSocket socket, int name, long value, long length) {
        if (name == SO_MEMINFO) {
            NativeMemory.clear(value, MEMINFO_BYTES);
            NativeMemory.putInt(value + MEMINFO_DROPS, socket.dropped());
            NativeMemory.putInt(length, MEMINFO_BYTES);
            return 0;
        }
        NativeMemory.putInt(value, name == SO_DOMAIN ? socket.family : 0);
        NativeMemory.putInt(length, Integer.BYTES);
        return 0;
    }

    private static long peerName(SimulatedSocket socket, long address, long length) {
        return socket.isUnix()
                ? unixName(
                        null, address, length) // of who connected; nobody here asks the other one
                : name(socket.family, socket.peerPort(), address, length);
    }

    /** Of a sockaddr_un, up to its zero. */
    static String path(long address) {
        StringBuilder path = new StringBuilder();
        for (long at = address + PATH; NativeMemory.getByte(at) != 0; at++) {
            path.append((char) NativeMemory.getByte(at));
        }
        return path.toString();
    }

    private static long unixName(@Nullable String path, long address, long length) {
        byte[] bytes = path == null ? new byte[0] : (path + '\0').getBytes(StandardCharsets.UTF_8);
        NativeMemory.putShort(address, (short) AF_UNIX);
        for (int i = 0; i < bytes.length; i++) {
            NativeMemory.putByte(address + PATH + i, bytes[i]);
        }
        NativeMemory.putInt(length, PATH + bytes.length);
        return 0;
    }

    static int port(long address) {
        return Short.reverseBytes(NativeMemory.getShort(address + PORT)) & 0xffff;
    }

    static int nameBytes(int family) {
        return family == AF_INET6 ? INET6_BYTES : INET_BYTES;
    }

    private static long name(int family, int port, long address, long length) {
        int bytes = nameBytes(family);
        NativeMemory.clear(address, bytes);
        NativeMemory.putShort(address, (short) family);
        NativeMemory.putShort(address + PORT, Short.reverseBytes((short) port));
        if (family == AF_INET6) {
            NativeMemory.putByte(address + 23, (byte) 1); // ::1
        } else {
            NativeMemory.putInt(address + 4, LOOPBACK);
        }
        NativeMemory.putInt(length, bytes);
        return 0;
    }

    private static long setOption(SimulatedSocket socket, int level, int name, long value) {
        if (level == SOL_SOCKET && name == SO_LINGER) {
            boolean on = NativeMemory.getInt(value) != 0;
            socket.lingerZero = on && NativeMemory.getInt(value + Integer.BYTES) == 0;
        }
        return 0;
    }

    private static long option(
            SimulatedSocket socket, int level, int name, long value, long length) {
        if (level == SOL_SOCKET && name == SO_MEMINFO) {
            NativeMemory.clear(value, MEMINFO_BYTES);
            NativeMemory.putInt(value, socket.unread());
            NativeMemory.putInt(value + MEMINFO_UNSENT, socket.unsent());
            NativeMemory.putInt(length, MEMINFO_BYTES);
            return 0;
        }
        boolean listening = level == SOL_SOCKET && name == SO_ACCEPTCONN && socket.isListening();
        NativeMemory.putInt(value, listening ? 1 : 0);
        NativeMemory.putInt(length, Integer.BYTES);
        return 0;
    }

    private long send(SimulatedSocket socket, long address, long length) {
        int room = socket.room();
        if (room == SimulatedSocket.WAIT) {
            return -Errno.EAGAIN;
        }
        if (room < 0) {
            return room;
        }
        int count = (int) Math.min(room, length);
        if (count > 0 && world.dice.strikes(Fault.SHORT_SEND)) {
            count = world.dice.upTo(count);
        }
        socket.send(world.memory.read(address, count, "send"));
        return count;
    }

    /** For a peer that is not of this process. */
    @Nullable SimulatedSocket connectFromOutside(int port) {
        SimulatedSocket listener = network.listener(port);
        if (listener == null) {
            return null;
        }
        SimulatedSocket client = network.newSocket(listener.family);
        return network.connect(client, port) == 0 ? client : null;
    }

    /** The same to a unix path. */
    @Nullable SimulatedSocket connectFromOutside(String path) {
        return connectFromOutside(network.port(path));
    }
}
