package io.uring.jetty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.handler.ResourceHandler;
import org.eclipse.jetty.util.resource.ResourceFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** HTTP/1.1 as it goes over the wire. */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HttpTest {
    private static final int PIPELINED = 100;

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void pipelinedRequestsAreAnsweredInOrder(Mode mode) throws Exception {
        try (TestServer server = start(mode);
                RawClient client = new RawClient(server.port())) {
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < PIPELINED; i++) {
                String body = "request " + i;
                requests.append("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ")
                        .append(body.length())
                        .append("\r\n\r\n")
                        .append(body);
            }
            client.send(requests.toString());
            for (int i = 0; i < PIPELINED; i++) {
                assertEquals("request " + i, client.text());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void requestOfSingleBytesIsUnderstood(Mode mode) throws Exception {
        try (TestServer server = start(mode);
                RawClient client = new RawClient(server.port())) {
            String request = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345";
            for (int i = 0; i < request.length(); i++) {
                client.send(request.substring(i, i + 1));
            }
            assertEquals("12345", client.text());
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void expectContinueIsAnsweredBeforeTheBodyComes(Mode mode) throws Exception {
        try (TestServer server = start(mode);
                RawClient client = new RawClient(server.port())) {
            client.request("POST", "/echo", "Content-Length: 5", "Expect: 100-continue");
            assertEquals(100, client.head().status());
            assertEquals("12345", client.send("12345").text());
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void connectionIsKeptUntilCloseIsAskedFor(Mode mode) throws Exception {
        try (TestServer server = start(mode);
                RawClient client = new RawClient(server.port())) {
            for (int i = 0; i < 10; i++) {
                assertEquals(PatternHandler.HELLO, client.get("/").text());
            }
            assertEquals(1, server.connector.getConnectedEndPoints().size());
            assertEquals(PatternHandler.HELLO, client.get("/", "Connection: close").text());
            assertTrue(client.closedByServer());
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void headHasNoBody(Mode mode) throws Exception {
        try (TestServer server = start(mode);
                RawClient client = new RawClient(server.port())) {
            RawClient.Head head = client.request("HEAD", "/").head();
            assertEquals("13", head.headers().get("content-length"));
            assertEquals(PatternHandler.HELLO, client.get("/").text()); // and not the one of HEAD
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void badRequestIsRefusedAndClosed(Mode mode) throws Exception {
        try (TestServer server = start(mode);
                RawClient client = new RawClient(server.port())) {
            RawClient.Head head = client.send("NONSENSE\r\n\r\n").head();
            assertEquals(400, head.status());
            client.body(head).readAllBytes();
            assertTrue(client.closedByServer());
        }
    }

    /** The half-closed client still gets all of a response that takes many turns. */
    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void clientThatHalfClosesGetsItsResponse(Mode mode) throws Exception {
        try (TestServer server = start(mode);
                RawClient client = new RawClient(server.port(), 16 * 1024)) {
            client.get("/down?n=3000000");
            client.socket.shutdownOutput();
            assertEquals(3_000_000, Pattern.check(client.body(client.head())));
            assertTrue(client.closedByServer());
            server.awaitNothingHeld();
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void filesAndRangesAreServed(Transport transport, @TempDir Path directory) throws Exception {
        byte[] content = Pattern.bytes(5_000_000);
        Files.write(directory.resolve("file.bin"), content);
        ResourceHandler handler = new ResourceHandler();
        TestServer server = new TestServer(transport);
        handler.setBaseResource(ResourceFactory.of(server.server).newResource(directory));
        try (server) {
            server.start(handler);
            try (RawClient client = new RawClient(server.port())) {
                client.get("/file.bin");
                assertArrayEquals(content, client.body(client.head()).readAllBytes());
                for (int at : new int[] {0, 1, 65_535, 4_999_000}) {
                    client.get("/file.bin", "Range: bytes=" + at + "-" + (at + 999));
                    RawClient.Head head = client.head();
                    assertEquals(206, head.status());
                    assertArrayEquals(
                            Arrays.copyOfRange(content, at, at + 1000),
                            client.body(head).readAllBytes());
                }
                assertEquals(404, client.get("/missing").head().status());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void curlGetsWhatItAsksFor(Transport transport, @TempDir Path directory) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "curl is not installed");
        Mode mode =
                new Mode(
                        transport, org.eclipse.jetty.util.thread.Invocable.InvocationType.BLOCKING);
        Path file = directory.resolve("out");
        try (TestServer server = start(mode)) {
            Process curl =
                    new ProcessBuilder(
                                    "/usr/bin/curl",
                                    "-sS",
                                    "--fail",
                                    "-o",
                                    file.toString(),
                                    server.uri("/down?n=1000000").toString())
                            .redirectErrorStream(true)
                            .start();
            String output = new String(curl.getInputStream().readAllBytes(), UTF_8);
            assertTrue(curl.waitFor(20, TimeUnit.SECONDS));
            assertEquals(0, curl.exitValue(), output);
            assertFalse(Files.size(file) != 1_000_000);
            assertArrayEquals(Pattern.bytes(1_000_000), Files.readAllBytes(file));
        }
    }

    private static TestServer start(Mode mode) throws Exception {
        return TestServer.start(mode.transport(), new PatternHandler(mode.type()));
    }
}
