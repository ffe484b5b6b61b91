package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ProbeTest {
    private static final String ANSWER =
            "HTTP/1.1 200 OK\r\ncontent-LENGTH:  13\r\n\r\nHello, World!";

    @Test
    void answerIsMeasuredWithHeadAndBody() throws IOException {
        assertEquals(ANSWER.length(), read(ANSWER + "HTTP/1.1 200 OK"));
    }

    @Test
    void otherAnswersAreRefused() {
        assertThrows(IOException.class, () -> read(ANSWER.replace("200", "500")));
        assertThrows(IOException.class, () -> read(ANSWER.replace("World", "there")));
        assertThrows(IOException.class, () -> read("HTTP/1.1 200 OK\r\n\r\n"));
    }

    @Test
    void answerThatStopsIsRefused() {
        assertThrows(EOFException.class, () -> read("HTTP/1.1 200 OK\r\n"));
        assertThrows(IOException.class, () -> read(ANSWER.substring(0, ANSWER.length() - 1)));
    }

    private static int read(String text) throws IOException {
        return Probe.readHttp(new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII)));
    }
}
