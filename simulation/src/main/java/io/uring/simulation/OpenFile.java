package io.uring.simulation;

/** What a descriptor stands for. It lives until the last descriptor and operation is gone. */
abstract class OpenFile {
    private int references;

    final void retain() {
        references++;
    }

    final void drop() {
        references--;
        if (references == 0) {
            released();
        }
        if (references < 0) {
            throw new AssertionError("released twice: " + this);
        }
    }

    /** Whether more than its descriptor holds it: an operation, or another descriptor. */
    final boolean isHeldBeside() {
        return references > 1;
    }

    /** Nobody can use it any more. */
    abstract void released();

    /** POLLIN and the like. */
    abstract int readiness();
}
