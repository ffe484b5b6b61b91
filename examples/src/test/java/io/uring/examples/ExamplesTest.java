package io.uring.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.uring.testkit.RequiresKernel;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every example runs, as a user would run it: in a JVM of its own. */
@RequiresKernel("6.7")
final class ExamplesTest {
    private static final long LIMIT_SECONDS = 60;

    @TempDir Path directory;

    private Process start(Class<?> example, String... arguments) throws IOException {
        List<String> command = new java.util.ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(example.getName());
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    /** Runs an example to its end; returns its output. */
    private String run(Class<?> example, String... arguments) throws Exception {
        Process process = start(example, arguments);
        try {
            byte[] output = process.getInputStream().readAllBytes();
            assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS));
            String text = new String(output, StandardCharsets.ISO_8859_1);
            assertEquals(0, process.exitValue(), text);
            return text;
        } finally {
            process.destroyForcibly();
        }
    }

    private Path randomFile(int bytes) throws IOException {
        byte[] contents = new byte[bytes];
        new Random(1).nextBytes(contents);
        return Files.write(directory.resolve("random"), contents);
    }

    @Test
    void catWritesAllFiles() throws Exception {
        Path one = Files.writeString(directory.resolve("one"), "first\n");
        Path two = Files.writeString(directory.resolve("two"), "x".repeat(200_000));
        assertEquals(
                "first\n" + "x".repeat(200_000), run(Cat.class, one.toString(), two.toString()));
    }

    @Test
    void copyIsTheSame() throws Exception {
        Path source = randomFile(3_000_001);
        Path target = directory.resolve("copy");
        run(LinkedCopy.class, source.toString(), target.toString());
        assertArrayEquals(Files.readAllBytes(source), Files.readAllBytes(target));
    }

    @Test
    void directReadsReachTheirNumber() throws Exception {
        Path file = randomFile(1 << 20);
        String type = Files.getFileStore(file).type();
        assumeFalse(type.equals("tmpfs") || type.equals("overlay"), type + " has no O_DIRECT");
        assertTrue(run(DirectReads.class, file.toString(), "1000").contains("reads, "));
    }

    @Test
    void tcpEchoAnswersSeveralConnections() throws Exception {
        int port = freePort();
        Process process = start(TcpEcho.class, Integer.toString(port));
        try {
            assertEquals("listening on /127.0.0.1:" + port, process.inputReader().readLine());
            for (int i = 0; i < 3; i++) {
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    byte[] sent = ("message " + i).repeat(2000).getBytes(StandardCharsets.US_ASCII);
                    socket.getOutputStream().write(sent);
                    assertArrayEquals(sent, socket.getInputStream().readNBytes(sent.length));
                }
            }
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS));
            assertEquals(0, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void udpEchoAnswersEachDatagram() throws Exception {
        int port = freePort();
        int count = 200;
        Process process = start(UdpEcho.class, Integer.toString(port), Integer.toString(count));
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(10_000);
            assertEquals("listening on /127.0.0.1:" + port, process.inputReader().readLine());
            for (int i = 0; i < count; i++) {
                byte[] sent = ("datagram " + i).getBytes(StandardCharsets.US_ASCII);
                InetAddress host = InetAddress.getLoopbackAddress();
                socket.send(new DatagramPacket(sent, sent.length, host, port));
                DatagramPacket back = new DatagramPacket(new byte[100], 100);
                socket.receive(back);
                assertEquals(
                        "datagram " + i,
                        new String(back.getData(), 0, back.getLength(), StandardCharsets.US_ASCII));
            }
            assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS));
            assertEquals(0, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void vertxSaysHelloOnIoUring() throws Exception {
        assertSaysHello(VertxHello.class);
    }

    @Test
    void reactorNettySaysHelloOnIoUring() throws Exception {
        assertSaysHello(ReactorNettyHello.class);
    }

    private void assertSaysHello(Class<?> example) throws Exception {
        int port = freePort();
        Process process = start(example, Integer.toString(port));
        try {
            String expected = "listening on " + port + ", on io_uring";
            String line = process.inputReader().readLine();
            while (line != null && !line.equals(expected)) { // libraries may have warnings
                line = process.inputReader().readLine();
            }
            assertEquals(expected, line);
            try (InputStream answer =
                    URI.create("http://127.0.0.1:" + port + "/").toURL().openStream()) {
                assertEquals(
                        "hello\n", new String(answer.readAllBytes(), StandardCharsets.US_ASCII));
            }
            process.getOutputStream().write('\n');
            process.getOutputStream().flush();
            assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS));
            assertEquals(0, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void grpcSaysHelloOnIoUring() throws Exception {
        String output = run(GrpcHello.class, "you");
        assertTrue(output.contains("hello you, on io_uring\n"), output);
    }

    @Test
    void timerTicks() throws Exception {
        assertEquals("tick 1\ntick 2\ntick 3\n", run(Timer.class, "3", "10"));
    }

    @Test
    void futexPingPongEnds() throws Exception {
        assertEquals("1000 rounds, turn 0\n", run(FutexPingPong.class, "1000"));
    }

    @Test
    void ringPingPongEnds() throws Exception {
        assertEquals("1000 rounds, received 1000\n", run(RingPingPong.class, "1000"));
    }

    @Test
    void everyExampleIsShort() throws IOException {
        try (var files = Files.list(Path.of("src/main/java/io/uring/examples"))) {
            for (Path file : files.toList()) {
                assertTrue(Files.readAllLines(file).size() < 100, file.toString());
            }
        }
    }
}
