package io.uring.cli;

import static io.uring.cli.RunningServer.head;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(Transport.class)
class FixedHandlerTest {

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
    void plaintextHasExactlyTheFieldsThatTechEmpowerWants() throws Exception {
        HttpResponse<String> response = server.get("/plaintext");

        assertEquals(200, response.statusCode());
        assertEquals("Hello, World!", response.body());
        Map<String, List<String>> fields = response.headers().map();
        assertEquals(Set.of("server", "date", "content-type", "content-length"), lowerCase(fields));
        assertEquals(List.of("text/plain"), fields.get("content-type"));
        assertEquals(List.of("13"), fields.get("content-length"));
    }

    @Test
    void jsonHasExactlyTheFieldsThatTechEmpowerWants() throws Exception {
        HttpResponse<String> response = server.get("/json");

        assertEquals(200, response.statusCode());
        assertEquals("{\"message\":\"Hello, World!\"}", response.body());
        Map<String, List<String>> fields = response.headers().map();
        assertEquals(Set.of("server", "date", "content-type", "content-length"), lowerCase(fields));
        assertEquals(List.of("application/json"), fields.get("content-type"));
        assertEquals(List.of("27"), fields.get("content-length"));
    }

    @Test
    void headHasTheLengthButNoBody() throws Exception {
        String response = server.exchange(head("HEAD /plaintext", "Connection: close"));

        assertTrue(response.startsWith("HTTP/1.1 200 "), response);
        assertTrue(response.contains("\r\nContent-Length: 13\r\n"), response);
        assertTrue(response.endsWith("\r\n\r\n"), response);
    }

    @Test
    void otherMethodsAreRefused() throws Exception {
        HttpResponse<String> response = server.send("DELETE", "/json");

        assertEquals(405, response.statusCode());
        assertEquals("GET, HEAD", response.headers().firstValue("Allow").orElseThrow());
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws Exception {
        String response =
                server.exchange(
                        head("GET /plaintext").repeat(64) + head("GET /json", "Connection: close"));

        assertEquals(65, response.split("HTTP/1.1 200 OK", -1).length - 1);
        assertTrue(response.endsWith("{\"message\":\"Hello, World!\"}"), response);
    }

    private static Set<String> lowerCase(Map<String, List<String>> fields) {
        return Set.copyOf(
                fields.keySet().stream().map(name -> name.toLowerCase(Locale.ROOT)).toList());
    }
}
