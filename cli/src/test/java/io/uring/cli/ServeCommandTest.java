package io.uring.cli;

import static io.uring.cli.RunningServer.PATIENCE;
import static io.uring.cli.RunningServer.head;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.testkit.ChildJvm;
import io.uring.testkit.Eventually;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ServeCommandTest {
    /**
     * A client that pauses: longer than Jetty's idle timeout during a shutdown, which must not cut
     * it off.
     */
    private static final long PAUSE_MILLIS = 1_500;

    private static final Pattern READY =
            Pattern.compile(
                    "^READY http://127\\.0\\.0\\.1:(\\d+)/ transport=(uring|nio) kernel=(\\S+)"
                            + " loops=1$",
                    Pattern.MULTILINE);
    private static final List<String> NATIVE_ACCESS = List.of("--enable-native-access=ALL-UNNAMED");

    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    @TempDir Path directory;

    @Test
    void missingDirectoryIsOneClearLine() {
        Run run = Run.uring("serve", directory.resolve("none").toString());

        assertFailure(run, "does not exist");
    }

    @Test
    void fileIsNoDirectory() throws Exception {
        Path file = Files.createFile(directory.resolve("file"));

        assertFailure(Run.uring("serve", file.toString()), "is not a directory");
    }

    @Test
    void missingCertificateIsOneClearLine() {
        Run run = Run.uring("serve", "--tls", "none.pem", "--key", "none.pem");

        assertFailure(run, "certificate 'none.pem' does not exist");
    }

    @Test
    void badCertificateIsOneClearLine() throws Exception {
        String bad = Files.writeString(directory.resolve("bad.pem"), "no PEM").toString();

        assertFailure(Run.uring("serve", "--tls", bad, "--key", bad), "holds no ");
    }

    @Test
    void unknownHostIsOneClearLine() {
        Run run = Run.uring("serve", directory.toString(), "--host", "host.invalid");

        assertFailure(run, "unknown host 'host.invalid'");
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void portInUseIsOneClearLine(Transport transport) throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, LOOPBACK)) {
            Run run =
                    Run.uring(
                            "serve",
                            directory.toString(),
                            "--transport",
                            transport.toString(),
                            "--port",
                            Integer.toString(other.getLocalPort()));

            assertFailure(run, "address already in use");
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void portOfAnotherServerIsInUse(Transport transport) {
        try (ChildJvm first = serve(transport, "0")) {
            String port = Integer.toString(port(first));
            Run second =
                    Run.uring(
                            "serve",
                            directory.toString(),
                            "--transport",
                            transport.toString(),
                            "--port",
                            port);

            assertFailure(second, "address already in use");
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void terminationLetsASlowDownloadFinish(Transport transport) throws Exception {
        byte[] content = new byte[32 << 20];
        new Random(3).nextBytes(content);
        Files.write(directory.resolve("large.bin"), content);
        try (ChildJvm child = serve(transport, "0");
                Socket socket = connect(port(child));
                Socket idle = connect(port(child))) {
            exchangeKeepAlive(idle);
            socket.getOutputStream().write(head("GET /large.bin").getBytes(US_ASCII));
            InputStream in = socket.getInputStream();
            byte[] first = in.readNBytes(1000);

            child.terminate();
            awaitRefusal(port(child));

            Thread.sleep(PAUSE_MILLIS);
            byte[] rest = in.readAllBytes();

            int bodyIndex = new String(first, US_ASCII).indexOf("\r\n\r\n") + 4;
            assertEquals(content.length, first.length - bodyIndex + rest.length);
            assertArrayEquals(
                    Arrays.copyOfRange(content, content.length - rest.length, content.length),
                    rest);
            assertEquals(0, child.awaitExit(PATIENCE), child::output);
            assertEquals(-1, idle.getInputStream().read());
            assertOnlyReady(child);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void terminationLetsAnUploadFinish(Transport transport) throws Exception {
        try (ChildJvm child = serve(transport, "0");
                Socket socket = connect(port(child))) {
            InputStream in = socket.getInputStream();
            socket.getOutputStream()
                    .write((head("POST /echo", "Content-Length: 8") + "ping").getBytes(US_ASCII));
            assertEquals('H', in.read());

            child.terminate();
            awaitRefusal(port(child));
            socket.getOutputStream().write("pong".getBytes(US_ASCII));

            String response = new String(in.readAllBytes(), US_ASCII);
            assertTrue(response.endsWith("\r\n\r\npingpong"), response);
            assertEquals(0, child.awaitExit(PATIENCE), child::output);
            assertOnlyReady(child);
        }
    }

    @Test
    void interruptStops() throws Exception {
        assumeTrue(!interruptIsIgnored(), "SIGINT is ignored, as in background jobs of a shell");
        try (ChildJvm child = serve(Transport.NIO, "0")) {
            port(child);
            Process kill = new ProcessBuilder("kill", "-INT", Long.toString(child.pid())).start();
            assertEquals(0, kill.waitFor());

            assertEquals(0, child.awaitExit(PATIENCE), child::output);
        }
    }

    @Test
    void readyLineTellsWhatWasChosen() {
        try (ChildJvm child = serve(Transport.NIO, "0")) {
            port(child);
            Matcher ready = READY.matcher(child.output());

            assertTrue(ready.find());
            assertEquals("nio", ready.group(2));
            assertEquals(System.getProperty("os.version"), ready.group(3));
        }
    }

    @Test
    void requestsAreLoggedOnDemand() throws Exception {
        try (ChildJvm child = serve(Transport.NIO, "0", "--log-requests");
                Socket socket = connect(port(child))) {
            exchangeKeepAlive(socket);

            child.awaitOutput(PATIENCE, "\"GET /plaintext HTTP/1.1\" 200 13");
        }
    }

    @Test
    void unavailableRingFallsBackAndSaysWhy() throws Exception {
        List<String> masked = new ArrayList<>(NATIVE_ACCESS);
        masked.add("-Dio.uring.mask=io_uring");
        try (ChildJvm child = start(masked, Transport.URING, "0");
                Socket socket = connect(port(child))) {
            exchangeKeepAlive(socket);

            assertTrue(child.output().contains(" transport=nio "), child::output);
            assertTrue(child.output().contains("io.uring.mask"), child::output);
        }
    }

    @Test
    void unavailableRingIsAFailureWhereItIsRequired() {
        List<String> masked = new ArrayList<>(NATIVE_ACCESS);
        masked.add("-Dio.uring.mask=io_uring");
        try (ChildJvm child = start(masked, Transport.URING, "0", "--required")) {
            assertEquals(1, child.awaitExit(PATIENCE), child::output);
            assertTrue(child.output().startsWith("uring serve: "), child::output);
            assertTrue(child.output().contains("io.uring.mask"), child::output);
            assertFalse(child.output().contains("\tat "), child::output);
        }
    }

    private static void assertFailure(Run run, String message) {
        assertEquals(1, run.status(), run.err());
        assertTrue(run.err().startsWith("uring serve: "), run.err());
        assertTrue(run.err().contains(message), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        assertEquals("", run.out());
    }

    private static void assertOnlyReady(ChildJvm child) {
        assertEquals(1, child.output().lines().count(), child::output);
    }

    private ChildJvm serve(Transport transport, String port, String... more) {
        return start(NATIVE_ACCESS, transport, port, more);
    }

    private ChildJvm start(
            List<String> jvmFlags, Transport transport, String port, String... more) {
        List<String> arguments = new ArrayList<>();
        arguments.addAll(List.of("serve", directory.toString(), "--loops", "1"));
        arguments.addAll(List.of("--transport", transport.toString(), "--port", port));
        arguments.addAll(List.of(more));
        return ChildJvm.start(jvmFlags, Main.class, arguments.toArray(String[]::new));
    }

    private static int port(ChildJvm child) {
        child.awaitOutput(PATIENCE, "loops=1\n");
        Matcher ready = READY.matcher(child.output());
        assertTrue(ready.find(), child::output);
        return Integer.parseInt(ready.group(1));
    }

    private static Socket connect(int port) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.connect(new InetSocketAddress(LOOPBACK, port), (int) PATIENCE.toMillis());
        return socket;
    }

    private static void exchangeKeepAlive(Socket socket) throws IOException {
        socket.getOutputStream().write(head("GET /plaintext").getBytes(US_ASCII));
        StringBuilder response = new StringBuilder();
        while (!response.toString().endsWith("Hello, World!")) {
            int next = socket.getInputStream().read();
            assertTrue(next >= 0, response::toString);
            response.append((char) next);
        }
    }

    private static void awaitRefusal(int port) {
        Eventually.isTrue(
                PATIENCE,
                "no connection is accepted any more",
                () -> {
                    try (Socket socket = connect(port)) {
                        return false;
                    } catch (ConnectException e) {
                        return true;
                    } catch (IOException e) {
                        return false;
                    }
                });
    }

    /** A child inherits it, and the JVM respects it. */
    private static boolean interruptIsIgnored() throws IOException {
        String mask =
                Files.readAllLines(Path.of("/proc/self/status")).stream()
                        .filter(line -> line.startsWith("SigIgn:"))
                        .findFirst()
                        .orElseThrow()
                        .substring("SigIgn:".length())
                        .strip();
        return (Long.parseUnsignedLong(mask, 16) & 2) != 0;
    }
}
