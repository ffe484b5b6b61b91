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

    /** Nobody can use it any more. */
    abstract void released();

    /** POLLIN and the like. */
    abstract int readiness();
}
