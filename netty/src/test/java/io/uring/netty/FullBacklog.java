package io.uring.netty;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/**
 * A listener that answers no more connections, since its queue is full: an address where connecting
 * takes for ever, on any machine.
 */
final class FullBacklog {
    private static final List<Object> OPEN = new ArrayList<>();

    private FullBacklog() {}

    /** Makes it the one that Netty's suite connects to in vain; before its classes are loaded. */
    static synchronized void isBadHost() {
        if (!OPEN.isEmpty()) {
            return;
        }
        try {
            ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            OPEN.add(server);
            fill(new InetSocketAddress(server.getInetAddress(), server.getLocalPort()));
            System.setProperty(
                    "io.netty.testsuite.badHost", server.getInetAddress().getHostAddress());
            System.setProperty(
                    "io.netty.testsuite.badPort", Integer.toString(server.getLocalPort()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void fill(InetSocketAddress address) throws IOException {
        for (int i = 0; i < 10; i++) {
            Socket socket = new Socket();
            OPEN.add(socket);
            try {
                socket.connect(address, 300);
            } catch (SocketTimeoutException e) {
                return;
            }
        }
        throw new IOException("the queue of " + address + " does not get full");
    }
}
