package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.SocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The addresses of connections that are over. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class AddressTest {
    /** Closed by the peer: with FIN or, which makes the kernel forget the address, with RST. */
    private static StreamSocket closed(Recorder server, boolean reset) throws IOException {
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(server))) {
            server.socket();
            if (reset) {
                peer.reset();
            } else {
                peer.shutdownOutput();
            }
            server.closeCause();
            return server.socket();
        }
    }

    @Test
    void addressesAskedForInOnOpenStayValidAfterTheClose() throws Exception {
        for (boolean reset : new boolean[] {false, true}) {
            SocketAddress[] addresses = new SocketAddress[2];
            Recorder server =
                    new Recorder() {
                        @Override
                        public void onOpen(StreamSocket socket) {
                            addresses[0] = socket.localAddress();
                            addresses[1] = socket.remoteAddress();
                            super.onOpen(socket);
                        }
                    };
            StreamSocket socket = closed(server, reset);
            assertEquals(addresses[0], socket.localAddress());
            assertEquals(addresses[1], socket.remoteAddress());
        }
    }

    @Test
    void addressesFirstAskedForAfterTheCloseAreNull() throws Exception {
        StreamSocket socket = closed(new Recorder(), false);
        assertNull(socket.localAddress());
        assertNull(socket.remoteAddress());
    }
}
