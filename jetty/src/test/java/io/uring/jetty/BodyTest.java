package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Bodies of all sizes, both ways. */
@ExtendWith(NothingLeaks.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class BodyTest {
    private static final int[] SMALL = {0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 1 << 20};
    private static final long BIG = 64L << 20;
    private static final long HUGE = 1L << 30;

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void uploadsArriveComplete(Mode mode) throws Exception {
        try (TestServer server = start(mode)) {
            for (int bytes : SMALL) {
                assertEquals(bytes, upload(server, bytes, false));
                assertEquals(bytes, upload(server, bytes, true));
            }
            assertEquals(BIG, upload(server, BIG, false));
            assertEquals(BIG, upload(server, BIG, true));
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void downloadsArriveComplete(Mode mode) throws Exception {
        try (TestServer server = start(mode)) {
            for (String options : new String[] {"", "&length", "&direct", "&length&direct"}) {
                for (int bytes : SMALL) {
                    assertEquals(bytes, download(server, bytes, options));
                }
            }
            assertEquals(BIG, download(server, BIG, ""));
            assertEquals(BIG, download(server, BIG, "&length&direct"));
        }
    }

    @ParameterizedTest
    @MethodSource("io.uring.jetty.Mode#all")
    void echoesArriveComplete(Mode mode) throws Exception {
        try (TestServer server = start(mode)) {
            for (int bytes : SMALL) {
                HttpRequest request =
                        server.request("/echo")
                                .POST(BodyPublishers.ofByteArray(Pattern.bytes(bytes)))
                                .build();
                HttpResponse<byte[]> response =
                        server.client().send(request, BodyHandlers.ofByteArray());
                assertArrayEquals(Pattern.bytes(bytes), response.body());
            }
            assertEquals(BIG, echo(server, BIG));
        }
    }

    @ParameterizedTest
    @EnumSource(InvocationType.class)
    void gibibyteEachWay(InvocationType type) throws Exception {
        try (TestServer server = start(new Mode(Transport.URING, type))) {
            if (type == InvocationType.EITHER) {
                assertEquals(HUGE, download(server, HUGE, "&direct"));
            } else if (type == InvocationType.NON_BLOCKING) {
                assertEquals(HUGE, upload(server, HUGE, false));
            } else {
                assertEquals(HUGE, upload(server, HUGE, true));
                assertEquals(HUGE, download(server, HUGE, "&length"));
            }
        }
    }

    private static TestServer start(Mode mode) throws Exception {
        return TestServer.start(mode.transport(), new PatternHandler(mode.type()));
    }

    private static long upload(TestServer server, long bytes, boolean chunked) throws Exception {
        var stream = BodyPublishers.ofInputStream(() -> Pattern.stream(bytes));
        var body = chunked || bytes == 0 ? stream : BodyPublishers.fromPublisher(stream, bytes);
        HttpRequest request = server.request("/up").POST(body).build();
        HttpResponse<String> response = server.client().send(request, BodyHandlers.ofString());
        assertEquals(200, response.statusCode(), response.body());
        return Long.parseLong(response.body());
    }

    private static long download(TestServer server, long bytes, String options) throws Exception {
        HttpRequest request =
                server.request("/down?n=" + bytes + options).timeout(Duration.ofMinutes(1)).build();
        return read(server.client().send(request, BodyHandlers.ofInputStream()));
    }

    /** Both ways at once, which the JDK's client cannot do over HTTP/1.1. */
    private static long echo(TestServer server, long bytes) throws Exception {
        try (RawClient client = new RawClient(server.port())) {
            client.request("POST", "/echo", "Content-Length: " + bytes);
            Thread writer =
                    Thread.startVirtualThread(() -> {
                        try {
                            Pattern.stream(bytes).transferTo(client.socket.getOutputStream());
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
            long count = Pattern.check(client.body(client.head()));
            writer.join();
            return count;
        }
    }

    private static long read(HttpResponse<InputStream> response) throws Exception {
        assertEquals(200, response.statusCode());
        try (InputStream in = response.body()) {
            return Pattern.check(in);
        }
    }
}
