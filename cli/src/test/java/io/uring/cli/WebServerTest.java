package io.uring.cli;

import static io.uring.cli.RunningServer.PATIENCE;
import static io.uring.cli.RunningServer.head;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import io.uring.testkit.OpenDescriptors;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(Transport.class)
class WebServerTest {

    @Parameter Transport transport;
    @TempDir Path directory;

    @Test
    void stopGivesUpOnARequestThatDoesNotEnd() throws Exception {
        try (RunningServer server = RunningServer.start(transport, directory);
                Socket socket = server.connect()) {
            socket.getOutputStream()
                    .write((head("POST /echo", "Content-Length: 9") + "x").getBytes(US_ASCII));
            assertEquals('H', socket.getInputStream().read());

            assertFalse(server.server.stop(Duration.ofMillis(100)));
        }
    }

    @Test
    void stopClosesIdleConnections() throws Exception {
        try (RunningServer server = RunningServer.start(transport, directory);
                Socket socket = server.connect()) {
            socket.getOutputStream().write(head("GET /plaintext").getBytes(US_ASCII));
            assertEquals('H', socket.getInputStream().read());

            assertTrue(server.server.stop(PATIENCE));
            String rest = new String(socket.getInputStream().readAllBytes(), US_ASCII);
            assertTrue(rest.endsWith("Hello, World!"), rest);
        }
    }

    @Test
    void portIsFreeAgainSoonAfterAStop() throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        int port;
        try (RunningServer first = RunningServer.start(transport, directory)) {
            port = first.port();
            assertEquals(200, first.get("/plaintext").statusCode());
        }
        Eventually.isTrue(PATIENCE, "port " + port + " can be bound again", () -> starts(port));
        before.awaitReturn(PATIENCE);
    }

    private boolean starts(int port) {
        WebServer.Options options =
                new WebServer.Options(
                        directory, new ListenAddress("127.0.0.1", port), 1, transport, null, false);
        WebServer server = new WebServer(options, null);
        try {
            server.start();
        } catch (CommandFailure e) {
            return false;
        }
        return server.stop(PATIENCE);
    }
}
