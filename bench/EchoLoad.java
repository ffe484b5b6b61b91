import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/**
 * A closed-loop load for an echo server on this machine: each connection sends a message and waits
 * for its echo. One thread. Prints the number of messages and the rate.
 *
 * <pre>java bench/EchoLoad.java PORT CONNECTIONS SECONDS [BYTES]</pre>
 */
public final class EchoLoad {
    private final ByteBuffer message;
    private final ByteBuffer received = ByteBuffer.allocateDirect(1 << 16);
    private long messages;

    private EchoLoad(int bytes) {
        message = ByteBuffer.allocateDirect(bytes);
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        int connections = Integer.parseInt(arguments[1]);
        double seconds = Double.parseDouble(arguments[2]);
        int bytes = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 64;
        new EchoLoad(bytes).run(new InetSocketAddress("127.0.0.1", port), connections, seconds);
    }

    private void run(InetSocketAddress server, int connections, double seconds) throws Exception {
        try (Selector selector = Selector.open()) {
            for (int i = 0; i < connections; i++) {
                SocketChannel channel = SocketChannel.open(server);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                channel.configureBlocking(false);
                channel.register(selector, SelectionKey.OP_READ, new int[1]);
                send(channel);
            }
            long start = System.nanoTime();
            long end = start + (long) (seconds * 1e9);
            while (System.nanoTime() < end) {
                selector.select(this::ready, 100);
            }
            double elapsed = (System.nanoTime() - start) / 1e9;
            System.out.printf("%d messages, %.0f/s%n", messages, messages / elapsed);
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
        }
    }

    private void ready(SelectionKey key) {
        SocketChannel channel = (SocketChannel) key.channel();
        int[] missing = (int[]) key.attachment();
        try {
            received.clear();
            int count = channel.read(received);
            if (count < 0) {
                throw new IllegalStateException("the server closed a connection");
            }
            missing[0] += count;
            if (missing[0] == message.capacity()) {
                missing[0] = 0;
                messages++;
                send(channel);
            }
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void send(SocketChannel channel) throws java.io.IOException {
        message.clear();
        while (message.hasRemaining()) {
            channel.write(message);
        }
    }
}
