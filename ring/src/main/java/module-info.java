/** One io_uring, exactly as the kernel defines it: no thread, no policy. */
@org.jspecify.annotations.NullMarked
@SuppressWarnings("module") // the modules it exports internals to come later in the build
module io.uring.ring {
    requires static org.jspecify;

    exports io.uring.ring;
    exports io.uring.ring.internal to
            io.uring.reactor,
            io.uring.simulation,
            io.uring.net,
            io.uring.netty;
}
