/** gRPC-Java on io_uring. */
@org.jspecify.annotations.NullMarked
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"}) // they have no other
module io.uring.grpc {
    requires static org.jspecify;
    requires io.netty.common;
    requires io.netty.transport;
    requires transitive io.grpc;
    requires transitive io.grpc.netty;
    requires transitive io.uring.netty;

    exports io.uring.grpc;
}
