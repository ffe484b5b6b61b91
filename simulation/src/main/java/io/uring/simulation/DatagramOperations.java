package io.uring.simulation;

import io.uring.ring.Errno;
import io.uring.ring.Opcode;
import io.uring.ring.internal.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Sends and receives of datagrams. A received one is laid out in a buffer of a group as a multishot
 * receive does it: length of the name, of the control messages and of the payload, flags, 4 bytes
 * each; room for a name, room for control messages, payload.
 */
final class DatagramOperations {
    // msghdr: name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48
    private static final int NAME_BYTES = 8;
    private static final int IOV = 16;
    private static final int CONTROL = 32;
    private static final int CONTROL_BYTES = 40;
    private static final int FLAGS = 48;

    // cmsghdr: length 0, level 8, type 12, data 16
    private static final int TYPE = 12;
    private static final int DATA = 16;
    private static final int UDP_SEGMENT = 103;

    private static final int HEADER_BYTES = 16;
    private static final int MSG_TRUNC = 0x20;

    private final World world;

    DatagramOperations(World world) {
        this.world = world;
    }

    /** Its pieces are known. */
    void send(Request request, SimulatedDatagramSocket socket) {
        boolean message = request.operation() == Opcode.SENDMSG;
        long name = message ? NativeMemory.getLong(request.addr) : request.off;
        int target = name == 0 ? 0 : SocketSystemCalls.port(name);
        byte[] bytes = request.readPieces(world.memory, (int) request.pieceBytes());
        int result = socket.send(bytes, target, message ? segmentBytes(request.addr) : 0);
        request.ring.complete(request, result, 0);
    }

    private static int segmentBytes(long message) {
        long control = NativeMemory.getLong(message + CONTROL);
        boolean some = control != 0 && NativeMemory.getLong(message + CONTROL_BYTES) > DATA;
        return some && NativeMemory.getInt(control + TYPE) == UDP_SEGMENT
                ? NativeMemory.getShort(control + DATA) & 0xffff
                : 0;
    }

    void receive(Request request, SimulatedDatagramSocket socket, boolean multishot) {
        while (!request.ended) {
            int error = socket.pollError();
            if (error != 0) {
                request.ring.complete(request, -error, 0);
            } else if (!socket.hasDatagram()) {
                return;
            } else if (request.selectsBuffer()) {
                receiveSelected(request, socket, multishot);
            } else {
                receiveInto(
                        request, socket.family, java.util.Objects.requireNonNull(socket.poll()));
            }
        }
    }

    private void receiveSelected(
            Request request, SimulatedDatagramSocket socket, boolean multishot) {
        ProvidedBuffers group = request.ring.groups.get(request.group);
        boolean none = world.dice.strikes(Fault.NO_BUFFERS);
        ProvidedBuffers.Taken taken = none || group == null ? null : group.take(Integer.MAX_VALUE);
        if (taken == null) {
            request.ring.complete(request, -Errno.ENOBUFS, 0);
            return;
        }
        SimulatedDatagramSocket.Packet packet = java.util.Objects.requireNonNull(socket.poll());
        int name = NativeMemory.getInt(request.addr + NAME_BYTES);
        int control = (int) NativeMemory.getLong(request.addr + CONTROL_BYTES);
        int room = Math.max(0, taken.bytes() - HEADER_BYTES - name - control);
        int count = Math.min(packet.bytes.length, room);
        byte[] source = name(socket.family, packet.sourcePort);
        byte[] all = new byte[HEADER_BYTES + name + control + count];
        ByteBuffer.wrap(all)
                .order(ByteOrder.nativeOrder())
                .putInt(source.length)
                .putInt(0)
                .putInt(count)
                .putInt(count < packet.bytes.length ? MSG_TRUNC : 0)
                .put(source, 0, Math.min(source.length, name));
        System.arraycopy(packet.bytes, 0, all, HEADER_BYTES + name + control, count);
        boolean more = multishot && !world.dice.strikes(Fault.LOST_MORE);
        int flags = taken.flags() | (more ? Completion.F_MORE : 0);
        request.ring.complete(request, all.length, flags, taken.address(), all, null);
    }

    private void receiveInto(Request request, int family, SimulatedDatagramSocket.Packet packet) {
        long message = request.addr;
        long vector = NativeMemory.getLong(message + IOV);
        long length = NativeMemory.getLong(vector + Long.BYTES);
        int count = (int) Math.min(packet.bytes.length, length);
        byte[] source = name(family, packet.sourcePort);
        world.memory.write(NativeMemory.getLong(message), source, request);
        NativeMemory.putInt(message + NAME_BYTES, source.length);
        NativeMemory.putLong(message + CONTROL_BYTES, 0);
        NativeMemory.putInt(message + FLAGS, count < packet.bytes.length ? MSG_TRUNC : 0);
        byte[] data = java.util.Arrays.copyOf(packet.bytes, count);
        request.ring.complete(request, count, 0, NativeMemory.getLong(vector), data, null);
    }

    /** As it is in memory: the loopback address. */
    private static byte[] name(int family, int port) {
        byte[] name = new byte[SocketSystemCalls.nameBytes(family)];
        ByteBuffer address = ByteBuffer.wrap(name).order(ByteOrder.nativeOrder());
        address.putShort(0, (short) family).putShort(2, Short.reverseBytes((short) port));
        if (name.length == SocketSystemCalls.INET_BYTES) {
            address.putInt(4, SocketSystemCalls.LOOPBACK);
        } else {
            name[23] = 1; // ::1
        }
        return name;
    }
}
