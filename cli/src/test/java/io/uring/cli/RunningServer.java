package io.uring.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.testkit.OpenDescriptors;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A server on a free port, with a client for it; closing it proves that no descriptor is left. */
final class RunningServer implements AutoCloseable {

    static final Duration PATIENCE = Duration.ofSeconds(30);

    private final OpenDescriptors before;
    final WebServer server;
    private final String scheme;
    private final HttpClient client;

    private RunningServer(
            OpenDescriptors before, WebServer server, String scheme, HttpClient client) {
        this.before = before;
        this.server = server;
        this.scheme = scheme;
        this.client = client;
    }

    /** Skips the test where the transport is not available. */
    static RunningServer start(Transport transport, Path directory) {
        HttpClient.Builder client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
        return start(transport, directory, null, client);
    }

    static RunningServer startTls(
            Transport transport,
            Path directory,
            TestCertificate certificate,
            HttpClient.Version version) {
        HttpClient.Builder client =
                HttpClient.newBuilder().version(version).sslContext(certificate.trust());
        ServerIdentity identity =
                ServerIdentity.load(certificate.certificateFile(), certificate.keyFile());
        return start(transport, directory, identity, client);
    }

    private static RunningServer start(
            Transport transport,
            Path directory,
            @Nullable ServerIdentity identity,
            HttpClient.Builder client) {
        OpenDescriptors before = OpenDescriptors.now();
        WebServer server =
                new WebServer(
                        new WebServer.Options(
                                directory,
                                new ListenAddress("127.0.0.1", 0),
                                2,
                                transport,
                                identity,
                                false),
                        null);
        server.start();
        if (server.transport() != transport) {
            server.stop(PATIENCE);
        }
        assumeTrue(server.transport() == transport, "io_uring is not available");
        String scheme = identity == null ? "http" : "https";
        return new RunningServer(before, server, scheme, client.connectTimeout(PATIENCE).build());
    }

    int port() {
        return server.address().getPort();
    }

    URI uri(String path) {
        return URI.create(scheme + "://127.0.0.1:" + port() + path);
    }

    HttpResponse<String> get(String path, String... headers)
            throws IOException, InterruptedException {
        return send("GET", path, headers);
    }

    HttpResponse<String> send(String method, String path, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri(path))
                        .timeout(PATIENCE)
                        .method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.connect(server.address(), (int) PATIENCE.toMillis());
        return socket;
    }

    /** A request's head: its line, the Host field and the other fields. */
    static String head(String line, String... fields) {
        StringBuilder head = new StringBuilder(line).append(" HTTP/1.1\r\nHost: a\r\n");
        for (String field : fields) {
            head.append(field).append("\r\n");
        }
        return head.append("\r\n").toString();
    }

    /** Sends the bytes as they are, unlike a client that tidies paths, and reads until the end. */
    String exchange(String request) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
        client.close();
        server.stop(PATIENCE);
        before.awaitReturn(PATIENCE);
    }
}
