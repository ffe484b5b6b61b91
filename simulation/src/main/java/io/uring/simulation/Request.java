package io.uring.simulation;

import io.uring.ring.Opcode;
import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import org.jspecify.annotations.Nullable;

/** An operation that a ring took: a copy of its entry, and how far it has come. */
final class Request {
    private static final int IOV = 16;
    private static final int IOV_COUNT = 24;

    final SimulatedRing ring;
    final int opcode;
    final int flags;
    final int ioprio;
    final int fd;
    final long off;
    final long addr;
    final int len;
    final int opFlags;
    final long userData;
    final int group;

    @Nullable OpenFile file;

    /** Simulated time before which nothing happens to it. */
    long notBefore;

    /** For a connect: whether the first packet is on its way. For a timeout: its count. */
    int progress;

    /** Addresses and lengths of what a send reads. */
    long[] pieces = {};

    /** What a zero-copy send has read, until its notification. */
    byte @Nullable [] lent;

    /** Its last completion is decided. */
    boolean ended;

    /** Nothing but itself ends it: it was found running when it was cancelled. */
    boolean running;

    Request(SimulatedRing ring, long sqe) {
        this.ring = ring;
        opcode = NativeMemory.getByte(sqe + Abi.SQE_OPCODE) & 0xff;
        flags = NativeMemory.getByte(sqe + Abi.SQE_FLAGS) & 0xff;
        ioprio = NativeMemory.getShort(sqe + Abi.SQE_IOPRIO) & 0xffff;
        fd = NativeMemory.getInt(sqe + Abi.SQE_FD);
        off = NativeMemory.getLong(sqe + Abi.SQE_OFF);
        addr = NativeMemory.getLong(sqe + Abi.SQE_ADDR);
        len = NativeMemory.getInt(sqe + Abi.SQE_LEN);
        opFlags = NativeMemory.getInt(sqe + Abi.SQE_OP_FLAGS);
        userData = NativeMemory.getLong(sqe + Abi.SQE_USER_DATA);
        group = NativeMemory.getShort(sqe + Abi.SQE_BUF_GROUP) & 0xffff;
    }

    Opcode operation() {
        return Opcode.values()[opcode];
    }

    boolean selectsBuffer() {
        return (flags & Abi.IOSQE_BUFFER_SELECT) != 0;
    }

    /** What a send reads: one piece, or those of a msghdr as it is now. */
    void findPieces() {
        boolean message = operation() == Opcode.SENDMSG || operation() == Opcode.SENDMSG_ZC;
        if (!message) {
            pieces = new long[] {addr, Integer.toUnsignedLong(len)};
            return;
        }
        long vectors = NativeMemory.getLong(addr + IOV);
        int count = (int) NativeMemory.getLong(addr + IOV_COUNT);
        pieces = new long[count * 2];
        for (int i = 0; i < pieces.length; i++) {
            pieces[i] = NativeMemory.getLong(vectors + (long) i * Long.BYTES);
        }
    }

    long pieceBytes() {
        long bytes = 0;
        for (int i = 1; i < pieces.length; i += 2) {
            bytes += pieces[i];
        }
        return bytes;
    }

    /** The length of the buffer that a receive brings, or 0. */
    private long writtenBytes() {
        boolean own = operation() == Opcode.RECV && !selectsBuffer();
        return own ? Integer.toUnsignedLong(len) : 0;
    }

    /** Whether one of the two writes what the other uses. */
    boolean collidesWith(Request other) {
        return writesInto(other) || other.writesInto(this);
    }

    private boolean writesInto(Request other) {
        long bytes = writtenBytes();
        boolean hit = bytes > 0 && overlap(addr, bytes, other.addr, other.writtenBytes());
        for (int i = 0; i < other.pieces.length && bytes > 0; i += 2) {
            hit |= overlap(addr, bytes, other.pieces[i], other.pieces[i + 1]);
        }
        return hit;
    }

    private static boolean overlap(long one, long bytes, long other, long otherBytes) {
        return otherBytes > 0 && one < other + otherBytes && other < one + bytes;
    }

    /** The first {@code count} bytes of the pieces, as they are now. */
    byte[] readPieces(Memory memory, int count) {
        byte[] bytes = new byte[count];
        int done = 0;
        for (int i = 0; i < pieces.length && done < count; i += 2) {
            int part = (int) Math.min(count - done, pieces[i + 1]);
            System.arraycopy(memory.read(pieces[i], part, this), 0, bytes, done, part);
            done += part;
        }
        return bytes;
    }

    @Override
    public String toString() {
        String name = opcode < Opcode.values().length ? operation().toString() : "opcode " + opcode;
        return name + " " + Long.toHexString(userData) + " on " + fd;
    }
}
