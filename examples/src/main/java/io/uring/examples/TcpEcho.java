package io.uring.examples;

import io.uring.ring.BufferRing;
import io.uring.ring.ControlOps;
import io.uring.ring.Cqe;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import io.uring.ring.Sockaddr;
import io.uring.ring.SocketOps;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Sends back what comes, until it has input itself: {@code TcpEcho PORT}. */
public final class TcpEcho {
    private static final int ACCEPT = 1;
    private static final int RECEIVE = 2;
    private static final int SEND = 3;

    private final Ring ring;
    private final BufferRing buffers;

    private TcpEcho(Ring ring) {
        this.ring = ring;
        this.buffers = BufferRing.register(ring, 0, 256, 4096, false);
    }

    public static void main(String[] arguments) throws IOException {
        try (Ring ring = Ring.open(RingConfig.forConnections(1000));
                Arena arena = Arena.ofConfined()) {
            ring.enable();
            TcpEcho echo = new TcpEcho(ring);
            echo.listen(arena, Integer.parseInt(arguments[0]));
            while (System.in.available() == 0) {
                ring.submitAndWait(1, 100_000_000);
                ring.drain(echo::completed);
                echo.buffers.publish();
            }
        }
    }

    private void listen(Arena arena, int port) throws IOException {
        Sockaddr address =
                Sockaddr.of(arena, new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        SocketOps.socket(ring.sqe(), SocketOps.AF_INET, SocketOps.SOCK_STREAM, 0);
        Descriptor listener = Descriptor.of(result());
        SocketOps.bind(ring.sqe(), listener, address).link();
        SocketOps.listen(ring.sqe(), listener, 128);
        ring.submitAndWait(2, Ring.FOREVER);
        result();
        System.out.println("listening on " + address.get());
        SocketOps.acceptMultishot(ring.sqe(), listener).userData(ACCEPT);
    }

    private int result() throws IOException {
        int[] least = {Integer.MAX_VALUE};
        ring.submitAndWait(1, Ring.FOREVER);
        ring.drain((userData, result, flags) -> least[0] = Math.min(least[0], result));
        if (least[0] < 0) {
            throw new IOException(Errno.name(-least[0]));
        }
        return least[0];
    }

    /** User data: the operation, the descriptor above it, and the buffer above that. */
    private void completed(long userData, int result, int flags) {
        int fd = (int) (userData >>> 8) & 0xffffff;
        switch ((int) userData & 0xff) {
            case ACCEPT -> receive(result);
            case RECEIVE -> {
                if (result <= 0) {
                    ControlOps.close(ring.sqe(), Descriptor.of(fd));
                } else {
                    int id = Cqe.bufferId(flags);
                    MemorySegment data = buffers.memory().asSlice(buffers.offset(id), result);
                    SocketOps.send(ring.sqe(), Descriptor.of(fd), data, SocketOps.MSG_WAITALL)
                            .userData((long) id << 32 | (long) fd << 8 | SEND);
                    buffers.advance(id, result);
                }
            }
            case SEND -> {
                buffers.recycle((int) (userData >>> 32));
                receive(fd);
            }
            default -> {}
        }
    }

    private void receive(int fd) {
        if (fd >= 0) {
            SocketOps.recvSelect(ring.sqe(), Descriptor.of(fd), 0, 0)
                    .userData((long) fd << 8 | RECEIVE);
        }
    }
}
