package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class HttpEndsTest {
    private final HttpEnds ends = new HttpEnds();

    @Test
    void eachHeadIsCountedOnce() {
        assertEquals(3, count(Probe.REQUEST.repeat(3)));
    }

    @Test
    void headMayBeCutAnywhere() {
        for (int cut = 0; cut <= Probe.REQUEST.length(); cut++) {
            int first = count(Probe.REQUEST.substring(0, cut));
            assertEquals(1, first + count(Probe.REQUEST.substring(cut)), "cut at " + cut);
        }
    }

    @Test
    void lineEndAloneIsNotTheEnd() {
        assertEquals(0, count("a: b\r\n\rc: d\r\n"));
        assertEquals(1, count("\r\r\n\r\n"));
    }

    private int count(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return ends.count(MemorySegment.ofArray(bytes), 0, bytes.length);
    }
}
