package io.uring.simulation;

/**
 * The other end of a connection, on another machine: it has neither a ring nor a descriptor here.
 * Never waits.
 *
 * <pre>{@code
 * SimulatedPeer peer = kernel.connect(port);
 * int taken = peer.write(bytes);
 * byte[] answer = peer.read(4096);
 * peer.close();
 * }</pre>
 */
public final class SimulatedPeer {
    private final SimulatedSocket socket;

    SimulatedPeer(SimulatedSocket socket) {
        this.socket = socket;
        socket.retain();
    }

    /** At most so many bytes, none when there are none. */
    public byte[] read(int most) {
        int count = Math.min(socket.receivable(), most);
        return count <= 0 ? new byte[0] : socket.receive(count);
    }

    /** Whether everything that the other end sent was read, up to its FIN. */
    public boolean hasEnded() {
        return !socket.isReset() && socket.hasMore() && socket.receivable() == 0;
    }

    public boolean isReset() {
        return socket.isReset();
    }

    /** Takes what there is room for, and returns how much it was; 0 on a broken connection. */
    public int write(byte[] bytes) {
        int count = Math.min(socket.room(), bytes.length);
        if (count <= 0) {
            return 0;
        }
        socket.send(java.util.Arrays.copyOf(bytes, count));
        return count;
    }

    /** Sends FIN after what was written. */
    public void shutdownOutput() {
        socket.shutdown(false, true);
    }

    /** As a process does: with RST when there is something unread. */
    public void close() {
        socket.drop();
    }

    /** Sends RST. */
    public void abort() {
        socket.lingerZero = true;
        socket.drop();
    }
}
