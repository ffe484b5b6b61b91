package io.uring.net;

import io.uring.reactor.BufferGroup;
import io.uring.reactor.Chunk;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReceivedBuffer;
import io.uring.ring.DatagramOps;
import io.uring.ring.Descriptor;
import io.uring.ring.MessageHeader;
import io.uring.ring.SocketOps;
import io.uring.ring.Sqe;
import io.uring.ring.ZeroCopyOps;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a connection has still to send: ranges of memory in order, each with the one who wants it
 * back. Small copies are gathered in chunks, everything queued goes in one send. Without an object
 * per write.
 */
final class SendQueue {
    private static final int INITIAL_ENTRIES = 8;

    /** All of what a send names counts as locked memory, of which a user has 8 MiB by default. */
    private static final long ZERO_COPY_BYTES_MAX = 1 << 20;

    private static final VarHandle SETTLED;

    static {
        try {
            SETTLED =
                    MethodHandles.lookup()
                            .findVarHandle(SendQueue.class, "settledBytes", long.class);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("a field of this class", e);
        }
    }

    private static final MemorySegment NO_MEMORY = MemorySegment.ofArray(new byte[0]);

    private final BufferGroup buffers;
    private final boolean reportsUsage;
    private @Nullable MemorySegment[] memory = new MemorySegment[INITIAL_ENTRIES];

    /**
     * A Chunk, a ReceivedBuffer, a WriteListener, a ZeroCopyWrite, or a FileWrite, whose memory
     * comes bit by bit.
     */
    private @Nullable Object[] owners = new Object[INITIAL_ENTRIES];

    private long[] offsets = new long[INITIAL_ENTRIES];
    private long[] lengths = new long[INITIAL_ENTRIES];

    /** Free-running; the slot is the low bits. */
    private int head;

    private int tail;

    /** Entries from the head on that the kernel reads now. */
    private int inFlight;

    /** Entries that are sent without a copy, each by itself. */
    private int zeroCopies;

    /** Entries that are files; the first of them is being read. */
    private int files;

    private long queuedBytes;

    /** Of other threads, since the connection began: see {@link #settledBytes}. */
    private long arrivedBytes;

    private long settledBytes;
    private @Nullable MessageHeader header;

    /**
     * @param reportsUsage whether the kernel can say that a zero-copy send was copied
     */
    SendQueue(BufferGroup buffers, boolean reportsUsage) {
        this.buffers = buffers;
        this.reportsUsage = reportsUsage;
    }

    long queuedBytes() {
        return queuedBytes;
    }

    /**
     * Of the bytes that other threads have written, those that are not in the queue any more, less
     * those that the loop itself has queued. From any thread: what other threads have written, less
     * this, is all that is unsent. It is one number, since two would not be read at one moment.
     */
    long settledBytes() {
        return (long) SETTLED.getOpaque(this);
    }

    /**
     * Bytes of another thread come next; {@link #settle} follows, whether they are queued or not.
     */
    void arriving(long bytes) {
        arrivedBytes += bytes;
    }

    void settle() {
        count(0);
    }

    private void count(long change) {
        queuedBytes += change;
        SETTLED.setOpaque(this, arrivedBytes - queuedBytes);
    }

    boolean isEmpty() {
        return head == tail;
    }

    /** Copies all of {@code source}. */
    void copy(ByteBuffer source) {
        while (source.hasRemaining()) {
            Chunk chunk = lastChunk();
            int slot;
            if (chunk == null) {
                chunk = buffers.takeChunk();
                slot = add(chunk.memory(), 0, 0, chunk);
            } else {
                slot = (tail - 1) & mask();
            }
            int at = (int) (offsets[slot] + lengths[slot]);
            int count = Math.min(source.remaining(), Chunk.BYTES - at);
            chunk.bytes().put(at, source, source.position(), count);
            source.position(source.position() + count);
            lengths[slot] += count;
            count(count);
        }
    }

