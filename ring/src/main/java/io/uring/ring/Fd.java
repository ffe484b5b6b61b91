package io.uring.ring;

/**
 * An ordinary file descriptor of this process.
 *
 * <pre>{@code
 * PathOps.openat(ring.nextSqe(), Fd.CWD, path, OpenFlags.O_RDONLY, 0).userData(1);
 * }</pre>
 *
 * @param number the descriptor, from 0; {@link #CWD} alone is negative
 */
public record Fd(int number) implements Descriptor {
    private static final int AT_FDCWD = -100;

    /** As the directory of a path operation: the current working directory. */
    public static final Fd CWD = new Fd(AT_FDCWD);

    public Fd {
        if (number < 0 && number != AT_FDCWD) {
            throw new IllegalArgumentException("descriptor " + number);
        }
    }

    @Override
    public boolean direct() {
        return false;
    }

    @Override
    public String toString() {
        return number == AT_FDCWD ? "AT_FDCWD" : "fd " + number;
    }
}
