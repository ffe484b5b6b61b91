import io.uring.net.Listener;
import io.uring.net.ListenerConfig;
import io.uring.net.StreamHandler;
import io.uring.net.StreamSocket;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.ReactorConfig;
import io.uring.reactor.ReceivedBuffer;
import java.io.EOFException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Bytes of heap and of native memory that a connection takes in an echo server, idle and busy. The
 * clients are a process of their own. The kernel's socket buffers are not counted: they are the
 * same for every transport.
 *
 * <p>{@code ./mvnw -DskipTests package}, then {@code bench/connection-memory.sh 1000 10000}.
 */
final class ConnectionMemory {
    private static final int MESSAGE_BYTES = 4096;
    private static final int ROUNDS = 20;

    private ConnectionMemory() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("client")) {
            client(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
            return;
        }
        serve(Integer.parseInt(arguments[0]));
    }

    private static void serve(int count) throws Exception {
        try (EventLoopGroup loops = EventLoopGroup.start(1, ReactorConfig.defaults())) {
            InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            Listener listener =
                    Listener.open(loops, ListenerConfig.of(any), socket -> new EchoHandler());
            int port = ((InetSocketAddress) listener.address()).getPort();
            run(port, 50, 0, 0); // the first connections load classes and make tables
            long heap = heapBytes();
            long resident = residentBytes();
            run(port, count, heap, resident);
            listener.close().join();
        }
    }

    private static void run(int port, int count, long heap, long resident) throws Exception {
        Process client =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                "ConnectionMemory",
                                "client",
                                "" + port,
                                "" + count)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (var said = client.inputReader();
                var say = client.outputWriter()) {
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                if (heap > 0) {
                    System.out.printf(
                            "%11d  %-5s  %15d  %17d%n",
                            count,
                            line,
                            (heapBytes() - heap) / count,
                            (residentBytes() - resident) / count);
                }
                say.write('\n');
                say.flush();
            }
        } finally {
            client.destroy();
            client.waitFor(10, TimeUnit.SECONDS);
        }
    }

    /** What is reachable, once what the JVM cleans up in its own time is gone. */
    private static long heapBytes() throws InterruptedException {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 15; i++) {
            System.gc();
            Thread.sleep(200);
            long used = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
            least = Math.min(least, used);
        }
        return least;
    }

    /** The heap is resident from the start (AlwaysPreTouch), so what is added is native. */
    private static long residentBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("RssAnon:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new IOException("no RssAnon in /proc/self/status");
    }

    /** Opens connections and says so; uses all of them at once and says so; each time waits. */
    private static void client(int port, int count) throws IOException {
        InetSocketAddress server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        List<SocketChannel> channels = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            channels.add(SocketChannel.open(server));
        }
        exchange(channels, 1);
        say("idle");
        for (int round = 0; round < ROUNDS; round++) {
            exchange(channels, MESSAGE_BYTES);
        }
        send(channels, MESSAGE_BYTES);
        say("busy");
        receive(channels, MESSAGE_BYTES);
    }

    private static void say(String state) throws IOException {
        System.out.println(state);
        System.in.read();
    }

    private static void exchange(List<SocketChannel> channels, int bytes) throws IOException {
        send(channels, bytes);
        receive(channels, bytes);
    }

    private static void send(List<SocketChannel> channels, int bytes) throws IOException {
        for (SocketChannel channel : channels) {
            ByteBuffer message = ByteBuffer.allocate(bytes);
            while (message.hasRemaining()) {
                channel.write(message);
            }
        }
    }

    private static void receive(List<SocketChannel> channels, int bytes) throws IOException {
        for (SocketChannel channel : channels) {
            ByteBuffer answer = ByteBuffer.allocate(bytes);
            while (answer.hasRemaining()) {
                if (channel.read(answer) < 0) {
                    throw new EOFException("the server has closed");
                }
            }
        }
    }

    private static final class EchoHandler implements StreamHandler {
        @Override
        public void onData(StreamSocket socket, ReceivedBuffer data) {
            if (!socket.write(data)) {
                socket.pauseReading();
            }
        }

        @Override
        public void onWritable(StreamSocket socket) {
            socket.resumeReading();
        }
    }
}
