package io.uring.net;

import io.uring.reactor.BufferGroup;
import io.uring.reactor.Chunk;
import io.uring.reactor.DatagramMessage;
import io.uring.reactor.Operation;
import io.uring.ring.DatagramOps;
import io.uring.ring.Descriptor;
import io.uring.ring.MessageHeader;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.internal.SocketCalls;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One datagram on its way out, reused by its {@link DatagramSender}. The payload is one range of
 * memory, or several chunks for the copy of a long one.
 *
 * <p>UDP_SEGMENT, the control message: length 0, level 8, type 12, {@code u16} bytes 16.
 */
final class DatagramSend extends Operation {
    /** A copy of 64 KiB, for any datagram. */
    private static final int MAX_CHUNKS = 4;

    static final int MAX_COPY_BYTES = MAX_CHUNKS * Chunk.BYTES;

    private static final int UDP_SEGMENT = 103;
    private static final long SEGMENT_LENGTH = 18;
    private static final MemorySegment NO_BYTES = MemorySegment.NULL;

    private final DatagramSender sender;
    private final DatagramAddress target = new DatagramAddress();
    private boolean hasTarget;
    private int segmentBytes;
    private MemorySegment memory = NO_BYTES;
    private long offset;
    private int length;

    // Who owns the memory: one of these.
    private CopySpace.@Nullable Part part;
    private @Nullable Datagram received;
    private final @Nullable Chunk[] chunks = new Chunk[MAX_CHUNKS];
    private int chunkCount;

    private @Nullable WriteListener listener;
    private @Nullable DatagramMessage message;

    /** From the call of send until its end is told. */
    private boolean active;

    DatagramSend(DatagramSender sender) {
        this.sender = sender;
    }

    /** Starts over. */
    DatagramSend to(@Nullable DatagramAddress address, int segment, @Nullable WriteListener told) {
        assert !active : "in use: " + this;
        active = true;
        hasTarget = address != null;
        if (address != null) {
            target.set(address);
        }
        segmentBytes = segment;
        listener = told;
        return this;
    }

    DatagramSend payload(MemorySegment segment, long from, int bytes) {
        memory = segment;
        offset = from;
        length = bytes;
        return this;
    }

    DatagramSend payload(Datagram datagram) {
        received = datagram;
        return payload(datagram.memory(), datagram.offset(), datagram.remaining());
    }

    DatagramSend copy(ByteBuffer source, CopySpace space, BufferGroup buffers) {
        int bytes = source.remaining();
        if (bytes > Chunk.BYTES) {
            length = bytes;
            copyLong(source, buffers);
            return this;
        }
        CopySpace.Part copied = space.copy(source);
        part = copied;
        return payload(copied.chunk().memory(), copied.lastOffset(), bytes);
    }

    private void copyLong(ByteBuffer source, BufferGroup buffers) {
        while (source.hasRemaining()) {
            Chunk chunk = buffers.takeChunk();
            chunks[chunkCount++] = chunk;
            int count = Math.min(source.remaining(), Chunk.BYTES);
            chunk.bytes().put(0, source, source.position(), count);
            source.position(source.position() + count);
        }
    }

    boolean isActive() {
        return active;
    }

    int length() {
        return length;
    }

    long cost() {
        return (long) length + DatagramConfig.DATAGRAM_COST;
    }

    @Override
    protected void prepare(Sqe sqe) {
        Descriptor socket = sender.descriptor();
        boolean plain = segmentBytes == 0 && chunkCount == 0;
        if (plain && !hasTarget) {
            SocketOps.send(sqe, socket, memory, offset, length, SocketOps.MSG_NOSIGNAL);
            return;
        }
        DatagramMessage parts = sender.takeMessage();
        message = parts;
        if (hasTarget) {
            target.encode(parts.address(), sender.family());
        }
        try {
            if (plain && sender.sendsToAddresses()) {
                DatagramOps.sendTo(sqe, socket, memory, offset, length, parts.address(), 0);
            } else {
                DatagramOps.sendmsg(sqe, socket, describe(parts), SocketOps.MSG_NOSIGNAL);
            }
        } catch (RuntimeException | Error e) {
            giveMessageBack(); // the memory of the payload was closed before its time
            throw e;
        }
    }

    private MessageHeader describe(DatagramMessage parts) {
        MessageHeader header = parts.header();
        header.destination(hasTarget ? parts.address() : null);
        header.control(segmentBytes == 0 ? null : segmented(parts.number()));
        if (chunkCount == 0) {
            return header.add(memory, offset, length);
        }
        int left = length;
        for (int i = 0; i < chunkCount; i++) {
            int bytes = Math.min(left, Chunk.BYTES);
            header.add(chunk(i).memory(), 0, bytes);
            left -= bytes;
        }
        return header;
    }

    private MemorySegment segmented(MemorySegment control) {
        control.set(ValueLayout.JAVA_LONG, 0, SEGMENT_LENGTH);
        control.set(ValueLayout.JAVA_INT, 8, SocketCalls.IPPROTO_UDP);
        control.set(ValueLayout.JAVA_INT, 12, UDP_SEGMENT);
        control.set(ValueLayout.JAVA_SHORT, 16, (short) segmentBytes);
        return control;
    }

    @Override
    protected void complete(int result, int flags) {
        giveMessageBack();
        sender.completed(this, result);
    }

    private void giveMessageBack() {
        DatagramMessage parts = message;
        message = null;
        if (parts != null) {
            sender.returnMessage(parts);
        }
    }

    /** Gives the payload back, and returns who is to be told. */
    @Nullable WriteListener end(CopySpace space, BufferGroup buffers) {
        active = false;
        memory = NO_BYTES;
        CopySpace.Part copied = part;
        Datagram datagram = received;
        part = null;
        received = null;
        if (copied != null) {
            space.release(copied);
        } else if (datagram != null) {
            datagram.release();
        }
        for (int i = 0; i < chunkCount; i++) {
            buffers.returnChunk(chunk(i));
            chunks[i] = null;
        }
        chunkCount = 0;
        return endWithMemoryLost();
    }

    /** As above, but the kernel may still use the memory: of this loop it is never used again. */
    @Nullable WriteListener endWithMemoryLost() {
        active = false;
        WriteListener told = listener;
        listener = null;
        return told;
    }

    private Chunk chunk(int index) {
        return java.util.Objects.requireNonNull(chunks[index]);
    }

    @Override
    public String toString() {
        String where = hasTarget ? " to " + target : "";
        return "send of " + length + " bytes" + where;
    }
}
