package io.uring.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** The JDK as one would write it today: blocking streams, a virtual thread per connection. */
final class VirtualThreadServer implements Server {
    private static final int BACKLOG = 4096;
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final int SMALL_BUFFER_BYTES = 8 * 1024;

    @Override
    public int start(Mode mode, int port, int loops) throws IOException {
        ServerSocket listener = new ServerSocket(port, BACKLOG, InetAddress.getLoopbackAddress());
        Thread.ofPlatform().name("accept").start(() -> accept(listener, mode));
        return listener.getLocalPort();
    }

    private static void accept(ServerSocket listener, Mode mode) {
        try {
            while (true) {
                Socket socket = listener.accept();
                Thread.ofVirtual().start(() -> serve(socket, mode == Mode.ECHO));
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("accept", e);
        }
    }

    private static void serve(Socket socket, boolean echo) {
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            byte[] buffer = new byte[SMALL_BUFFER_BYTES];
            for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
                if (echo) {
                    out.write(buffer, 0, n);
                }
                if (n == buffer.length && n < BUFFER_BYTES) {
                    buffer = new byte[BUFFER_BYTES]; // a stream; thousands of small talkers keep
                    // small ones
                }
            }
        } catch (IOException e) {
            // The peer is gone, which ends the connection like its FIN does.
            return;
        }
    }
}
