package io.uring.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@ParameterizedClass
@EnumSource(Transport.class)
class ConnectorsTest {

    @Parameter Transport transport;
    @TempDir static Path directory;

    /** By algorithm. Making one takes a second. */
    private static final Map<String, TestCertificate> CERTIFICATES = new HashMap<>();

    @BeforeAll
    static void create() throws Exception {
        Files.writeString(directory.resolve("a.txt"), "a file");
        for (String algorithm : List.of("RSA", "EC", "Ed25519")) {
            CERTIFICATES.put(algorithm, TestCertificate.create(directory, algorithm));
        }
    }

    @AfterAll
    static void forget() {
        CERTIFICATES.clear();
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC", "Ed25519"})
    void tlsNegotiatesHttp2(String algorithm) throws Exception {
        TestCertificate certificate = CERTIFICATES.get(algorithm);
        try (RunningServer server =
                RunningServer.startTls(
                        transport, directory, certificate, HttpClient.Version.HTTP_2)) {
            HttpResponse<String> response = server.get("/a.txt");

            assertEquals(HttpClient.Version.HTTP_2, response.version());
            assertEquals("a file", response.body());
            assertEquals("Hello, World!", server.get("/plaintext").body());
        }
    }

    @Test
    void tlsServesHttp1() throws Exception {
        TestCertificate certificate = CERTIFICATES.get("EC");
        try (RunningServer server =
                RunningServer.startTls(
                        transport, directory, certificate, HttpClient.Version.HTTP_1_1)) {
            HttpResponse<String> response = server.get("/a.txt");

            assertEquals(HttpClient.Version.HTTP_1_1, response.version());
            assertEquals("a file", response.body());
            assertTrue(server.server.readyLine().startsWith("READY https://127.0.0.1:"));
        }
    }

    @Test
    void alpnPrefersHttp2() throws Exception {
        TestCertificate certificate = CERTIFICATES.get("EC");
        try (RunningServer server =
                        RunningServer.startTls(
                                transport, directory, certificate, HttpClient.Version.HTTP_1_1);
                SSLSocket socket =
                        (SSLSocket)
                                certificate
                                        .trust()
                                        .getSocketFactory()
                                        .createSocket(server.connect(), "127.0.0.1", 0, true)) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"http/1.1", "h2"});
            socket.setSSLParameters(parameters);
            socket.startHandshake();

            assertEquals("h2", socket.getApplicationProtocol());
        }
    }

    @Test
    void cleartextSpeaksHttp2WithPriorKnowledge() throws Exception {
        try (RunningServer server = RunningServer.start(transport, directory)) {
            String preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
            String emptySettings = "\0\0\0\4\0\0\0\0\0";
            String goAway = "\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0\0";

            String answer = server.exchange(preface + emptySettings + goAway);

            assertEquals(4, answer.charAt(3), "the first frame is SETTINGS");
        }
    }
}
