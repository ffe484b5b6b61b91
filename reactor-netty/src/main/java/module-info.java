/** Reactor Netty on io_uring. */
@org.jspecify.annotations.NullMarked
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"}) // they have no other
module io.uring.reactornetty {
    requires static org.jspecify;
    requires org.reactivestreams;
    requires transitive io.netty.transport;
    requires transitive io.uring.netty;
    requires transitive reactor.core;
    requires transitive reactor.netty.core;

    exports io.uring.reactornetty;
}