    /** The chunk at the tail, if it has room and the kernel does not read it. */
    private @Nullable Chunk lastChunk() {
        if (tail - head <= inFlight) {
            return null;
        }
        int slot = (tail - 1) & mask();
        boolean room = offsets[slot] + lengths[slot] < Chunk.BYTES;
        return room && owners[slot] instanceof Chunk chunk ? chunk : null;
    }

    void add(ReceivedBuffer buffer) {
        buffer.startSending();
        add(buffer.memory(), buffer.offset(), buffer.remaining(), buffer);
    }

    void add(MemorySegment segment, long offset, long length, WriteListener listener) {
        add(segment, offset, length, (Object) listener);
    }

    void add(MemorySegment segment, long offset, long length, ZeroCopyWrite write) {
        add(segment, offset, length, (Object) write);
        zeroCopies++;
    }

    /** What was to be sent without a copy is sent like the rest. */
    void copyAll() {
        zeroCopies = 0;
    }

    /** What is to be sent next, if that is to be sent without a copy. */
    @Nullable ZeroCopyWrite zeroCopyHead() {
        boolean some = zeroCopies > 0 && head != tail;
        return some && owners[head & mask()] instanceof ZeroCopyWrite write ? write : null;
    }

    /** Fills an entry with one send of {@link #zeroCopyHead}. */
    void prepareZeroCopy(Sqe sqe, Descriptor socket) {
        assert inFlight == 0 : "one send at a time";
        int slot = head & mask();
        int length = (int) Math.min(lengths[slot], ZERO_COPY_BYTES_MAX);
        int more = queuedBytes > length || files > 0 ? SocketOps.MSG_MORE : 0;
        ZeroCopyOps.send(
                sqe, socket, segment(slot), offsets[slot], length, SocketOps.MSG_NOSIGNAL | more);
        if (reportsUsage) {
            ZeroCopyOps.reportUsage(sqe);
        }
        inFlight = 1;
    }

    /** The file's bytes do not count as queued: they are not in memory. */
    void add(FileWrite file) {
        add(NO_MEMORY, 0, 0, file);
        if (files++ == 0) {
            file.readOn();
        }
    }

    private int add(MemorySegment segment, long offset, long length, Object owner) {
        if (tail - head == memory.length) {
            grow();
        }
        int slot = tail++ & mask();
        memory[slot] = segment;
        owners[slot] = owner;
        offsets[slot] = offset;
        lengths[slot] = length;
        count(length);
        return slot;
    }

    private void grow() {
        int old = memory.length;
        int first = head & mask();
        memory = rotate(memory, first, Arrays.copyOf(memory, old * 2));
        owners = rotate(owners, first, Arrays.copyOf(owners, old * 2));
        long[] newOffsets = new long[old * 2];
        long[] newLengths = new long[old * 2];
        for (int i = 0; i < old; i++) {
            newOffsets[i] = offsets[(first + i) & (old - 1)];
            newLengths[i] = lengths[(first + i) & (old - 1)];
        }
        offsets = newOffsets;
        lengths = newLengths;
        head = 0;
        tail = old;
    }

    private static <T> @Nullable T[] rotate(@Nullable T[] from, int first, @Nullable T[] to) {
        for (int i = 0; i < from.length; i++) {
            to[i] = from[(first + i) & (from.length - 1)];
        }
        return to;
    }

    /** Whether more is to be sent than what is in memory. */
    boolean hasFiles() {
        return files > 0;
    }

    /** Whether there is something to send now: of a file, only what has been read. */
    boolean isReady() {
        return head != tail && !(owners[head & mask()] instanceof FileWrite f && f.ready() == 0);
    }

    /** Fills an entry with one send of as much as goes in one. */
    void prepare(Sqe sqe, Descriptor socket) {
        assert inFlight == 0 && isReady() : "one send at a time";
        int flags = SocketOps.MSG_NOSIGNAL;
        if (files > 0 || zeroCopies > 0) {
            prepareMixed(sqe, socket, flags);
        } else if (tail - head == 1) {
            int slot = head & mask();
            int length = (int) Math.min(lengths[slot], Integer.MAX_VALUE);
            SocketOps.send(sqe, socket, segment(slot), offsets[slot], length, flags);
            inFlight = 1;
        } else {
            MessageHeader message = buffers.takeHeader();
            header = message;
            int entry = head;
            while (entry != tail && !message.isFull()) {
                int slot = entry++ & mask();
                message.add(segment(slot), offsets[slot], lengths[slot]);
            }
            inFlight = entry - head;
            DatagramOps.sendmsg(sqe, socket, message, flags);
        }
    }

