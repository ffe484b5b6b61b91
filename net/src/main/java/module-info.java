/** Sockets on a ring: listeners, connectors and streams as one tested state machine. */
@org.jspecify.annotations.NullMarked
module io.uring.net {
    requires static jdk.jfr;
    requires static org.jspecify;
    requires transitive io.uring.reactor;

    exports io.uring.net;
}
