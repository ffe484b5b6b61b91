package io.uring.cli;

import static io.uring.cli.RunningServer.head;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@ParameterizedClass
@EnumSource(Transport.class)
class FileHandlerTest {

    private static final String SECRET = "secret outside of the served directory";

    @Parameter Transport transport;
    @TempDir Path parent;
    private Path directory;
    private RunningServer server;

    @BeforeEach
    void start() throws Exception {
        directory = Files.createDirectory(parent.resolve("site"));
        Files.writeString(parent.resolve("secret.txt"), SECRET);
        Files.writeString(directory.resolve("ten.txt"), "0123456789");
        server = RunningServer.start(transport, directory);
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "a.html, text/html;charset=utf-8",
        "a.md, text/markdown;charset=utf-8",
        "a.txt, text/plain;charset=utf-8",
        "a.css, text/css;charset=utf-8",
        "a.js, text/javascript;charset=utf-8",
        "a.wasm, application/wasm",
        "a.json, application/json",
        "a.svg, image/svg+xml",
        "a.png, image/png",
    })
    void typeFollowsTheExtension(String name, String type) throws Exception {
        Files.writeString(directory.resolve(name), "x");

        HttpResponse<String> response = server.get("/" + name);

        assertEquals(200, response.statusCode());
        assertEquals(type, response.headers().firstValue("Content-Type").orElseThrow());
        assertEquals("x", response.body());
    }

    @Test
    void largeFileArrivesUnchanged() throws Exception {
        byte[] content = new byte[20 << 20];
        new Random(1).nextBytes(content);
        Files.write(directory.resolve("large.bin"), content);

        String response = server.exchange(request("GET /large.bin"));

        assertArrayEquals(
                content, response.substring(response.indexOf("\r\n\r\n") + 4).getBytes(ISO_8859_1));
    }

    @Test
    void emptyFileIsServed() throws Exception {
        Files.createFile(directory.resolve("empty.txt"));

        HttpResponse<String> response = server.get("/empty.txt");

        assertEquals(200, response.statusCode());
        assertEquals("0", response.headers().firstValue("Content-Length").orElseThrow());
        assertEquals("", response.body());
    }

    @Test
    void unusualNamesAreFound() throws Exception {
        Files.writeString(directory.resolve("a b+c#é?.txt"), "found");

        assertEquals("found", server.get("/a%20b+c%23%C3%A9%3F.txt").body());
    }

    @Test
    void changedFileIsServedAsItIsNow() throws Exception {
        assertEquals("0123456789", server.get("/ten.txt").body());
        Files.writeString(directory.resolve("ten.txt"), "new");
        assertEquals("new", server.get("/ten.txt").body());
    }

    @Test
    void missingFileIsNotFound() throws Exception {
        HttpResponse<String> response = server.get("/missing");

        assertEquals(404, response.statusCode());
        assertFalse(response.body().contains(parent.toString()), response.body());
    }

    @Test
    void headHasTheFieldsButNoBody() throws Exception {
        String response = server.exchange(request("HEAD /ten.txt"));

        assertTrue(response.startsWith("HTTP/1.1 200 "), response);
        assertTrue(response.contains("\r\nContent-Length: 10\r\n"), response);
        assertTrue(response.contains("\r\nETag: "), response);
        assertTrue(response.contains("\r\nLast-Modified: "), response);
        assertTrue(response.endsWith("\r\n\r\n"), response);
    }

    @Test
    void otherMethodsAreRefused() throws Exception {
        assertEquals(405, server.send("PUT", "/ten.txt").statusCode());
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=2-4, 234, bytes 2-4/10",
        "bytes=7-, 789, bytes 7-9/10",
        "bytes=-2, 89, bytes 8-9/10",
        "bytes=8-99, 89, bytes 8-9/10",
    })
    void rangeIsServed(String range, String body, String contentRange) throws Exception {
        HttpResponse<String> response = server.get("/ten.txt", "Range", range);

        assertEquals(206, response.statusCode());
        assertEquals(body, response.body());
        assertEquals(contentRange, response.headers().firstValue("Content-Range").orElseThrow());
    }

    @Test
    void severalRangesComeAsParts() throws Exception {
        HttpResponse<String> response = server.get("/ten.txt", "Range", "bytes=0-1,8-9");

        assertEquals(206, response.statusCode());
        String type = response.headers().firstValue("Content-Type").orElseThrow();
        assertTrue(type.startsWith("multipart/byteranges"), type);
        assertTrue(response.body().contains("Content-Range: bytes 8-9/10"), response.body());
    }

    @Test
    void rangeBeyondTheEndIsNotSatisfiable() throws Exception {
        HttpResponse<String> response = server.get("/ten.txt", "Range", "bytes=10-");

        assertEquals(416, response.statusCode());
        assertEquals("bytes */10", response.headers().firstValue("Content-Range").orElseThrow());
    }

    @Test
    void ifRangeServesThePartOnlyOfTheSameFile() throws Exception {
        String modified = header(server.get("/ten.txt"), "Last-Modified");

        assertEquals(
                "23", server.get("/ten.txt", "Range", "bytes=2-3", "If-Range", modified).body());
        assertEquals(
                "0123456789",
                server.get("/ten.txt", "Range", "bytes=2-3", "If-Range", "\"other\"").body());
        assertEquals(
                "0123456789",
                server.get(
                                "/ten.txt",
                                "Range",
                                "bytes=2-3",
                                "If-Range",
                                "Thu, 01 Jan 1970 00:00:00 GMT")
                        .body());
    }

    @Test
    void unchangedFileIsNotSentAgain() throws Exception {
        HttpResponse<String> first = server.get("/ten.txt");
        String etag = header(first, "ETag");
        String modified = header(first, "Last-Modified");

        assertEquals(304, server.get("/ten.txt", "If-None-Match", etag).statusCode());
        assertEquals(304, server.get("/ten.txt", "If-Modified-Since", modified).statusCode());
        assertEquals(200, server.get("/ten.txt", "If-None-Match", "\"other\"").statusCode());
        assertEquals(412, server.get("/ten.txt", "If-Match", "\"other\"").statusCode());

        Files.writeString(directory.resolve("ten.txt"), "changed");
        assertEquals(200, server.get("/ten.txt", "If-None-Match", etag).statusCode());
    }

    @Test
    void directoryHasAListing() throws Exception {
        Path sub = Files.createDirectory(directory.resolve("sub"));
        Files.writeString(sub.resolve("<script>.txt"), "x");

        HttpResponse<String> response = server.get("/sub/");

        assertEquals(200, response.statusCode());
        assertTrue(header(response, "Content-Type").startsWith("text/html"));
        assertTrue(response.body().contains("&lt;script&gt;.txt"), response.body());
        assertFalse(response.body().contains("<script>"), response.body());
        assertEquals(200, server.get("/sub/jetty-dir.css").statusCode());
    }

    @Test
    void directoryWithoutSlashRedirects() throws Exception {
        Files.createDirectory(directory.resolve("sub"));

        HttpResponse<String> response = server.get("/sub");

        assertEquals(302, response.statusCode());
        assertEquals("/sub/", header(response, "Location"));
    }

    @Test
    void indexStandsForItsDirectory() throws Exception {
        Files.writeString(directory.resolve("index.html"), "<p>index</p>");

        assertEquals("<p>index</p>", server.get("/").body());
        assertEquals("<p>", server.get("/", "Range", "bytes=0-2").body());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/../secret.txt",
                "/../../../../../../../../etc/passwd",
                "/x/../../secret.txt",
                "/%2e%2e/secret.txt",
                "/%2E%2E%2fsecret.txt",
                "/..%2fsecret.txt",
                "/..%5csecret.txt",
                "/..\\secret.txt",
                "/%252e%252e/secret.txt",
                "/..;/secret.txt",
                "/.%00./secret.txt",
                "/..%00/secret.txt",
                "/%c0%ae%c0%ae/secret.txt",
                "//../secret.txt",
                "/./../secret.txt",
                "http://a/../secret.txt",
                "../secret.txt",
            })
    void pathThatClimbsIsRefused(String path) throws Exception {
        String response = server.exchange(request("GET " + path));

        assertTrue(response.startsWith("HTTP/1.1 4"), response);
        assertFalse(response.contains(SECRET), response);
        assertFalse(response.contains("root:"), response);
    }

    @Test
    void absolutePathOfTheMachineIsNotFound() throws Exception {
        String response = server.exchange(request("GET " + parent.resolve("secret.txt")));

        assertTrue(response.startsWith("HTTP/1.1 404"), response);
    }

    @Test
    void linkThatLeavesTheDirectoryIsNotFound() throws Exception {
        Files.createSymbolicLink(directory.resolve("out.txt"), parent.resolve("secret.txt"));
        Files.createSymbolicLink(directory.resolve("up"), parent);
        Files.createSymbolicLink(directory.resolve("loop"), directory.resolve("loop"));
        Path sub = Files.createDirectory(directory.resolve("sub"));
        Files.createSymbolicLink(sub.resolve("index.html"), parent.resolve("secret.txt"));

        assertEquals(404, server.get("/out.txt").statusCode());
        assertEquals(404, server.get("/up/").statusCode());
        assertEquals(404, server.get("/up/secret.txt").statusCode());
        assertEquals(404, server.get("/loop").statusCode());
        assertFalse(server.get("/sub/").body().contains(SECRET));
    }

    @Test
    void linkWithinTheDirectoryIsFollowed() throws Exception {
        Files.createSymbolicLink(directory.resolve("link.txt"), Path.of("ten.txt"));

        assertEquals("0123456789", server.get("/link.txt").body());
    }

    @Test
    void pipeIsNotOpened() throws Exception {
        Process mkfifo = new ProcessBuilder("mkfifo", directory.resolve("pipe").toString()).start();
        assertEquals(0, mkfifo.waitFor());

        assertEquals(404, server.get("/pipe").statusCode());
    }

    @Test
    void directoryMustExistAndBeOne() {
        String missing =
                assertThrows(CommandFailure.class, () -> new FileHandler(parent.resolve("none")))
                        .getMessage();
        String file =
                assertThrows(
                                CommandFailure.class,
                                () -> new FileHandler(parent.resolve("secret.txt")))
                        .getMessage();

        assertTrue(missing.endsWith("/none' does not exist"), missing);
        assertTrue(file.endsWith("/secret.txt' is not a directory"), file);
    }

    private static String request(String line) {
        return head(line, "Connection: close");
    }

    private static String header(HttpResponse<String> response, String name) {
        return response.headers().firstValue(name).orElseThrow();
    }
}
