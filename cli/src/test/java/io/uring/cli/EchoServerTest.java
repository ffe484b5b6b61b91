package io.uring.cli;

import static io.uring.cli.RunningServer.PATIENCE;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.reactor.IdleStrategy;
import io.uring.ring.Availability;
import io.uring.testkit.ChildJvm;
import io.uring.testkit.OpenDescriptors;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EchoServerTest {

    @BeforeEach
    void needsRing() {
        assumeTrue(Availability.get().isAvailable(), "io_uring is not available");
    }

    @Test
    void bytesComeBackUntilTheClientEnds() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        byte[] content = new byte[64 << 20];
        new Random(5).nextBytes(content);
        EchoServer server =
                EchoServer.start(new ListenAddress("127.0.0.1", 0), 2, IdleStrategy.sleep());
        try (Socket socket = connect(server.address())) {
            CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> send(socket, content));
            byte[] received = socket.getInputStream().readAllBytes();

            assertArrayEquals(content, received);
            sent.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        assertTrue(server.stop());
        before.awaitReturn(PATIENCE);
    }

    @Test
    void datagramsComeBackOneByOne() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        EchoServer server =
                EchoServer.startUdp(new ListenAddress("127.0.0.1", 0), 2, IdleStrategy.sleep());
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            for (int length : new int[] {1, 0, 1472, 60_000}) {
                byte[] content = new byte[length];
                new Random(length).nextBytes(content);
                socket.send(new DatagramPacket(content, length, server.address()));
                DatagramPacket back = new DatagramPacket(new byte[65_535], 65_535);
                socket.receive(back);
                assertArrayEquals(content, Arrays.copyOf(back.getData(), back.getLength()));
            }
        }
        assertTrue(server.stop());
        before.awaitReturn(PATIENCE);
    }

    @Test
    void stopClosesOpenConnections() throws Exception {
        EchoServer server =
                EchoServer.start(new ListenAddress("127.0.0.1", 0), 2, IdleStrategy.sleep());
        try (Socket socket = connect(server.address())) {
            socket.getOutputStream().write(1);
            assertEquals(1, socket.getInputStream().read());

            assertTrue(server.stop());
            assertEquals(-1, socket.getInputStream().read());
        }
    }

    @Test
    void portInUseIsExplained() {
        EchoServer first =
                EchoServer.start(new ListenAddress("127.0.0.1", 0), 1, IdleStrategy.sleep());
        try {
            String message =
                    assertThrows(
                                    CommandFailure.class,
                                    () ->
                                            EchoServer.start(
                                                    new ListenAddress(
                                                            "127.0.0.1", first.address().getPort()),
                                                    1,
                                                    IdleStrategy.sleep()))
                            .getMessage();

            assertTrue(message.contains("address already in use"), message);
        } finally {
            first.stop();
        }
    }

    @Test
    void unknownHostIsNamed() {
        String message =
                assertThrows(
                                CommandFailure.class,
                                () ->
                                        EchoServer.start(
                                                new ListenAddress("host.invalid", 0),
                                                1,
                                                IdleStrategy.sleep()))
                        .getMessage();

        assertEquals("unknown host 'host.invalid'", message);
    }

    @Test
    void commandServesDatagramsWhenAskedTo() throws Exception {
        List<String> flags = List.of("--enable-native-access=ALL-UNNAMED");
        try (ChildJvm child =
                ChildJvm.start(flags, Main.class, "echo", "--udp", "--port", "0", "--loops", "1")) {
            child.awaitOutput(PATIENCE, "loops=1\n");
            Matcher ready =
                    Pattern.compile("^READY 127\\.0\\.0\\.1:(\\d+) ").matcher(child.output());
            assertTrue(ready.find(), child::output);
            InetSocketAddress server =
                    new InetSocketAddress(
                            InetAddress.ofLiteral("127.0.0.1"), Integer.parseInt(ready.group(1)));
            try (DatagramSocket socket = new DatagramSocket()) {
                socket.setSoTimeout((int) PATIENCE.toMillis());
                socket.send(new DatagramPacket("ping".getBytes(US_ASCII), 4, server));
                DatagramPacket back = new DatagramPacket(new byte[8], 8);
                socket.receive(back);
                assertEquals("ping", new String(back.getData(), 0, back.getLength(), US_ASCII));
            }
            child.terminate();
            assertEquals(0, child.awaitExit(PATIENCE), child::output);
        }
    }

    @Test
    void commandServesUntilItIsTerminated() throws Exception {
        List<String> flags = List.of("--enable-native-access=ALL-UNNAMED");
        try (ChildJvm child =
                ChildJvm.start(
                        flags, Main.class, "echo", "--port", "0", "--loops", "1", "--spin", "20")) {
            child.awaitOutput(PATIENCE, "loops=1\n");
            Matcher ready =
                    Pattern.compile("^READY 127\\.0\\.0\\.1:(\\d+) transport=uring kernel=")
                            .matcher(child.output());
            assertTrue(ready.find(), child::output);
            int port = Integer.parseInt(ready.group(1));
            try (Socket socket =
                    connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port))) {
                socket.getOutputStream().write("ping".getBytes(US_ASCII));
                InputStream in = socket.getInputStream();
                assertEquals("ping", new String(in.readNBytes(4), US_ASCII));
                child.terminate();
                assertEquals(-1, in.read());
            }
            assertEquals(0, child.awaitExit(PATIENCE), child::output);
        }
    }

    private static Socket connect(InetSocketAddress address) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.connect(address, (int) PATIENCE.toMillis());
        return socket;
    }

    private static void send(Socket socket, byte[] content) {
        try {
            socket.getOutputStream().write(content);
            socket.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
