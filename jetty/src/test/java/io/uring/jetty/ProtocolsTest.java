package io.uring.jetty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.http2.client.transport.HttpClientTransportOverHTTP2;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** TLS and HTTP/2, which Jetty puts on top of our endpoints. */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ProtocolsTest {
    private static final long BODY = 16L << 20;

    @TempDir static Path directory;
    private static SelfSigned certificate;

    @BeforeAll
    static void makeCertificate() throws Exception {
        certificate = SelfSigned.create(directory);
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void http2OverCleartextByUpgrade(Mode mode) throws Exception {
        try (TestServer server = start(mode.transport(), clearText(), mode.type());
                HttpClient client = HttpClient.newHttpClient()) {
            exchange(client, server.uri("").toString(), HttpClient.Version.HTTP_2);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void http2OverCleartextByPriorKnowledge(Transport transport) throws Exception {
        var client =
                new org.eclipse.jetty.client.HttpClient(
                        new HttpClientTransportOverHTTP2(new HTTP2Client()));
        try (TestServer server = start(transport, clearText(), InvocationType.BLOCKING)) {
            client.start();
            for (int i = 0; i < 20; i++) {
                var response = client.GET(server.uri("/"));
                assertEquals("HTTP/2.0", response.getVersion().asString());
                assertEquals(PatternHandler.HELLO, response.getContentAsString());
            }
            client.stop();
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void curlSpeaksHttp2(Transport transport) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "curl is not installed");
        try (TestServer server = start(transport, clearText(), InvocationType.NON_BLOCKING)) {
            Process curl =
                    new ProcessBuilder(
                                    "/usr/bin/curl",
                                    "-sS",
                                    "--http2-prior-knowledge",
                                    "-w",
                                    " %{http_version}",
                                    server.uri("/").toString())
                            .redirectErrorStream(true)
                            .start();
            String output = new String(curl.getInputStream().readAllBytes(), UTF_8);
            assertTrue(curl.waitFor(20, TimeUnit.SECONDS));
            assumeTrue(!output.contains("not support"), output);
            assertEquals(PatternHandler.HELLO + " 2", output);
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void http2OverTls(Mode mode) throws Exception {
        try (TestServer server = start(mode.transport(), tls(true), mode.type());
                HttpClient client =
                        HttpClient.newBuilder().sslContext(certificate.client()).build()) {
            exchange(client, "https://127.0.0.1:" + server.port(), HttpClient.Version.HTTP_2);
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void http1OverTls(Mode mode) throws Exception {
        try (TestServer server = start(mode.transport(), tls(false), mode.type());
                HttpClient client =
                        HttpClient.newBuilder().sslContext(certificate.client()).build()) {
            exchange(client, "https://127.0.0.1:" + server.port(), HttpClient.Version.HTTP_1_1);
        }
    }

    /** Rubbish instead of a handshake, and a client that resets within it. */
    @ParameterizedTest
    @EnumSource(Transport.class)
    void brokenHandshakeHarmsNobody(Transport transport) throws Exception {
        try (TestServer server = start(transport, tls(false), InvocationType.BLOCKING);
                HttpClient client =
                        HttpClient.newBuilder().sslContext(certificate.client()).build()) {
            for (int i = 0; i < 10; i++) {
                try (RawClient rubbish = new RawClient(server.port())) {
                    rubbish.get("/");
                    if (i % 2 == 0) {
                        rubbish.reset();
                    } else {
                        rubbish.in.readAllBytes(); // an alert
                    }
                } catch (java.net.SocketException reset) {
                    // As good as an alert.
                }
            }
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + "/"))
                            .build();
            assertEquals(
                    PatternHandler.HELLO, client.send(request, BodyHandlers.ofString()).body());
            client.shutdownNow();
            server.awaitNothingHeld();
        }
    }

    private static void exchange(HttpClient client, String base, HttpClient.Version version)
            throws Exception {
        HttpResponse<String> hello =
                client.send(request(base + "/").build(), BodyHandlers.ofString());
        assertEquals(PatternHandler.HELLO, hello.body());
        assertEquals(version, hello.version());
        var stream = BodyPublishers.ofInputStream(() -> Pattern.stream(BODY));
        HttpRequest upload = request(base + "/up").POST(stream).build();
        assertEquals(Long.toString(BODY), client.send(upload, BodyHandlers.ofString()).body());
        try (InputStream in =
                client.send(request(base + "/down?n=" + BODY).build(), BodyHandlers.ofInputStream())
                        .body()) {
            assertEquals(BODY, Pattern.check(in));
        }
        List<CompletableFuture<HttpResponse<String>>> many =
                IntStream.range(0, 50)
                        .mapToObj(i ->
                                client.sendAsync(
                                        request(base + "/").build(), BodyHandlers.ofString()))
                        .toList();
        for (CompletableFuture<HttpResponse<String>> one : many) {
            assertEquals(PatternHandler.HELLO, one.get(20, TimeUnit.SECONDS).body());
        }
        client.shutdownNow();
    }

    private static HttpRequest.Builder request(String uri) {
        return HttpRequest.newBuilder(URI.create(uri)).timeout(Duration.ofSeconds(30));
    }

    private static org.eclipse.jetty.server.ConnectionFactory[] clearText() {
        HttpConfiguration configuration = new HttpConfiguration();
        return new org.eclipse.jetty.server.ConnectionFactory[] {
            new HttpConnectionFactory(configuration),
            new HTTP2CServerConnectionFactory(configuration)
        };
    }

    private static org.eclipse.jetty.server.ConnectionFactory[] tls(boolean http2) {
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.addCustomizer(new SecureRequestCustomizer(false));
        HttpConnectionFactory http1 = new HttpConnectionFactory(configuration);
        if (!http2) {
            return new org.eclipse.jetty.server.ConnectionFactory[] {
                new SslConnectionFactory(certificate.server(), http1.getProtocol()), http1
            };
        }
        ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
        alpn.setDefaultProtocol(http1.getProtocol());
        return new org.eclipse.jetty.server.ConnectionFactory[] {
            new SslConnectionFactory(certificate.server(), alpn.getProtocol()),
            alpn,
            new HTTP2ServerConnectionFactory(configuration),
            http1
        };
    }

    private static TestServer start(
            Transport transport,
            org.eclipse.jetty.server.ConnectionFactory[] factories,
            InvocationType type)
            throws Exception {
        return new TestServer(transport, factories).start(new PatternHandler(type));
    }
}
