package io.uring.reactor;

import io.uring.ring.CancelOps;
import io.uring.ring.Descriptor;
import io.uring.ring.Sqe;
import java.util.function.Consumer;

/** Cancels operations. Its own result does not matter: each target completes by itself. */
final class Cancel extends Operation {
    private final Consumer<Sqe> preparation;

    private Cancel(Consumer<Sqe> preparation) {
        this.preparation = preparation;
    }

    static Cancel of(long targetUserData) {
        return new Cancel(sqe -> CancelOps.cancel(sqe, targetUserData));
    }

    static Cancel all(Descriptor descriptor) {
        return new Cancel(sqe -> CancelOps.cancelAll(sqe, descriptor));
    }

    static Cancel everything() {
        return new Cancel(CancelOps::cancelEverything);
    }

    @Override
    protected void prepare(Sqe sqe) {
        preparation.accept(sqe);
    }

    @Override
    protected void complete(int result, int flags) {}
}
