/** A Vert.x transport on io_uring. */
@org.jspecify.annotations.NullMarked
module io.uring.vertx {
    requires static org.jspecify;
    requires transitive io.netty.transport;
    requires transitive io.uring.netty;
    requires transitive io.vertx.core;

    exports io.uring.vertx;

    provides io.vertx.core.spi.VertxServiceProvider with
            io.uring.vertx.UringServiceProvider;
}
