package io.uring.net;

import io.uring.reactor.DatagramBuffers;
import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.SocketOps;
import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/**
 * A datagram that arrived, in memory the loop lends. Whoever gets it releases it, once, on any
 * thread, as soon as possible, or sends it on: memory is shared by all datagram sockets of the
 * loop. Reading moves a position. After the release neither it nor its source may be used.
 *
 * <pre>{@code
 * public void onDatagram(DatagramSocket socket, Datagram datagram) {
 *     datagram.read(request); // copies what fits
 *     datagram.release();
 * }
 * }</pre>
 */
public final class Datagram {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    // io_uring_recvmsg_out
    private static final int NAME_BYTES = 0;
    private static final int CONTROL_BYTES = 4;
    private static final int FLAGS = 12;

    // cmsghdr: length 0, level 8, type 12, data 16; each aligned to 8
    private static final int LEVEL = 8;
    private static final int TYPE = 12;
    private static final int DATA = 16;

    private final ReceivedBuffer buffer;
    private final DatagramAddress source = new DatagramAddress();

    /** Of the header, in the buffer's memory. */
    private long start;

    private boolean sourceDecoded;
    private boolean sending;

    private Datagram(ReceivedBuffer buffer) {
        this.buffer = buffer;
    }

    /** The view of a buffer that was just received. */
    static Datagram of(ReceivedBuffer buffer) {
        Datagram datagram = (Datagram) buffer.companion();
        if (datagram == null) {
            datagram = new Datagram(buffer);
            buffer.companion(datagram);
        }
        datagram.start = buffer.offset();
        datagram.sourceDecoded = false;
        datagram.sending = false;
        buffer.skip(DatagramBuffers.PAYLOAD);
        return datagram;
    }

    /** Where it came from; it costs nothing, and changes with the release. */
    public DatagramAddress source() {
        if (!sourceDecoded) {
            MemorySegment memory = buffer.memory();
            int length = Math.min(memory.get(INT, start + NAME_BYTES), DatagramBuffers.NAME_BYTES);
            source.decode(memory, start + DatagramBuffers.NAME, length);
            sourceDecoded = true;
        }
        return source;
    }

    /**
     * Whether it was longer than one of {@code ReactorConfig.datagramBuffers}: the rest is lost.
     */
    public boolean isTruncated() {
        return (buffer.memory().get(INT, start + FLAGS) & SocketOps.MSG_TRUNC) != 0;
    }

    /**
     * The bytes of each of the datagrams that the kernel merged into this one, the last of which
     * may be shorter; 0 when it is a single one. See {@link DatagramConfig#withGro}.
     */
    public int segmentBytes() {
        MemorySegment memory = buffer.memory();
        long at = start + DatagramBuffers.CONTROL;
        int used = memory.get(INT, start + CONTROL_BYTES);
        long end = at + Math.min(used, DatagramBuffers.CONTROL_BYTES);
        while (at + DATA <= end) {
            if (memory.get(INT, at + LEVEL) == SocketCalls.IPPROTO_UDP
                    && memory.get(INT, at + TYPE) == SocketCalls.UDP_GRO) {
                return memory.get(INT, at + DATA);
            }
            long length = Math.max(memory.get(LONG, at), DATA);
            at += (length + Long.BYTES - 1) & -Long.BYTES;
        }
        return 0;
    }

    /** Bytes that were not read yet. */
    public int remaining() {
        return buffer.remaining();
    }

    /** All bytes that came, read or not. */
    public int length() {
        return buffer.length() - DatagramBuffers.PAYLOAD;
    }

    /**
     * The memory that holds the bytes, at {@link #offset()}; other memory beside them is not ours.
     */
    public MemorySegment memory() {
        return buffer.memory();
    }

    /** Where in {@link #memory()} the unread bytes start. */
    public long offset() {
        return buffer.offset();
    }

    /** The unread bytes as a segment of their own. */
    public MemorySegment segment() {
        return buffer.segment();
    }

    /** Copies as many unread bytes as fit into {@code target} and returns their number. */
    public int read(ByteBuffer target) {
        return buffer.read(target);
    }

    /** Moves past {@code count} unread bytes. */
    public void skip(int count) {
        buffer.skip(count);
    }

    /**
     * Gives the memory back.
     *
     * @throws IllegalStateException when it was given back already
     */
    public void release() {
        buffer.release();
    }

    /** Whether it is still to be given back. */
    public boolean isLent() {
        return buffer.isLent();
    }

    /** From now on it is the sender that gives it back. */
    void sending() {
        if (sending || !isLent()) {
            throw new IllegalStateException("the datagram was released or sent already");
        }
        sending = true;
    }

    /** Whether nobody will give it back. */
    boolean isForgotten() {
        return isLent() && !sending;
    }
}
