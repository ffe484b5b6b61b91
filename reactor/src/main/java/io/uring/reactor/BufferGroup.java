package io.uring.reactor;

import io.uring.reactor.ReceivedBuffer.Owner;
import io.uring.ring.Cqe;
import io.uring.ring.Feature;
import io.uring.ring.MessageHeader;
import io.uring.ring.Ring;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Receive memory of a loop, for its streams or its datagrams. The kernel takes buffers from a
 * provided buffer ring (5.19) when data is there, so idle connections hold none. When the ring is
 * exhausted, or the kernel has none, a receive gets a chunk of its own instead. Lends {@link
 * ReceivedBuffer}s and takes them back from any thread; everything else belongs to the loop's
 * thread.
 *
 * <pre>{@code
 * BufferGroup buffers = reactor.buffers();
 * if (!buffers.isExhausted()) {
 *     SocketOps.recvMultishot(sqe, descriptor, buffers.group()); // in prepare
 * }
 * ReceivedBuffer data = buffers.take(result, flags, owner);      // in complete, with F_BUFFER
 * }</pre>
 */
public final class BufferGroup {
    private static final int STREAMS = 0;
    private static final int DATAGRAMS = 1;
    private static final int PRIVATE = -1;

    /** A megabyte of chunks in one send; more goes with the next. */
    private static final int VECTORS = 64;

    /** Of a {@linkplain #takeBlock block}: more costs no less, by measurement. */
    public static final int BLOCK_BYTES = 64 * 1024;

    private final Reactor reactor;
    private final Ring ring;
    private final int group;
    private final @Nullable SharedBuffers shared;
    private final ChunkPool chunks;
    private final ChunkPool blocks;
    private final ArrayDeque<MessageHeader> idleHeaders = new ArrayDeque<>();

    /** A list by {@link ReceivedBuffer#next}: taking one back needs no memory. */
    private @Nullable ReceivedBuffer idle;

    private int outstanding;

    /** Buffers that other threads released, newest first. */
    private final AtomicReference<@Nullable ReceivedBuffer> returned = new AtomicReference<>();

    /** Owners that stopped receiving until buffers come back. */
    private final AtomicInteger waiting = new AtomicInteger();

    private BufferGroup(
            Reactor reactor, Ring ring, int group, int chunkBytes, @Nullable SharedBuffers shared) {
        this.reactor = reactor;
        this.ring = ring;
        this.group = group;
        this.shared = shared;
        this.chunks = new ChunkPool(ring, chunkBytes);
        this.blocks = new ChunkPool(ring, BLOCK_BYTES);
    }

    /** For streams: one receive after the other fills a buffer where the kernel can do that. */
    static BufferGroup forStreams(Reactor reactor, Ring ring, ReactorConfig config) {
        SharedBuffers shared = null;
        if (ring.capabilities().has(Feature.PBUF_RING)) {
            boolean incremental = ring.capabilities().has(Feature.PBUF_RING_INC);
            shared = new SharedBuffers(reactor, ring, STREAMS, config.streamBuffers(), incremental);
        }
        return new BufferGroup(reactor, ring, STREAMS, Chunk.BYTES, shared);
    }

    /**
     * For datagrams: each has a whole buffer, since what does not fit in the rest of one is cut
     * off, and chunks are as large.
     */
    static BufferGroup forDatagrams(Reactor reactor, Ring ring, BufferConfig config) {
        SharedBuffers shared = null;
        if (ring.capabilities().has(Feature.MULTISHOT_RECV)
                && ring.capabilities().has(Feature.PBUF_RING)) {
            shared = new SharedBuffers(reactor, ring, DATAGRAMS, config, false);
        }
        return new BufferGroup(reactor, ring, DATAGRAMS, config.bytes(), shared);
    }

    /** Whether receives can name this group instead of a buffer. */
    public boolean isShared() {
        return shared != null;
    }

    /**
     * Whether the kernel has no buffer left, so that a receive by group would fail with ENOBUFS.
     */
    public boolean isExhausted() {
        return shared == null || shared.isExhausted();
    }

    /**
     * Whether sockets hold most of all the buffers that there can be: what is kept for long should
     * be copied. Tells nothing of chunks, which have no limit.
     */
    public boolean isScarce() {
        return shared != null && shared.isScarce();
    }

    /** The id for BUFFER_SELECT. */
    public int group() {
        return group;
    }

