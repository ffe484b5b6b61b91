package io.uring.examples;

import io.uring.ring.BufferRing;
import io.uring.ring.CancelOps;
import io.uring.ring.Cqe;
import io.uring.ring.DatagramOps;
import io.uring.ring.Descriptor;
import io.uring.ring.Errno;
import io.uring.ring.MessageHeader;
import io.uring.ring.ReceivedMessage;
import io.uring.ring.Ring;
import io.uring.ring.RingConfig;
import io.uring.ring.Sockaddr;
import io.uring.ring.SocketOps;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Sends datagrams back to where they came from: {@code UdpEcho PORT COUNT}. One repeated receive
 * brings all of them, each with its source, in a provided buffer.
 */
public final class UdpEcho {
    private static final int NAME_BYTES = 32;
    private static final long RECEIVE = -1;

    private final Ring ring;
    private final Arena arena;
    private final Descriptor socket;
    private final BufferRing buffers;
    private final ReceivedMessage message = new ReceivedMessage(NAME_BYTES, 0);
    private final MessageHeader sizes;
    private int echoed;

    private UdpEcho(Ring ring, Arena arena, int port) throws IOException {
        this.ring = ring;
        this.arena = arena;
        SocketOps.socket(ring.sqe(), SocketOps.AF_INET, SocketOps.SOCK_DGRAM, 0);
        socket = Descriptor.of(result());
        Sockaddr address =
                Sockaddr.of(arena, new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        SocketOps.bind(ring.sqe(), socket, address);
        result();
        System.out.println("listening on " + address.get());
        buffers = BufferRing.register(ring, 0, 64, 2048, false);
        sizes = new MessageHeader(arena, 1).reserve(NAME_BYTES, 0);
    }

    public static void main(String[] arguments) throws IOException {
        try (Ring ring = Ring.open(RingConfig.ofEntries(64, 256));
                Arena arena = ring.newArena()) {
            ring.enable();
            UdpEcho echo = new UdpEcho(ring, arena, Integer.parseInt(arguments[0]));
            echo.receive();
            int count = Integer.parseInt(arguments[1]);
            while (echo.echoed < count) {
                ring.submitAndWait(1, Ring.FOREVER);
                ring.drain(echo::completed);
                echo.buffers.publish();
            }
            CancelOps.cancelEverything(ring.sqe());
            ring.submitAndWait(2, 1_000_000_000);
            ring.drain((userData, result, flags) -> {});
        }
    }

    private int result() throws IOException {
        int[] value = new int[1];
        ring.submitAndWait(1, Ring.FOREVER);
        ring.drain((userData, result, flags) -> value[0] = result);
        if (value[0] < 0) {
            throw new IOException(Errno.name(-value[0]));
        }
        return value[0];
    }

    private void receive() {
        DatagramOps.recvmsgMultishot(ring.sqe(), socket, sizes, 0, 0).userData(RECEIVE);
    }

    private void completed(long userData, int result, int flags) {
        if (userData != RECEIVE) {
            buffers.recycle((int) userData); // sent, so its bytes may be overwritten
            echoed++;
            return;
        }
        if ((flags & Cqe.F_BUFFER) != 0) {
            int id = Cqe.bufferId(flags);
            message.at(buffers.memory(), buffers.offset(id), result);
            Sockaddr source = Sockaddr.of(arena, message.source());
            DatagramOps.sendTo(ring.sqe(), socket, message.payload(), source, 0).userData(id);
            buffers.advance(id, result);
        }
        if ((flags & Cqe.F_MORE) == 0) {
            receive(); // out of buffers: those that were sent are back by now
        }
    }
}
