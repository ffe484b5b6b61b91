package io.uring.bench;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** Asks a server once and checks its answer, so that the load only needs to count bytes. */
final class Probe {
    static final String REQUEST = "GET /plaintext HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private static final int TIMEOUT_MILLIS = 10_000;
    private static final int HEAD_BYTES_MAX = 8192;
    private static final String BODY = "Hello, World!";

    private Probe() {}

    /** One request. */
    static byte[] request(LoadSpec spec) {
        if (spec.mode() == Mode.HTTP) {
            return REQUEST.getBytes(StandardCharsets.US_ASCII);
        }
        byte[] message = new byte[spec.messageBytes()];
        for (int i = 0; i < message.length; i++) {
            message[i] = (byte) (i * 31 + i / 256);
        }
        return message;
    }

    /** The length of an answer; every later one has the same. */
    static int responseBytes(LoadSpec spec, int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            byte[] request = request(spec);
            socket.getOutputStream().write(request);
            if (spec.mode() == Mode.HTTP) {
                return readHttp(socket.getInputStream());
            }
            if (!Arrays.equals(request, socket.getInputStream().readNBytes(request.length))) {
                throw new IOException("the echo differs from what was sent");
            }
            return request.length;
        }
    }

    static int readHttp(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int value = in.read();
            if (value < 0 || head.length() == HEAD_BYTES_MAX) {
                throw new EOFException("no end of the response head: " + head);
            }
            head.append((char) value);
        }
        int length = contentLength(head.toString());
        String body = new String(in.readNBytes(length), StandardCharsets.US_ASCII);
        if (!head.toString().startsWith("HTTP/1.1 200 ") || !body.equals(BODY)) {
            throw new IOException("not the plaintext answer: " + head + body);
        }
        return head.length() + length;
    }

    private static int contentLength(String head) throws IOException {
        for (String line : head.toLowerCase(Locale.ROOT).split("\r\n", -1)) {
            if (line.startsWith("content-length:")) {
                return Integer.parseInt(line.substring("content-length:".length()).strip());
            }
        }
        throw new IOException("no Content-Length: " + head);
    }
}
