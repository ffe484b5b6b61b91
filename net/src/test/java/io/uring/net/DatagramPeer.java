package io.uring.net;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The JDK's own socket at the other end. */
final class DatagramPeer implements AutoCloseable {
    private static final int MAX_BYTES = 65_535;

    private final java.net.DatagramSocket socket;

    DatagramPeer() throws IOException {
        this(InetAddress.getLoopbackAddress());
    }

    DatagramPeer(InetAddress address) throws IOException {
        socket = new java.net.DatagramSocket(new InetSocketAddress(address, 0));
        socket.setSoTimeout((int) Loops.LIMIT.toMillis());
        socket.setSendBufferSize(1 << 20);
        socket.setReceiveBufferSize(4 << 20);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    DatagramPeer send(byte[] bytes, SocketAddress target) throws IOException {
        socket.send(new DatagramPacket(bytes, bytes.length, target));
        return this;
    }

    DatagramPeer send(String text, SocketAddress target) throws IOException {
        return send(text.getBytes(StandardCharsets.UTF_8), target);
    }

    byte[] receive() throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[MAX_BYTES], MAX_BYTES);
        socket.receive(packet);
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    String receiveText() throws IOException {
        return new String(receive(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        socket.close();
    }
}
