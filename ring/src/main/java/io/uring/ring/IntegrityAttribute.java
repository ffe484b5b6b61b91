package io.uring.ring;

import io.uring.ring.internal.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * An {@code io_uring_attr_pi} (32): flags 0, app_tag 2, len 4, addr 8, seed 16: protection
 * information of a block device that travels with a read or write. Kernel 6.14.
 *
 * <pre>{@code
 * IntegrityAttribute tags = new IntegrityAttribute(arena).set(0, 0, tuples, 0);
 * FileOps.integrity(FileOps.write(ring.nextSqe(), disk, block, 0), tags).userData(1);
 * }</pre>
 */
public final class IntegrityAttribute extends KernelStruct {
    /** The bit of the attribute in the mask of attributes. */
    static final int TYPE = 1;

    private static final int BYTES = 32;

    private MemorySegment information = MemorySegment.NULL;

    public IntegrityAttribute(Arena arena) {
        super(arena, BYTES);
    }

    /**
     * @param flags IO_INTEGRITY_CHK_GUARD (1), REFTAG (2), APPTAG (4)
     * @param applicationTag 16 bits
     * @param information the protection information
     * @param seed of the reference tags
     */
    public IntegrityAttribute set(
            int flags, int applicationTag, MemorySegment information, long seed) {
        checkMutable();
        long address = NativeMemory.writableAddress(information, 0, information.byteSize());
        NativeMemory.putShort(base(), (short) flags);
        NativeMemory.putShort(base() + 2, (short) applicationTag);
        NativeMemory.putInt(base() + 4, Math.toIntExact(information.byteSize()));
        NativeMemory.putLong(base() + 8, address);
        NativeMemory.putLong(base() + 16, seed);
        this.information = information;
        return this;
    }

    MemorySegment information() {
        return information;
    }
}
