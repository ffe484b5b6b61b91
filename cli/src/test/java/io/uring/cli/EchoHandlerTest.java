package io.uring.cli;

import static io.uring.cli.RunningServer.head;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.testkit.Eventually;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(Transport.class)
class EchoHandlerTest {

    private static final int LARGE_BYTES = 64 << 20;
    private static final long SEED = 7;

    @Parameter Transport transport;
    @TempDir Path directory;
    private RunningServer server;

    @BeforeEach
    void start() {
        server = RunningServer.start(transport, directory);
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void emptyBodyComesBackEmpty() throws Exception {
        HttpResponse<String> response = server.send("POST", "/echo");

        assertEquals(200, response.statusCode());
        assertEquals("", response.body());
    }

    @Test
    void typeAndLengthComeBack() throws Exception {
        String response =
                server.exchange(
                        head(
                                        "POST /echo",
                                        "Content-Type: a/b",
                                        "Content-Length: 3",
                                        "Connection: close")
                                + "abc");

        assertTrue(response.startsWith("HTTP/1.1 200 OK\r\n"), response);
        assertTrue(response.contains("\r\nContent-Type: a/b\r\n"), response);
        assertTrue(response.contains("\r\nContent-Length: 3\r\n"), response);
        assertTrue(response.endsWith("\r\n\r\nabc"), response);
    }

    @Test
    void trailersAreDropped() throws Exception {
        String response =
                server.exchange(
                        head("POST /echo", "Transfer-Encoding: chunked", "Connection: close")
                                + "3\r\nabc\r\n0\r\nChecksum: 1\r\n\r\n");

        assertTrue(response.startsWith("HTTP/1.1 200 OK\r\n"), response);
        assertTrue(response.contains("abc"), response);
        assertTrue(!response.contains("Checksum"), response);
    }

    @Test
    void bodyComesBackBeforeTheRequestIsComplete() throws Exception {
        try (Socket socket = server.connect()) {
            OutputStream out = socket.getOutputStream();
            out.write((head("POST /echo", "Content-Length: 8") + "ping").getBytes(US_ASCII));
            InputStream in = new BufferedInputStream(socket.getInputStream());
            skipHead(in);
            assertEquals("ping", new String(in.readNBytes(4), US_ASCII));
            out.write("pong".getBytes(US_ASCII));
            assertEquals("pong", new String(in.readNBytes(4), US_ASCII));
        }
    }

    @Test
    void continueIsSentBeforeTheBodyIsAwaited() throws Exception {
        try (Socket socket = server.connect()) {
            OutputStream out = socket.getOutputStream();
            out.write(
                    head("POST /echo", "Content-Length: 4", "Expect: 100-continue")
                            .getBytes(US_ASCII));
            InputStream in = new BufferedInputStream(socket.getInputStream());
            assertTrue(skipHead(in).startsWith("HTTP/1.1 100 "));
            out.write("ping".getBytes(US_ASCII));
            assertTrue(skipHead(in).startsWith("HTTP/1.1 200 "));
            assertEquals("ping", new String(in.readNBytes(4), US_ASCII));
        }
    }

    @Test
    void largeBodyComesBackUnchanged() throws Exception {
        try (Socket socket = server.connect()) {
            CompletableFuture<Long> sent =
                    CompletableFuture.supplyAsync(() -> sendLarge(socket, new AtomicLong()));
            InputStream in = new BufferedInputStream(socket.getInputStream());
            assertTrue(skipHead(in).contains("Content-Length: " + LARGE_BYTES));
            CheckedInputStream body = new CheckedInputStream(in, new CRC32C());
            body.skipNBytes(LARGE_BYTES);
            assertEquals(await(sent), body.getChecksum().getValue());
        }
    }

    @Test
    void clientThatDoesNotReadIsNotReadFrom() throws Exception {
        try (Socket socket = server.connect()) {
            AtomicLong sentBytes = new AtomicLong();
            CompletableFuture<Long> sent =
                    CompletableFuture.supplyAsync(() -> sendLarge(socket, sentBytes));
            // Socket buffers on both ways fill, then nothing moves any more.
            Stillness stillness = new Stillness(sentBytes);
            Eventually.isTrue(
                    RunningServer.PATIENCE, "the sender stands still", stillness::isReached);
            assertTrue(sentBytes.get() < LARGE_BYTES, "all sent, nothing held it back");
            InputStream in = new BufferedInputStream(socket.getInputStream());
            skipHead(in);
            CheckedInputStream body = new CheckedInputStream(in, new CRC32C());
            body.skipNBytes(LARGE_BYTES);
            assertEquals(await(sent), body.getChecksum().getValue());
        }
    }

    @Test
    void http2BodyComesBackUnchanged() throws Exception {
        byte[] content = new byte[8 << 20];
        new Random(SEED).nextBytes(content);
        try (HttpClient client = HttpClient.newHttpClient()) {
            // The upgrade from HTTP/1.1 comes with a request that has no body.
            HttpRequest first = HttpRequest.newBuilder(server.uri("/plaintext")).build();
            assertEquals(
                    HttpClient.Version.HTTP_2,
                    client.send(first, HttpResponse.BodyHandlers.discarding()).version());
            HttpRequest post =
                    HttpRequest.newBuilder(server.uri("/echo"))
                            .timeout(RunningServer.PATIENCE)
                            .POST(HttpRequest.BodyPublishers.ofByteArray(content))
                            .build();
            HttpResponse<byte[]> response =
                    client.send(post, HttpResponse.BodyHandlers.ofByteArray());

            assertEquals(HttpClient.Version.HTTP_2, response.version());
            assertArrayEquals(content, response.body());
            client.shutdownNow();
        }
    }

    /** With curl, because the JDK's client does not read before it has sent everything. */
    @Test
    void largeHttp2BodyComesBackUnchanged() throws Exception {
        Path source = directory.resolve("source");
        Path target = directory.resolve("target");
        byte[] content = new byte[LARGE_BYTES];
        new Random(SEED).nextBytes(content);
        Files.write(source, content);
        ProcessBuilder curl =
                new ProcessBuilder(
                                "curl",
                                "--silent",
                                "--show-error",
                                "--fail",
                                "--http2-prior-knowledge",
                                "--max-time",
                                Long.toString(RunningServer.PATIENCE.toSeconds()),
                                "--request",
                                "POST",
                                "--upload-file",
                                source.toString(),
                                "--output",
                                target.toString(),
                                server.uri("/echo").toString())
                        .redirectError(directory.resolve("errors").toFile());
        Process process = startIfInstalled(curl);
        assertTrue(process.waitFor(2 * RunningServer.PATIENCE.toSeconds(), TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), Files.readString(directory.resolve("errors")));
        assertEquals(-1, Files.mismatch(source, target));
    }

    private static Process startIfInstalled(ProcessBuilder command) throws IOException {
        String program = command.command().getFirst();
        boolean installed =
                Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
        assumeTrue(installed, program + " is not installed");
        return command.start();
    }

    /** Sends a request with a large body, counting, and returns the body's checksum. */
    private static long sendLarge(Socket socket, AtomicLong sentBytes) {
        try {
            OutputStream out = socket.getOutputStream();
            out.write(head("POST /echo", "Content-Length: " + LARGE_BYTES).getBytes(US_ASCII));
            Random random = new Random(SEED);
            CRC32C checksum = new CRC32C();
            byte[] piece = new byte[64 << 10];
            for (int sent = 0; sent < LARGE_BYTES; sent += piece.length) {
                random.nextBytes(piece);
                out.write(piece);
                checksum.update(piece, 0, piece.length);
                sentBytes.addAndGet(piece.length);
            }
            return checksum.getValue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String skipHead(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        DataInputStream data = new DataInputStream(in);
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) data.readByte());
        }
        return head.toString();
    }

    private static long await(CompletableFuture<Long> sent)
            throws ExecutionException, InterruptedException, TimeoutException {
        return sent.get(RunningServer.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** A counter that was above zero and the same for as long as no healthy sender pauses here. */
    private static final class Stillness {
        private static final long NANOS = 500_000_000;

        private final AtomicLong counter;
        private long last;
        private long since;

        Stillness(AtomicLong counter) {
            this.counter = counter;
        }

        boolean isReached() {
            long now = counter.get();
            if (now != last) {
                last = now;
                since = System.nanoTime();
            }
            return now > 0 && System.nanoTime() - since > NANOS;
        }
    }
}
