/** A Netty 4.2 transport on io_uring. */
@org.jspecify.annotations.NullMarked
module io.uring.netty {
    requires static org.jspecify;
    requires transitive io.netty.buffer;
    requires transitive io.netty.common;
    requires transitive io.netty.transport;
    requires transitive io.netty.transport.unix.common;
    requires transitive io.uring.reactor;
    requires transitive io.uring.net;

    exports io.uring.netty;
}
