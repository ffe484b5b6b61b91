package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A cursor over the submission queue: one object per ring, which stands on the entry that {@link
 * Ring#nextSqe} handed out last. Fill it, then forget it; it never outlives the next call of {@code
 * nextSqe}. The preparation classes ({@link SocketOps}, {@link FileOps}, {@link PollOps}, {@link
 * ControlOps}) set all fields but the user data.
 *
 * <pre>{@code
 * Sqe sqe = ring.nextSqe();
 * SocketOps.recv(sqe, socket, buffer, 0).userData(42);
 * ring.submitAndWait(1, Ring.FOREVER);
 * }</pre>
 */
public final class Sqe {
    /** What a cursor that outlives its ring writes to, instead of memory that is gone. */
    private static final MemorySegment NOWHERE = Arena.global().allocate(Abi.SQE_BYTES, Long.BYTES);

    private long address;

    Sqe() {}

    /** Moves to an entry and clears all of it: the kernel rejects most stale fields. */
    Sqe at(long sqeAddress) {
        address = sqeAddress;
        return clear();
    }

    void detach() {
        address = NOWHERE.address();
    }

    /** Makes the entry a NOP without user data, whatever it was. */
    public Sqe clear() {
        for (int offset = 0; offset < Abi.SQE_BYTES; offset += Long.BYTES) {
            NativeMemory.putLong(address + offset, 0);
        }
        return this;
    }

    /** Comes last in a preparation: an argument that is refused before leaves a NOP. */
    Sqe opcode(Opcode opcode) {
        NativeMemory.putByte(address + Abi.SQE_OPCODE, opcode.code());
        return this;
    }

    Sqe addFlags(int flags) {
        long flagsAddress = address + Abi.SQE_FLAGS;
        NativeMemory.putByte(flagsAddress, (byte) (NativeMemory.getByte(flagsAddress) | flags));
        return this;
    }

    Sqe ioprio(int value) {
        NativeMemory.putShort(address + Abi.SQE_IOPRIO, (short) value);
        return this;
    }

    Sqe fd(int fd) {
        NativeMemory.putInt(address + Abi.SQE_FD, fd);
        return this;
    }

    Sqe descriptor(Descriptor descriptor) {
        if (descriptor.direct()) {
            addFlags(Abi.IOSQE_FIXED_FILE);
        }
        return fd(descriptor.number());
    }

    Sqe off(long value) {
        NativeMemory.putLong(address + Abi.SQE_OFF, value);
        return this;
    }

    Sqe addr(long value) {
        NativeMemory.putLong(address + Abi.SQE_ADDR, value);
        return this;
    }

    Sqe len(int value) {
        NativeMemory.putInt(address + Abi.SQE_LEN, value);
        return this;
    }

    Sqe opFlags(int value) {
        NativeMemory.putInt(address + Abi.SQE_OP_FLAGS, value);
        return this;
    }

    Sqe bufferGroup(int group) {
        if ((group & 0xffff) != group) {
            throw new IllegalArgumentException("buffer group " + group + ", not 0 to 65535");
        }
        addFlags(Abi.IOSQE_BUFFER_SELECT);
        NativeMemory.putShort(address + Abi.SQE_BUF_GROUP, (short) group);
        return this;
    }

    Sqe fileIndex(int value) {
        NativeMemory.putInt(address + Abi.SQE_FILE_INDEX, value);
        return this;
    }

    /** Sets the 64 bits that come back with each completion of this operation. */
    public Sqe userData(long userData) {
        NativeMemory.putLong(address + Abi.SQE_USER_DATA, userData);
        return this;
    }
}
