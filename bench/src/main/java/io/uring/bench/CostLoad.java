package io.uring.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** One thing at a time, on blocking sockets, so that what a server does can be counted by it. */
final class CostLoad {
    /** Long enough for a server to have handled one message, and to sleep, before the next. */
    private static final long GAP_NANOS = TimeUnit.MICROSECONDS.toNanos(150);

    /** Until what was asked of the server has happened. */
    private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private final int port;
    private final byte[] request;
    private final int responseBytes;

    /**
     * @param responseBytes 0 where there is no answer
     */
    CostLoad(int port, byte[] request, int responseBytes) {
        this.port = port;
        this.request = request.clone();
        this.responseBytes = responseBytes;
    }

    /** Connects and says nothing. */
    List<Socket> connect(int count) throws IOException {
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sockets.add(open());
        }
        settle();
        return sockets;
    }

    void close(List<Socket> sockets) throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        settle();
    }

    /** Messages, each of which is answered before the next. */
    void pingPong(Socket socket, int count) throws IOException {
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream();
        for (int i = 0; i < count; i++) {
            out.write(request);
            if (in.readNBytes(responseBytes).length < responseBytes) {
                throw new IOException("the server closed the connection");
            }
        }
    }

    /** Messages that nobody answers, with time to read each by itself. */
    void oneWay(Socket socket, int count) throws IOException {
        OutputStream out = socket.getOutputStream();
        for (int i = 0; i < count; i++) {
            out.write(request);
            LockSupport.parkNanos(GAP_NANOS);
        }
        settle();
    }

    Socket open() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        return socket;
    }

    static void settle() {
        long until = System.nanoTime() + SETTLE_NANOS;
        for (long left = SETTLE_NANOS; left > 0; left = until - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
