package io.uring.netty;

import io.netty.channel.unix.FileDescriptor;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;

/** A descriptor that came over a unix socket. It is the application's, which must close it. */
final class ReceivedDescriptor extends FileDescriptor {
    ReceivedDescriptor(int fd) {
        super(fd);
    }

    /** Without the native library that Netty's own needs. */
    @Override
    public void close() throws IOException {
        if (markClosed()) {
            int result = SocketCalls.close(intValue());
            if (result < 0) {
                throw Errors.exception("close of " + this, -result);
            }
        }
    }
}
