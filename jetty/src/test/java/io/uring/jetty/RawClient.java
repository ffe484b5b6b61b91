package io.uring.jetty;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** An HTTP/1.1 client that does what it is told, also what a good one would not. */
final class RawClient implements AutoCloseable {
    private static final int CONNECT_MILLIS = 10_000;
    private static final int READ_MILLIS = 30_000;

    final Socket socket;
    final InputStream in;

    RawClient(int port) throws IOException {
        this(port, 0);
    }

    /** With a fixed receive buffer, so that the server's writes soon have to wait. */
    RawClient(int port, int receiveBufferBytes) throws IOException {
        socket = new Socket();
        if (receiveBufferBytes > 0) {
            socket.setReceiveBufferSize(receiveBufferBytes);
        }
        socket.connect(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
        socket.setSoTimeout(READ_MILLIS);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream(), 64 * 1024);
    }

    /** Status and headers, names in lower case. */
    record Head(int status, Map<String, String> headers) {}

    RawClient send(String text) throws IOException {
        return send(text.getBytes(ISO_8859_1));
    }

    RawClient send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    RawClient get(String path, String... headers) throws IOException {
        return request("GET", path, headers);
    }

    RawClient request(String method, String path, String... headers) throws IOException {
        StringBuilder text = new StringBuilder();
        text.append(method).append(' ').append(path).append(" HTTP/1.1\r\nHost: test\r\n");
        for (String header : headers) {
            text.append(header).append("\r\n");
        }
        return send(text.append("\r\n").toString());
    }

    /** The next head; throws EOFException when the server has closed. */
    Head head() throws IOException {
        String status = line();
        Map<String, String> headers = new TreeMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        return new Head(Integer.parseInt(status.substring(9, 12)), headers);
    }

    /** Reads one response of a GET or POST, and returns its body as text. */
    String text() throws IOException {
        return new String(body(head()).readAllBytes(), ISO_8859_1);
    }

    InputStream body(Head head) {
        String length = head.headers().get("content-length");
        if (length != null) {
            return new Limited(Long.parseLong(length));
        }
        return "chunked".equals(head.headers().get("transfer-encoding")) ? new Chunked() : in;
    }

    /** Whether the server closes, cleanly or not, before anything else comes. */
    boolean closedByServer() throws IOException {
        try {
            return in.read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (java.net.SocketException e) {
            return true; // a reset is an end, too
        }
    }

    /** RST. */
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("the server closed after: " + line);
            }
            if (next == '\n') {
                return line.toString();
            }
            if (next != '\r') {
                line.append((char) next);
            }
        }
    }

    private class Limited extends InputStream {
        private long left;

        Limited(long bytes) {
            left = bytes;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int count) throws IOException {
            if (left == 0 && !more()) {
                return -1;
            }
            int read = in.read(target, offset, (int) Math.min(left, count));
            if (read < 0) {
                throw new EOFException(left + " bytes of the body are missing");
            }
            left -= read;
            return read;
        }

        void limit(long bytes) {
            left = bytes;
        }

        boolean more() throws IOException {
            return false;
        }
    }

    private final class Chunked extends Limited {
        private boolean first = true;
        private boolean last;

        Chunked() {
            super(0);
        }

        @Override
        boolean more() throws IOException {
            if (last) {
                return false;
            }
            if (!first) {
                line();
            }
            first = false;
            int bytes = Integer.parseInt(line(), 16);
            limit(bytes);
            if (bytes == 0) {
                last = true;
                line();
            }
            return bytes > 0;
        }
    }
}