    /** Up to what must go by itself or is still to be read, and follows soon. */
    private void prepareMixed(Sqe sqe, Descriptor socket, int flags) {
        MessageHeader message = buffers.takeHeader();
        header = message;
        boolean more = false;
        int entry = head;
        while (entry != tail && !message.isFull() && !more) {
            int slot = entry & mask();
            if (owners[slot] instanceof FileWrite file) {
                more = file.hasMore() || file.ready() == 0;
                if (file.ready() == 0) {
                    break;
                }
                message.add(file.memory(), file.offset(), file.ready());
            } else if (zeroCopies > 0 && owners[slot] instanceof ZeroCopyWrite) {
                more = true;
                break;
            } else {
                message.add(segment(slot), offsets[slot], lengths[slot]);
            }
            entry++;
        }
        inFlight = entry - head;
        DatagramOps.sendmsg(sqe, socket, message, more ? flags | SocketOps.MSG_MORE : flags);
    }

    /** The kernel is done with what {@link #prepare} gave it, and took {@code bytes} of it. */
    void sent(long bytes) {
        inFlight = 0;
        if (header != null) {
            buffers.returnHeader(header);
            header = null;
        }
        long left = bytes;
        while (head != tail) {
            int slot = head & mask();
            if (owners[slot] instanceof FileWrite file) {
                int taken = (int) Math.min(left, file.ready());
                left -= taken;
                file.sent(taken);
                if (!file.isComplete()) {
                    return;
                }
            } else {
                long taken = Math.min(left, lengths[slot]);
                left -= taken;
                count(-taken);
                if (lengths[slot] > taken) {
                    offsets[slot] += taken;
                    lengths[slot] -= taken;
                    return;
                }
            }
            giveBack(slot, null); // may fail the connection, and empty the queue
        }
    }

    /** Whether it was given to {@link #add} and not given back. */
    boolean holds(ReceivedBuffer buffer) {
        for (int entry = head; entry != tail; entry++) {
            if (owners[entry & mask()] == buffer) {
                return true;
            }
        }
        return false;
    }

    /** Gives everything back; nothing may be in flight. */
    void fail(IOException cause) {
        assert inFlight == 0 : "the kernel reads it";
        count(-queuedBytes);
        while (head != tail) {
            giveBack(head & mask(), cause);
        }
    }

    private void giveBack(int slot, @Nullable IOException failure) {
        Object owner = owners[slot];
        owners[slot] = null;
        memory[slot] = null;
        head++;
        switch (owner) {
            case Chunk chunk -> buffers.returnChunk(chunk);
            case ReceivedBuffer buffer -> buffer.sent();
            case WriteListener listener -> tell(listener, failure);
            case ZeroCopyWrite write -> {
                zeroCopies = Math.max(0, zeroCopies - 1);
                write.ended(failure);
            }
            case FileWrite file -> {
                files--;
                tell(file::giveBack, failure);
                if (failure == null) {
                    readNextFile();
                }
            }
            case null, default -> throw new AssertionError("no owner in slot " + slot);
        }
    }

    private void readNextFile() {
        for (int entry = head; files > 0 && entry != tail; entry++) {
            if (owners[entry & mask()] instanceof FileWrite file) {
                file.readOn();
                return;
            }
        }
    }

    /** A listener's failure must not keep the others from hearing. */
    private static void tell(WriteListener listener, @Nullable IOException failure) {
        try {
            listener.written(failure);
        } catch (Throwable e) {
            Reactor.report(listener, e);
        }
    }

    private MemorySegment segment(int slot) {
        MemorySegment segment = memory[slot];
        assert segment != null : "no memory in slot " + slot;
        return segment;
    }

    private int mask() {
        return memory.length - 1;
    }
}
