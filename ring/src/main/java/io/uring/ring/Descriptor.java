package io.uring.ring;

/**
 * What an operation works on: an ordinary file descriptor ({@link Fd}) or a slot of the ring's
 * registered files ({@link DirectDescriptor}). Two types, so that neither can pass for the other
 * where the kernel takes only one of them. Values; they do not own or close anything.
 *
 * <pre>{@code
 * Fd socket = Descriptor.of(fd);
 * SocketOps.send(ring.nextSqe(), socket, buffer, 0).userData(7);
 * DirectDescriptor slot = Descriptor.direct(3);
 * SocketOps.send(ring.nextSqe(), slot, buffer, 0).userData(8);
 * }</pre>
 */
public sealed interface Descriptor permits Fd, DirectDescriptor {
    /** The descriptor or the slot, from 0. */
    int number();

    /** Whether {@link #number} is a slot. */
    boolean direct();

    /** An ordinary file descriptor. */
    static Fd of(int fd) {
        if (fd < 0) {
            throw new IllegalArgumentException("descriptor " + fd);
        }
        return new Fd(fd);
    }

    /** A slot of the registered files. */
    static DirectDescriptor direct(int slot) {
        if (slot < 0) {
            throw new IllegalArgumentException("slot " + slot);
        }
        return new DirectDescriptor(slot);
    }
}
