package io.uring.ring;

import io.uring.ring.internal.Abi;
import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A cursor over the submission queue: one object per ring, which stands on the entry that {@link
 * Ring#nextSqe} handed out last. Fill it, then forget it; it never outlives the next call of {@code
 * nextSqe}. The preparation classes ({@link SocketOps}, {@link FileOps}, {@link PollOps}, {@link
 * ControlOps} and their like) set the operation; the methods here add what any operation can have.
 *
 * <pre>{@code
 * Sqe sqe = ring.nextSqe();
 * SocketOps.recv(sqe, socket, buffer, 0).userData(42).link();
 * ring.submitAndWait(1, Ring.FOREVER);
 * }</pre>
 */
public final class Sqe {
    /** What a cursor that outlives its ring writes to, instead of memory that is gone. */
    private static final MemorySegment NOWHERE =
            Arena.global().allocate(Abi.SQE128_BYTES, Long.BYTES);

    private final KernelSupport support;
    private final int bytes;
    private long address;

    /** Whether the entry was handed out and not yet released. */
    private boolean fresh;

    /** Memory and structures that the operation names, until they are handed to the ring. */
    private @Nullable Object held;

    private @Nullable Object alsoHeld;
    private @Nullable Object keptUntilClose;

    /** For an entry of 64 bytes outside of a queue, and any operation that exists. */
    Sqe() {
        this(KernelSupport.ALL, Abi.SQE_BYTES);
    }

    /**
     * @param bytes the size of an entry, 64 or 128
     */
    Sqe(KernelSupport support, int bytes) {
        this.support = support;
        this.bytes = bytes;
    }

    /** Moves to an entry and clears all of it: the kernel rejects most stale fields. */
    Sqe at(long sqeAddress) {
        address = sqeAddress;
        fresh = true;
        return clear();
    }

    void detach() {
        address = NOWHERE.address();
    }

    /** Makes the entry a NOP without user data, whatever it was. */
    public Sqe clear() {
        NativeMemory.clear64(address);
        if (bytes == Abi.SQE128_BYTES) {
            NativeMemory.clear64(address + Abi.SQE_BYTES);
        }
        held = null;
        alsoHeld = null;
        keptUntilClose = null;
        return this;
    }

    /** Sets the 64 bits that come back with each completion of this operation. */
    public Sqe userData(long userData) {
        NativeMemory.putLong(address + Abi.SQE_USER_DATA, userData);
        return this;
    }

    /**
     * The next entry starts only when this one has succeeded; when it fails, or reads or writes
     * less than asked, the rest of the chain is cancelled. Kernel 5.3.
     */
    public Sqe link() {
        return addFlags(Abi.IOSQE_IO_LINK);
    }

    /** The next entry starts when this one has ended, whatever its result. Kernel 5.5. */
    public Sqe hardLink() {
        return addFlags(Abi.IOSQE_IO_HARDLINK);
    }

    /**
     * Starts when everything submitted before has completed, and what comes later waits for it. The
     * slowest way to order operations; the kernel refuses it (EOPNOTSUPP) once {@link #skipSuccess}
     * was used on the ring. Kernel 5.2.
     */
    public Sqe drain() {
        return addFlags(Abi.IOSQE_IO_DRAIN);
    }

    /**
     * Goes to a kernel worker thread at once, without trying first: for what is known to block.
     * Kernel 5.6.
     */
    public Sqe async() {
        return addFlags(Abi.IOSQE_ASYNC);
    }

    /**
     * No completion when the operation succeeds. What it names stays held by the next entry of its
     * chain; without one, until the ring closes, since nobody tells when it ended. Kernel 5.17.
     */
    public Sqe skipSuccess() {
        support.require(Feature.CQE_SKIP);
        return addFlags(Abi.IOSQE_CQE_SKIP_SUCCESS);
    }

    /** Runs with the credentials of a {@link Personality}. Kernel 5.6. */
    public Sqe personality(Personality personality) {
        return putShort(Abi.SQE_PERSONALITY, personality.id());
    }

    /**
     * Sets the I/O priority of a read or write: the class in bits 13 to 15 (1 real-time, 2 best
     * effort, 3 idle), the level in bits 0 to 2. Operations that take flags of their own in this
     * field refuse it.
     */
    public Sqe ioPriority(int priority) {
        return ioprio(priority);
    }

    /**
     * Takes the buffer from a provided group when it is needed, instead of the one that was given;
     * the length given is the most it takes, 0 for the whole buffer. Reads and receives of kernel
     * 5.7, sends of 6.10.
     */
    public Sqe selectBuffer(int group) {
        return bufferGroup(group);
    }

    // What the preparation classes use.

    /** The last but for the user data: an argument that was refused before leaves a NOP. */
    Sqe opcode(Opcode opcode) {
        support.require(opcode);
        NativeMemory.putByte(address + Abi.SQE_OPCODE, opcode.code());
        return this;
    }

    /** The operation that was prepared. */
    int opcode() {
        return NativeMemory.getByte(address + Abi.SQE_OPCODE) & 0xff;
    }

    boolean is(Opcode opcode) {
        return opcode() == opcode.ordinal();
    }

    int flags() {
        return NativeMemory.getByte(address + Abi.SQE_FLAGS) & 0xff;
    }

    long userData() {
        return NativeMemory.getLong(address + Abi.SQE_USER_DATA);
    }

    KernelSupport support() {
        return support;
    }

