package io.uring.ring;

/**
 * What an operation works on: an ordinary file descriptor, or a slot of the ring's registered files
 * (a direct descriptor). A value; it does not own or close anything.
 *
 * <pre>{@code
 * Descriptor socket = Descriptor.of(fd);
 * SocketOps.send(ring.nextSqe(), socket, buffer, 0).userData(7);
 * }</pre>
 *
 * @param number the descriptor or the slot, from 0
 * @param direct whether {@code number} is a slot
 */
public record Descriptor(int number, boolean direct) {
    public Descriptor {
        if (number < 0) {
            throw new IllegalArgumentException("descriptor " + number);
        }
    }

    /** An ordinary file descriptor. */
    public static Descriptor of(int fd) {
        return new Descriptor(fd, false);
    }

    /** A slot of the registered files. */
    public static Descriptor direct(int slot) {
        return new Descriptor(slot, true);
    }

    @Override
    public String toString() {
        return (direct ? "slot " : "fd ") + number;
    }
}
