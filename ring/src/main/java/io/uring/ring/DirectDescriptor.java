package io.uring.ring;

/**
 * A slot of a ring's registered files. Only operations of that ring can use it. As the target of an
 * operation that makes a file, {@link #ANY} lets the kernel choose a free slot (kernel 5.19).
 *
 * <pre>{@code
 * SocketOps.acceptDirect(ring.nextSqe(), listener, DirectDescriptor.ANY).userData(1);
 * // result: the slot
 * }</pre>
 *
 * @param number the slot, from 0; {@link #ANY} alone is negative
 */
public record DirectDescriptor(int number) implements Descriptor {
    /** IORING_FILE_INDEX_ALLOC: as a target, a free slot that the kernel chooses. */
    public static final DirectDescriptor ANY = new DirectDescriptor(-1);

    public DirectDescriptor {
        if (number < -1) {
            throw new IllegalArgumentException("slot " + number);
        }
    }

    @Override
    public boolean direct() {
        return true;
    }

    /** As the field file_index says it: from 1, with all bits set for any slot. */
    int fileIndex() {
        return number < 0 ? -1 : number + 1;
    }

    @Override
    public String toString() {
        return number < 0 ? "any slot" : "slot " + number;
    }
}