    /** Throws when the kernel lacks a feature or it is masked. */
    Sqe require(Feature feature) {
        support.require(feature);
        return this;
    }

    /**
     * Throws when the kernel is older than a flag of an operation.
     *
     * @param release as in {@code 617} for 6.17
     */
    Sqe require(int release, String what) {
        support.require(release, what);
        return this;
    }

    Sqe addFlags(int flags) {
        long flagsAddress = address + Abi.SQE_FLAGS;
        NativeMemory.putByte(flagsAddress, (byte) (NativeMemory.getByte(flagsAddress) | flags));
        return this;
    }

    Sqe ioprio(int value) {
        return putShort(Abi.SQE_IOPRIO, value);
    }

    Sqe addIoprio(int bits) {
        return putShort(Abi.SQE_IOPRIO, NativeMemory.getShort(address + Abi.SQE_IOPRIO) | bits);
    }

    Sqe putShort(int offset, int value) {
        if ((value & 0xffff) != value) {
            throw new IllegalArgumentException(value + " does not fit 16 bits");
        }
        NativeMemory.putShort(address + offset, (short) value);
        return this;
    }

    /** The field fd of an operation that has no file, or uses it for something else. */
    Sqe fd(int fd) {
        NativeMemory.putInt(address + Abi.SQE_FD, fd);
        return this;
    }

    Sqe descriptor(Descriptor descriptor) {
        if (descriptor.direct()) {
            addFlags(Abi.IOSQE_FIXED_FILE);
            if (descriptor.number() < 0) {
                throw new IllegalArgumentException("any slot is a target, not a file to work on");
            }
        }
        return fd(descriptor.number());
    }

    /** The slot that a new file goes to. */
    Sqe target(DirectDescriptor slot) {
        return fileIndex(slot.fileIndex());
    }

    Sqe off(long value) {
        NativeMemory.putLong(address + Abi.SQE_OFF, value);
        return this;
    }

    Sqe addr(long value) {
        NativeMemory.putLong(address + Abi.SQE_ADDR, value);
        return this;
    }

    Sqe addr3(long value) {
        NativeMemory.putLong(address + Abi.SQE_ADDR3, value);
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

    int opFlags() {
        return NativeMemory.getInt(address + Abi.SQE_OP_FLAGS);
    }

    Sqe bufferIndex(int index) {
        return putShort(Abi.SQE_BUF_GROUP, index);
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

    /** Stores any 4, 8 or 1 bytes that have no method of their own. */
    Sqe putInt(int offset, int value) {
        NativeMemory.putInt(address + offset, value);
        return this;
    }

    Sqe putLong(int offset, long value) {
        NativeMemory.putLong(address + offset, value);
        return this;
    }

    Sqe putByte(int offset, int value) {
        NativeMemory.putByte(address + offset, (byte) value);
        return this;
    }

    /**
     * Stores the address of memory that the kernel reads, and holds it.
     *
     * @param field {@link Abi#SQE_ADDR}, {@link Abi#SQE_OFF} or {@link Abi#SQE_ADDR3}
     */
    Sqe reads(int field, MemorySegment segment, long offset, long length) {
        return hold(segment).putLong(field, NativeMemory.address(segment, offset, length));
    }

    /** Stores the address of memory that the kernel writes, and holds it. */
    Sqe writes(int field, MemorySegment segment, long offset, long length) {
        return hold(segment).putLong(field, NativeMemory.writableAddress(segment, offset, length));
    }

    /** Stores the address of a path, name or the like, which must end with NUL, and holds it. */
    Sqe readsString(int field, MemorySegment text) {
        return hold(text).putLong(field, NativeMemory.stringAddress(text));
    }

    /** Stores the address of a structure, and holds it. */
    Sqe uses(int field, KernelStruct struct) {
        return hold(struct).putLong(field, struct.address());
    }

    /** Keeps what the operation names reachable until its last completion. */
    Sqe hold(Object named) {
        if (held == null) {
            held = named;
        } else if (alsoHeld == null) {
            alsoHeld = named;
        } else {
            alsoHeld = new Object[] {alsoHeld, named}; // three names: no operation of a hot path
        }
        return this;
    }

    /** Keeps memory that the kernel uses beyond the completion reachable until the ring closes. */
    Sqe holdUntilClose(Object named) {
        keptUntilClose = named;
        return this;
    }

    /** Copies the payload of a command behind the fields; the kernel reads it when it submits. */
    Sqe command(MemorySegment payload) {
        int room = bytes - Abi.SQE_ADDR3;
        if (payload.byteSize() > room) {
            throw new IllegalArgumentException(
                    "a command of "
                            + payload.byteSize()
                            + " bytes, an entry of this ring has room for "
                            + room);
        }
        NativeMemory.copy(payload, address + Abi.SQE_ADDR3);
        return this;
    }

    /** The entry is complete: passes what it names on, once. */
    void release(InFlight inFlight) {
        if (!fresh) {
            return;
        }
        fresh = false;
        int flags = flags();
        if (held != null || (flags & Abi.IOSQE_CQE_SKIP_SUCCESS) != 0 || inFlight.isInChain()) {
            inFlight.submitted(userData(), flags, held, alsoHeld);
            held = null;
            alsoHeld = null;
            if (keptUntilClose != null) {
                inFlight.keepUntilClose(keptUntilClose);
                keptUntilClose = null;
            }
        }
    }
}
