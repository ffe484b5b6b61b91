package io.uring.simulation;

import io.uring.ring.Errno;
import io.uring.ring.Opcode;
import io.uring.ring.internal.Abi;

/** What ASYNC_CANCEL does to the operations that wait. */
final class Cancellations {
    /** The kernel's own codes for an interrupted call, which leak out of workers. */
    private static final int[] RESTARTS = {-Errno.EINTR, -512, -513, -514, -516};

    private static final int KINDS =
            Abi.ASYNC_CANCEL_ALL
                    | Abi.ASYNC_CANCEL_FD
                    | Abi.ASYNC_CANCEL_ANY
                    | Abi.ASYNC_CANCEL_USERDATA
                    | Abi.ASYNC_CANCEL_OP;

    private final World world;

    Cancellations(World world) {
        this.world = world;
    }

    /** The result of the cancel. */
    int cancel(Request cancel) {
        int kind = cancel.opFlags;
        if ((kind & ~KINDS) != 0 || (kind != 0 && !world.plan.hasRelease("5.19"))) {
            return -Errno.EINVAL;
        }
        boolean several = (kind & (Abi.ASYNC_CANCEL_ALL | Abi.ASYNC_CANCEL_ANY)) != 0;
        int found = 0;
        int cancelled = 0;
        for (Request request : cancel.ring.waiting()) {
            if (matches(cancel, request)) {
                found++;
                cancelled += cancelOne(request) ? 1 : 0;
                if (!several) {
                    break;
                }
            }
        }
        if (several) {
            return cancelled;
        }
        return cancelled > 0 ? 0 : found > 0 ? -Errno.EALREADY : -Errno.ENOENT;
    }

    // References are compared: it is the same open file, whatever its number was.
    @SuppressWarnings("ReferenceEquality")
    private boolean matches(Request cancel, Request request) {
        if (request == cancel || request.operation() == Opcode.ASYNC_CANCEL) {
            return false;
        }
        int kind = cancel.opFlags;
        if ((kind & Abi.ASYNC_CANCEL_ANY) != 0) {
            return true;
        }
        boolean byFd = (kind & Abi.ASYNC_CANCEL_FD) != 0;
        boolean byUserData = kind == 0 || (kind & Abi.ASYNC_CANCEL_USERDATA) != 0;
        boolean matches = !byFd || sameFile(cancel, request);
        matches &= !byUserData || request.userData == cancel.addr;
        boolean byOpcode = (kind & Abi.ASYNC_CANCEL_OP) != 0;
        return matches && (!byOpcode || request.opcode == cancel.len);
    }

    @SuppressWarnings("ReferenceEquality")
    private boolean sameFile(Request cancel, Request request) {
        OpenFile file = world.descriptors.get(cancel.fd);
        return file != null && request.file == file;
    }

    private boolean cancelOne(Request request) {
        if (request.running) {
            return false;
        }
        if (!world.dice.strikes(Fault.CANCEL_TOO_LATE)) {
            request.ring.complete(request, -Errno.ECANCELED, 0);
            return true;
        }
        request.running = true;
        int result = RESTARTS[world.dice.below(RESTARTS.length)];
        world.agenda.in(
                world.dice.delayNanos(),
                () -> {
                    if (!request.ended && request.lent == null) { // or it has its result
                        request.ring.complete(request, result, 0);
                    }
                });
        return false;
    }
}