    /**
     * The buffer that a completion of a receive by group filled. To be called for each completion
     * with F_BUFFER, also of a failed receive.
     *
     * @return the bytes, or null when there are none
     */
    public @Nullable ReceivedBuffer take(int result, int flags, Owner owner) {
        SharedBuffers buffers = shared;
        if (buffers == null) {
            throw new IllegalStateException("a completion with a buffer, and no buffer ring");
        }
        int id = Cqe.bufferId(flags);
        int count = Math.max(result, 0);
        int offset = buffers.taken(id, count, (flags & Cqe.F_BUF_MORE) == 0);
        return count == 0
                ? null
                : lend(buffers.memory(), buffers.bytes(), offset, count, id, owner);
    }

    /** Memory for one receive without the group, or for bytes to send. */
    public Chunk takeChunk() {
        return chunks.take();
    }

    /** Gives a chunk back that was not lent. */
    public void returnChunk(Chunk chunk) {
        chunks.giveBack(chunk);
    }

    /** {@value #BLOCK_BYTES} bytes to read a file into; given back with {@link #returnBlock}. */
    public Chunk takeBlock() {
        return blocks.take();
    }

    public void returnBlock(Chunk block) {
        blocks.giveBack(block);
    }

    /** Blocks taken and not returned. */
    public int blocksInUse() {
        return blocks.inUse();
    }

    /** Lends the first {@code count} bytes of a chunk, which comes back with them. */
    public ReceivedBuffer lend(Chunk chunk, int count, Owner owner) {
        return lend(chunk.memory(), chunk.bytes(), 0, count, PRIVATE, owner).of(chunk);
    }

    /** A header for one gathered send; given back with {@link #returnHeader}. */
    public MessageHeader takeHeader() {
        MessageHeader header = idleHeaders.pollFirst();
        return header != null ? header : ring.newMessageHeader(VECTORS);
    }

    public void returnHeader(MessageHeader header) {
        header.clear();
        idleHeaders.addFirst(header);
    }

    private ReceivedBuffer lend(
            MemorySegment memory, ByteBuffer bytes, int offset, int count, int id, Owner owner) {
        ReceivedBuffer buffer = idle;
        if (buffer == null) {
            buffer = new ReceivedBuffer(this, memory, bytes);
        } else {
            idle = buffer.next;
            buffer.next = null;
        }
        outstanding++;
        return buffer.lend(memory, bytes, offset, count, id, owner);
    }

    void release(ReceivedBuffer buffer) {
        if (reactor.inLoop()) {
            if (!reactor.isFinished()) { // the memory went with the ring
                takeBack(buffer);
            }
            return;
        }
        ReceivedBuffer first;
        do {
            first = returned.get();
            buffer.next = first;
        } while (!returned.compareAndSet(first, buffer));
        // The loop looks at the list each turn; only somebody who waits is worth a wake.
        if (waiting.get() > 0) {
            reactor.wakeup();
        }
    }

    /** Takes back what other threads released; called each turn, before the loop may sleep. */
    void takeBackReturned() {
        if (returned.getPlain() == null && waiting.get() == 0) {
            return;
        }
        ReceivedBuffer buffer = returned.getAndSet(null);
        while (buffer != null) {
            ReceivedBuffer following = buffer.next;
            buffer.next = null;
            try {
                takeBack(buffer);
            } catch (Throwable e) { // of its owner: the others come back all the same
                reactor.failed(buffer, e);
            }
            buffer = following;
        }
    }

    private void takeBack(ReceivedBuffer buffer) {
        Owner owner = buffer.owner;
        int bytes = buffer.length();
        buffer.owner = null;
        outstanding--;
        SharedBuffers buffers = shared;
        if (buffer.bufferId == PRIVATE || buffers == null) {
            returnChunk(buffer.takeChunk());
        } else {
            buffers.givenBack(buffer.bufferId);
        }
        buffer.next = idle;
        idle = buffer;
        if (owner != null) {
            owner.bufferReleased(bytes);
        }
    }

    void publish() {
        if (shared != null) {
            shared.publish();
        }
    }

    /** An owner starts to wait for its buffers: from now on each release wakes the loop. */
    public void startWaiting() {
        waiting.incrementAndGet();
    }

    /** The counterpart of {@link #startWaiting}. */
    public void stopWaiting() {
        waiting.decrementAndGet();
    }

    /** Buffers lent and not released. */
    public int outstanding() {
        return outstanding;
    }

    /** Shared buffers that the kernel or sockets have: more under load. */
    public int sharedBuffers() {
        return shared == null ? 0 : shared.size();
    }

    /** Chunks ever made; they are kept until the loop closes. */
    public int chunks() {
        return chunks.made();
    }

    /** Chunks taken and not returned. */
    public int chunksInUse() {
        return chunks.inUse();
    }
}
