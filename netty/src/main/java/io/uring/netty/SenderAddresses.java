package io.uring.netty;

import io.uring.ring.Sockaddr;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Where datagrams come from: mostly from where the last one did, whose address is used again. */
final class SenderAddresses {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final int V4_BYTES = 16;
    private static final int V6_BYTES = 28;

    /** Of the last one, as the kernel wrote it. */
    private long head;

    private long middle;
    private long tail;
    private int scope;
    private int length;
    private @Nullable InetSocketAddress last;

    /** Null when the kernel named none. */
    @Nullable InetSocketAddress decode(MemorySegment memory, long at, int bytes) {
        if (bytes != V4_BYTES && bytes != V6_BYTES) {
            return null;
        }
        boolean longer = bytes == V6_BYTES;
        long first = memory.get(LONG, at);
        long second = memory.get(LONG, at + 8);
        long third = longer ? memory.get(LONG, at + 16) : 0;
        int fourth = longer ? memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + 24) : 0;
        InetSocketAddress known = last;
        boolean same = bytes == length && first == head && second == middle && third == tail;
        if (known == null || !same || fourth != scope) {
            known = (InetSocketAddress) Sockaddr.decode(memory.asSlice(at, bytes), bytes);
            last = known;
            length = bytes;
            head = first;
            middle = second;
            tail = third;
            scope = fourth;
        }
        return known;
    }
}
