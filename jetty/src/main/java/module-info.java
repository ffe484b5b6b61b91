/** A connector for Jetty 12.1 on io_uring. */
@org.jspecify.annotations.NullMarked
module io.uring.jetty {
    requires static org.jspecify;
    requires transitive org.eclipse.jetty.server;
    requires io.uring.net;
    requires org.slf4j;

    exports io.uring.jetty;
}
