package io.uring.bench;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Finds the ends of HTTP request heads in a stream of bytes, however it is cut. It is all the HTTP
 * that our bare servers do, in C and in Java.
 */
final class HttpEnds {
    private static final byte[] END = {'\r', '\n', '\r', '\n'};

    private int matched;

    /** How many heads end in these bytes. */
    int count(MemorySegment memory, long offset, int length) {
        int count = 0;
        int at = matched;
        for (long i = offset; i < offset + length; i++) {
            byte value = memory.get(ValueLayout.JAVA_BYTE, i);
            if (value == END[at]) {
                at++;
            } else {
                at = value == '\r' ? 1 : 0;
            }
            if (at == END.length) {
                count++;
                at = 0;
            }
        }
        matched = at;
        return count;
    }
}
